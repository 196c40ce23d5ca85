/** A small least-recently-used cache whose entries also age. Times in ms. */
export class LruCache<V> {
  private readonly entries = new Map<string, { value: V; until: number }>();

  constructor(
    private readonly limit: number,
    private readonly ttlMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (entry.until <= this.now()) return undefined;
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: V, ttlMs = this.ttlMs): void {
    this.entries.delete(key);
    this.entries.set(key, { value, until: this.now() + ttlMs });
    if (this.entries.size <= this.limit) return;
    const oldest = this.entries.keys().next();
    if (!oldest.done) this.entries.delete(oldest.value);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}

/** One value that is fetched when needed and kept for a while; a failed fetch is not kept. Shared while it runs. */
export class Remembered<V> {
  private current: { value: Promise<V>; until: number } | undefined;

  constructor(
    private readonly fetch: () => Promise<V>,
    private readonly ttlMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  get(): Promise<V> {
    if (this.current !== undefined && this.current.until > this.now()) return this.current.value;
    const value = this.fetch();
    const entry = { value, until: this.now() + this.ttlMs };
    this.current = entry;
    value.catch(() => {
      if (this.current === entry) this.current = undefined;
    });
    return value;
  }

  forget(): void {
    this.current = undefined;
  }
}
