/** Counter-examples: a whole message that the writer's contract allows and the reader's refuses. ajv has the last word. */
import type { ValidateFunction } from 'ajv';
import { accepts } from './accepts';
import { below, numberOf } from './document';
import type { Failure, Frame } from './failure';
import { keeps, Sampler, type Wish } from './sample';
import { distinct } from './values';

export interface Witness {
  /** The value at the failure's own place. */
  readonly value: unknown;
  /** The whole message. */
  readonly message: unknown;
}

/** Most values that are tried at one place. */
const MAX_TRIED = 12;

export class WitnessSearch {
  constructor(
    private readonly writer: ValidateFunction | undefined,
    private readonly reader: ValidateFunction | undefined,
  ) {}

  /** A counter-example for a failure; undefined when none was found (which proves nothing). */
  find(failure: Failure): Witness | undefined {
    if (this.writer === undefined || this.reader === undefined) return undefined;
    const sampler = new Sampler();
    const values = candidatesOf(failure, sampler).slice(0, MAX_TRIED);
    for (const value of values) {
      const message = lifted(failure.frame, value, sampler);
      if (message !== undefined && this.#isWitness(message.whole)) return { value, message: message.whole };
    }
    return undefined;
  }

  #isWitness(message: unknown): boolean {
    try {
      return this.writer?.(message) === true && this.reader?.(message) === false;
    } catch {
      // A schema that leads round in circles cannot be asked.
      return false;
    }
  }
}

function candidatesOf(failure: Failure, sampler: Sampler): unknown[] {
  const { branch, place, candidates, code } = failure;
  const given = candidates.filter((value) => isJson(value) && keeps(branch, value));
  const made = wishesOf(failure).flatMap((wish) => sampler.ofBranch(branch, wish));
  const own = sampler.ofBranch(branch);
  const all = distinct([...given, ...made, ...own]);
  // A field that must not be there is refused by its parent, whatever its value.
  if (code === 'FIELD_REFUSED' || code === 'EXTRA_FIELDS_REFUSED' || code === 'FIELD_NAME_REFUSED')
    return all;
  return all.filter((value) => accepts(place, value) !== true);
}

/** Limits may be infinite; messages are not. */
function isJson(value: unknown): boolean {
  return typeof value !== 'number' || Number.isFinite(value);
}

function wishesOf({ code, place, keyword, without }: Failure): Wish[] {
  const limit = typeof place.schema === 'boolean' ? undefined : place.schema[keyword];
  switch (code) {
    case 'FIELD_REQUIRED':
    case 'DEPENDENT_FIELD_REQUIRED':
      return without === undefined ? [] : [{ without }];
    case 'ITEM_COUNT_REFUSED':
    case 'FIELD_COUNT_REFUSED':
      return typeof limit === 'number' ? [{ count: limit + 1 }] : [];
    case 'CONTENT_MISSING': {
      const wanted = below(place, 'contains');
      const most = numberOf(place, 'maxContains');
      return [
        { avoids: wanted },
        { avoids: wanted, count: 1 },
        ...(most === undefined ? [] : [{ prefers: wanted, count: most + 1 }]),
      ];
    }
    case 'NOT_DECIDED':
      return keyword === 'unevaluatedProperties'
        ? [{ given: { step: { kind: 'member', name: 'extra', declared: false }, value: 1 } }]
        : [];
    case 'DUPLICATES_REFUSED':
      return [{ twice: true }];
    default:
      return [];
  }
}

/** The value inside a whole message. */
function lifted(frame: Frame | undefined, value: unknown, sampler: Sampler): { whole: unknown } | undefined {
  if (frame === undefined) return { whole: value };
  for (const outer of sampler.ofBranch(frame.branch, { given: { step: frame.step, value } })) {
    const found = lifted(frame.parent, outer, sampler);
    if (found !== undefined) return found;
  }
  return undefined;
}
