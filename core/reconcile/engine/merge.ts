/** Brings the sorted sources together by key, and tells what differs. */
import { toPlain } from '../../canonical/decimal';
import { type FieldPlan, planFields } from './compare';
import type { Finding, Job, MergeState, Notice, RawDifference, Seen, Side, SideState } from './job';
import { SIDES } from './job';
import { KEY_SEPARATOR, keyAt, keyLengthAt, slotsAt } from './record';
import { RecordReader } from './reread';
import { SortedSide, sameSlots, slotsValid } from './runs';
import { compareKeys } from './sort';
import { slotsOf } from './spill';
import { readNumber } from './values';

/** Findings of a batch, and keys after which there is one in any case, so that little is done twice after a crash. */
const BATCH_FINDINGS = 500;
const BATCH_KEYS = 100_000;
/** Bytes of the rows that go with a batch: the gateway has it in one piece. */
const BATCH_BYTES = 1 << 20;

export interface Batch {
  readonly findings: readonly Finding[];
  /** How far the merge is once these findings are kept. */
  readonly state: MergeState;
  readonly done: boolean;
}

export const NOTHING_MERGED: MergeState = {
  at: [],
  counts: { matched: 0, withinTolerance: 0, found: 0, keys: 0 },
};

/** Goes on from `from`; each batch is to be kept, with its state, before the next one. */
export function* merge(
  job: Job,
  sides: readonly SideState[],
  from: MergeState,
): Generator<Batch, void, void> {
  const merger = new Merger(job, sides, from);
  try {
    let done = false;
    while (!done) {
      const batch = merger.batch();
      done = batch.done;
      yield batch;
    }
  } finally {
    merger.close();
  }
}

class Merger {
  readonly #sides: SortedSide[];
  readonly #readers: RecordReader[];
  /** Of the other sides, against the first. */
  readonly #plans: (readonly FieldPlan[])[];
  readonly #bytewise: boolean[];
  #counts: { matched: number; withinTolerance: number; found: number; keys: number };
  #findings: Finding[] = [];

  constructor(
    private readonly job: Job,
    sides: readonly SideState[],
    from: MergeState,
  ) {
    this.#sides = sides.map(
      ({ runs }, index) =>
        new SortedSide(
          job.folder,
          runs.map(({ name }) => name),
          from.at[index] ?? [],
        ),
    );
    this.#readers = job.sides.map((_, index) => new RecordReader(job, index));
    this.#plans = job.sides.map((_, index) => (index === 0 ? [] : planFields(job, index)));
    this.#bytewise = this.#plans.map((plans) => plans.every(({ bytewise }) => bytewise));
    this.#counts = { ...from.counts };
  }

  batch(): Batch {
    const until = this.#counts.keys + BATCH_KEYS;
    this.#findings = [];
    let more = true;
    const full = this.#bytes() + BATCH_BYTES;
    while (
      more &&
      this.#findings.length < BATCH_FINDINGS &&
      this.#counts.keys < until &&
      this.#bytes() < full
    )
      more = this.#key();
    return {
      findings: this.#findings,
      state: { at: this.#sides.map(({ at }) => at), counts: { ...this.#counts } },
      done: !more,
    };
  }

  /** Of the rows that went with findings so far. */
  #bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#readers) sum += bytes;
    return sum;
  }

  /** Looks at the smallest key that any side stands at. @returns false when there is none */
  #key(): boolean {
    const sides = this.#sides;
    let least: SortedSide | undefined;
    for (const side of sides) {
      if (side.done) continue;
      if (least === undefined || compareKeys(side.group.bytes, 0, least.group.bytes, 0) < 0) least = side;
    }
    if (least === undefined) return false;
    if (keyLengthAt(least.group.bytes, 0) === 0) {
      this.#counts.keys += 1;
      this.#keyless(least);
      least.next();
      return true;
    }
    const here = sides.map(
      (side) =>
        !side.done && (side === least || compareKeys(side.group.bytes, 0, least.group.bytes, 0) === 0),
    );
    if (this.#inPeriod(here)) {
      this.#counts.keys += 1;
      this.#compare(here);
    }
    // In place of `filter`: once per key, a million times.
    for (let index = 0; index < sides.length; index += 1)
      if (here[index]) (sides[index] as SortedSide).next();
    return true;
  }

  /** By the row of the first source that has one and says its time: others may have booked it later. */
  #inPeriod(here: readonly boolean[]): boolean {
    const { period } = this.job;
    if (period === undefined) return true;
    for (let index = 0; index < this.#sides.length; index += 1) {
      if (!here[index]) continue;
      const { at } = (this.#sides[index] as SortedSide).group.facts;
      if (at !== null) return at >= period.from && at < period.to;
    }
    return true;
  }

  #keyless(side: SortedSide): void {
    const index = this.#sides.indexOf(side);
    const fault = side.group.facts.fault;
    const notice: Notice = fault === '' ? 'NO_KEY' : fault;
    this.#find(
      this.#sides.map((_, other) => other === index),
      [{ ...NOTHING, kind: 'invalid', side: SIDES[index] as Side, notice }],
    );
  }

  #compare(here: readonly boolean[]): void {
    const sides = this.#sides;
    const first = sides[0] as SortedSide;
    let outcome: 'equal' | 'tolerated' = 'equal';
    let differences: RawDifference[] | undefined;
    const told: number[] = [];
    const add = (difference: RawDifference): void => {
      differences ??= [];
      differences.push(difference);
    };
    for (let index = 0; index < sides.length; index += 1) {
      if (!here[index]) continue;
      const { group } = sides[index] as SortedSide;
      if (group.times > 1)
        add({ ...NOTHING, kind: 'duplicate', side: SIDES[index] as Side, found: String(group.times) });
      if (group.bytes[22] !== 0)
        add({ ...NOTHING, kind: 'invalid', side: SIDES[index] as Side, notice: 'TOO_LONG' });
    }
    for (let index = 1; index < sides.length; index += 1) {
      const other = sides[index] as SortedSide;
      const side = SIDES[index] as Side;
      if (!here[0]) {
        if (here[index] && !this.#isNone(other, index))
          add({ ...NOTHING, kind: 'extra', side, found: this.#only(other, index) });
      } else if (!here[index]) {
        if (!this.#isNone(first, 0))
          add({ ...NOTHING, kind: 'missing', side, expected: this.#only(first, 0) });
      } else if (
        !this.#bytewise[index] ||
        !sameSlots(first.group.bytes, 0, other.group.bytes, 0) ||
        !slotsValid(first.group.bytes, this.#plans[index] as FieldPlan[])
      ) {
        const tolerated = this.#fields(index, told, add);
        if (tolerated) outcome = 'tolerated';
      }
    }
    if (differences !== undefined) this.#find(here, differences);
    else if (outcome === 'equal') this.#counts.matched += 1;
    else this.#counts.withinTolerance += 1;
  }

  /** @returns whether something was forgiven */
  #fields(index: number, told: number[], add: (difference: RawDifference) => void): boolean {
    const first = slotsAt((this.#sides[0] as SortedSide).group.bytes, 0);
    const other = slotsAt((this.#sides[index] as SortedSide).group.bytes, 0);
    let tolerated = false;
    (this.#plans[index] as readonly FieldPlan[]).forEach(({ compare, slot }, field) => {
      const result = compare(first, other);
      const both = {
        field,
        expected: this.#plain(0, field, first[slot]),
        found: this.#plain(index, field, other[slot]),
      };
      if (result.outcome === 'tolerated') tolerated = true;
      else if (result.outcome === 'different') {
        add({
          ...both,
          kind: result.kind,
          side: SIDES[index] as Side,
          delta: result.delta,
          notice: result.notice,
        });
      } else if (result.outcome === 'invalid') {
        // The first side's fault is told once, whoever it is held against.
        if (result.first !== undefined && !told.includes(field)) {
          told.push(field);
          add({ ...both, kind: 'invalid', side: 'first', delta: null, notice: result.first });
        }
        if (result.other !== undefined)
          add({ ...both, kind: 'invalid', side: SIDES[index] as Side, delta: null, notice: result.other });
      }
    });
    return tolerated;
  }

  /** Whether a row says that there is none, where that is the same as no row. */
  #isNone(side: SortedSide, index: number): boolean {
    if (this.job.absentIsZero !== true) return false;
    const comma = this.job.sides[index]?.decimalComma ?? false;
    const slots = slotsAt(side.group.bytes, 0);
    let slot = 0;
    let numbers = 0;
    for (const { type } of this.job.fields) {
      if (type === 'quantity' || type === 'decimal') {
        if (readNumber(slots[slot] ?? '', comma)?.eq(0) !== true) return false;
        numbers += 1;
      }
      slot += slotsOf(type);
    }
    return numbers > 0;
  }

  /** The value of a row that only one side has, when it is one. */
  #only(side: SortedSide, index: number): string | null {
    return this.job.fields.length === 1 ? this.#plain(index, 0, slotsAt(side.group.bytes, 0)[0]) : null;
  }

  /** A value as everybody behind the comparison reads it: 1.500 with a decimal comma is 1500, not one and a half. */
  #plain(index: number, field: number, value: string | null | undefined): string | null {
    const type = this.job.fields[field]?.type;
    const number = type === 'decimal' || type === 'quantity' || type === 'money';
    if (number && this.job.sides[index]?.decimalComma === true && value !== null && value !== undefined) {
      const read = readNumber(value, true);
      if (read !== undefined) return toPlain(read);
    }
    return shown(value);
  }

  #find(here: readonly boolean[], differences: readonly RawDifference[]): void {
    this.#counts.found += 1;
    const place = here.indexOf(true);
    const bytes = (this.#sides[place] as SortedSide).group.bytes;
    this.#findings.push({
      key: keyAt(bytes, 0).replaceAll(String.fromCharCode(KEY_SEPARATOR), ' / '),
      seen: here.map((there, index) => (there ? this.#seen(index) : null)),
      values: here.map((there, index) => (there ? this.#values(index) : null)),
      differences,
    });
  }

  #seen(index: number): Seen {
    const { group } = this.#sides[index] as SortedSide;
    const { row, offset, at } = group.facts;
    const record = (this.#readers[index] as RecordReader).read(offset);
    return { times: group.times, same: group.same, row, at, record };
  }

  #values(index: number): (string | null)[] {
    const slots = slotsAt((this.#sides[index] as SortedSide).group.bytes, 0);
    let slot = 0;
    return this.job.fields.map(({ type }, field) => {
      const value = this.#plain(index, field, slots[slot]);
      slot += type === 'quantity' || type === 'money' ? 2 : 1;
      return value;
    });
  }

  close(): void {
    for (const side of this.#sides) side.close();
    for (const reader of this.#readers) reader.close();
  }
}

const NOTHING = { field: -1, expected: null, found: null, delta: null, notice: null } as const;
const MAX_SHOWN = 200;

function shown(value: string | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  return value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN - 1)}…` : value;
}
