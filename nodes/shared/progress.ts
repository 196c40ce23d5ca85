import type { StatusLine } from './status';

/** What a node has under way and has done, in its status: `2 on the way, 14 done`. */
export class Progress {
  #waiting = 0;
  #done = 0;

  constructor(private readonly status: StatusLine) {
    status.ok('ready');
  }

  /** Counts the work while it is under way, and as done when it says so. */
  async during(work: () => Promise<'done' | 'not ours'>): Promise<void> {
    this.#waiting += 1;
    this.#show();
    try {
      if ((await work()) === 'done') this.#done += 1;
    } finally {
      this.#waiting -= 1;
      this.#show();
    }
  }

  #show(): void {
    if (this.#waiting > 0) this.status.busy(`${this.#waiting} on the way, ${this.#done} done`);
    else this.status.ok(`${this.#done} done`);
  }
}
