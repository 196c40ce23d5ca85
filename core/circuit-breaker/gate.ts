/**
 * How many calls may be under way at once to a target of which it is not known whether it is there. While nothing has
 * been heard, no more than the failures that open the circuit: so that not more of them fail than that. With every
 * answer more are let in, as TCP does at the beginning of a connection, so a busy target is soon not held up at all.
 */
export class Gate {
  #underWay = 0;
  /** Answers since the last failure or silence. */
  #answers = 0;
  #lastAnswer = Number.NEGATIVE_INFINITY;

  /** @param now ms of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Lets one in when there is room. @param left failures that are still missing until the circuit opens */
  enter(left: number): boolean {
    // What was heard before a silence says little about now.
    if (this.#underWay === 0 && this.now() - this.#lastAnswer > SILENCE_MS) this.#answers = 0;
    if (this.#underWay >= Math.max(1, left) + this.#answers * PER_ANSWER) return false;
    this.#underWay += 1;
    return true;
  }

  leave(result: 'success' | 'failure' | 'neutral'): void {
    this.#underWay -= 1;
    if (result === 'failure') this.#answers = 0;
    if (result !== 'success') return;
    this.#answers += 1;
    this.#lastAnswer = this.now();
  }
}

/**
 * Ms with nothing under way after which a target has to prove itself anew. Calls that go in batches end together, so
 * there is a moment of nothing under load too.
 */
const SILENCE_MS = 100;
/** How many more may be under way after each answer. */
const PER_ANSWER = 2;
