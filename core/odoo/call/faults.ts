/** What is wrong with the values of a call, all of it at once. */
import { CrossdockError, type Problem } from '../../errors/index';

const SHOWN = 20;

/** Collects faults by the place of the value, as JSON pointers below the arguments. */
export class Faults {
  readonly #problems: Problem[] = [];

  constructor(private readonly model: string) {}

  add(path: string, message: string): void {
    this.#problems.push({ path, message });
  }

  /** Throws ODOO_VALUES (permanent) when anything was added. */
  demandNone(): void {
    const [first] = this.#problems;
    if (first === undefined) return;
    const more = this.#problems.length - 1;
    const rest = more === 0 ? '' : ` (and ${more} more)`;
    throw new CrossdockError(`Not sent to Odoo. ${first.path}: ${first.message}${rest}`, {
      code: 'ODOO_VALUES',
      kind: 'permanent',
      facts: { model: this.model, faults: this.#problems.length },
      problems: this.#problems.slice(0, SHOWN),
    });
  }
}

/** Throws CALL_INVALID (permanent): the call itself is not well-formed. */
export function invalidCall(
  message: string,
  facts: Readonly<Record<string, string | number>> = {},
): CrossdockError {
  return new CrossdockError(message, { code: 'CALL_INVALID', kind: 'permanent', facts });
}
