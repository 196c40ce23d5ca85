/**
 * When a PUBACK can be trusted. Mosquitto acknowledges a PUBLISH when it has it in memory and writes its file at the end
 * of that turn of its loop (2.0: loop.c, autosave_on_changes): killed in between, it has lost what it acknowledged (4 of
 * 1,915 events over 20 kills, measured). What it answers to something sent after the PUBACK had come was read in a later
 * turn. So a PUBACK counts once a PINGREQ that follows it is answered.
 *
 * Each bunch of PUBACKs has a ping of its own, also while an earlier one is on its way: Mosquitto leaves TCP's Nagle
 * algorithm on, so its next answer waits until we have acknowledged the one before, which TCP does at once only when we
 * have something to send, and else after 40 ms.
 */
export class SaveBarrier {
  /** Acknowledged, no ping sent since. */
  #acknowledged: (() => void)[] = [];
  /** PINGREQs without an answer, in their order, with what was acknowledged before each. */
  readonly #pings: (readonly (() => void)[])[] = [];

  /** @param ping writes a PINGREQ */
  constructor(private readonly ping: () => void) {}

  /** A PUBACK came; `done` is called once it can be trusted, never when the connection ends before. */
  acknowledged(done: () => void): void {
    // PUBACKs come in bunches.
    if (this.#acknowledged.push(done) === 1) setImmediate(() => this.#ask());
  }

  /** Somebody else has sent a PINGREQ: mqtt.js has its own, to keep the connection. */
  pinged(): void {
    this.#pings.push([]);
  }

  /** A PINGRESP came: answers come in the order of the questions. */
  answered(): void {
    for (const done of this.#pings.shift() ?? []) done();
  }

  #ask(): void {
    this.#pings.push(this.#acknowledged);
    this.#acknowledged = [];
    this.ping();
  }
}
