import type { RedNode, Status } from './red';
import type { Remark } from './remarks';

const EVERY_MS = 250;
/** The editor shows no more. */
const MOST_CHARACTERS = 60;

/**
 * A node's status, at most four times a second: the editor's socket queues without bound, so a status per message
 * would let a burst exhaust the browser. The last word always gets through.
 */
export class StatusLine {
  #last = 0;
  #waiting: Status | undefined;
  #timer: NodeJS.Timeout | undefined;
  #shown = '';
  #compose: (() => void) | undefined;
  #composing = false;
  #remark: Remark | undefined;
  /** As it was set, without the remark. */
  #said: Status | undefined;

  constructor(private readonly node: RedNode) {}

  ok(text: string): void {
    this.#set({ fill: 'green', shape: 'dot', text });
  }

  /** Working, or nothing to say yet. */
  busy(text: string): void {
    this.#set({ fill: 'blue', shape: 'dot', text });
  }

  waiting(text: string): void {
    this.#set({ fill: 'yellow', shape: 'ring', text });
  }

  failed(text: string): void {
    this.#set({ fill: 'red', shape: 'ring', text });
  }

  /**
   * Has `compose` set the status, at once or when its time has come: for who would set one per message, and most of them
   * for nothing. Must not throw.
   */
  soon(compose: () => void): void {
    if (this.#timer === undefined) compose();
    else this.#compose = compose;
  }

  /** What stands beside everything but a failure, from now on; undefined for nothing. */
  remark(remark: Remark | undefined): void {
    this.#remark = remark;
    if (this.#said !== undefined) this.#show(this.#said);
  }

  /** Stops; a status set later is ignored. */
  close(): void {
    clearTimeout(this.#timer);
    this.#last = Number.POSITIVE_INFINITY;
  }

  #set(status: Status): void {
    this.#compose = undefined;
    this.#said = status;
    this.#show(status);
  }

  #show(status: Status): void {
    this.#waiting = remarked(status, this.#remark);
    if (this.#timer !== undefined || this.#composing) return;
    const wait = this.#last + EVERY_MS - Date.now();
    if (wait > 0 && Number.isFinite(wait)) {
      this.#timer = setTimeout(() => this.#flush(), wait);
      this.#timer.unref();
    } else if (Number.isFinite(this.#last)) this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    this.#composed();
    const status = this.#waiting;
    if (status === undefined || !Number.isFinite(this.#last)) return;
    this.#last = Date.now();
    const shown = JSON.stringify(status);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.node.status(status);
  }

  #composed(): void {
    const compose = this.#compose;
    if (compose === undefined) return;
    this.#compose = undefined;
    this.#composing = true;
    try {
      compose();
    } catch {
      // What was set before stays.
    }
    this.#composing = false;
  }
}

/** A failure says why first; that the key ends soon can wait until it is over. */
function remarked(status: Status, remark: Remark | undefined): Status {
  const text = status.text ?? '';
  if (remark === undefined || status.fill === 'red') return { ...status, text: shorten(text) };
  const more = text === '' ? remark.text : `, ${remark.text}`;
  return {
    ...status,
    ...(remark.urgent ? { fill: 'yellow' } : {}),
    text: `${shorten(text, MOST_CHARACTERS - more.length)}${more}`,
  };
}

function shorten(text: string, most = MOST_CHARACTERS): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
