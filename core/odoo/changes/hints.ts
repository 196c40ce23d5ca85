/**
 * Hints: somebody (Odoo's own webhook, fire and forget, unsigned) says that a record has changed. Nothing of a hint is
 * believed; it makes us look at once, and look at that record. All of them may be lost without loss.
 */

/** Records that are read back by name; beyond, the look itself finds what has changed. */
const MAX_IDS = 1000;
/** Hints that are taken per second, and at once. */
const RATE = 100;
const BURST = 500;

export class Hints {
  readonly #ids = new Map<string, Set<number>>();
  #tokens = BURST;
  #at: number;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.#at = now();
  }

  /** Whether another hint may be taken now. */
  admit(): boolean {
    const now = this.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#at) / 1000) * RATE);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  add(model: string, id: number): void {
    const ids = this.#ids.get(model) ?? new Set<number>();
    if (ids.size >= MAX_IDS) return;
    ids.add(id);
    this.#ids.set(model, ids);
  }

  /** The records of this model that were named, each once; they are forgotten here. */
  take(model: string): readonly number[] {
    const ids = [...(this.#ids.get(model) ?? [])];
    this.#ids.delete(model);
    return ids;
  }
}

/** What Odoo's webhook says: a model and an id, if it is one. */
export function readHint(body: unknown): { readonly model: string; readonly id: number } | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { _model: model, _id: id } = body as { _model?: unknown; _id?: unknown };
  if (typeof model !== 'string' || typeof id !== 'number' || !Number.isSafeInteger(id) || id <= 0)
    return undefined;
  return { model, id };
}
