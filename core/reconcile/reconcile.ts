/**
 * Compares two sources of records by key. Rows that cannot be compared are findings, not failures: a run ends with a
 * report unless a source itself cannot be read.
 */
import { randomUUID } from 'node:crypto';
import { CrossdockError } from '../errors';
import { type FieldPlan, keyOf, pathNames, planField, shown, valueAt } from './compare';
import { inMemory, merged, type Pair } from './join';
import * as say from './sentences';
import {
  DIFFERENCE_KINDS,
  type Difference,
  type DifferenceKind,
  type ReconcileOptions,
  type ReconcileResult,
  type Side,
  type Source,
} from './types';

const DEFAULT_MAX_RECORDS = 250_000;
const DEFAULT_MAX_DIFFERENCES = 10_000;

/**
 * Compares `left` (the reference) with `right`. Sorted sources are merged in constant memory; otherwise the left one
 * is held in memory, up to `maxRecords`. Time grows linearly with the records.
 *
 * Rejects with `CrossdockError` CONFIG_INVALID (permanent), RECONCILE_TOO_LARGE (permanent), RECONCILE_NOT_SORTED
 * (permanent), RECONCILE_ABORTED (transient), or what a source threw (RECONCILE_SOURCE_FAILED, transient, unless it
 * was a CrossdockError already).
 */
export async function reconcile(
  left: Source,
  right: Source,
  options: ReconcileOptions,
): Promise<ReconcileResult> {
  const run = new Run(options);
  await run.compare(left, right);
  return run.result();
}

class Run {
  readonly #options: ReconcileOptions;
  readonly #plans: readonly FieldPlan[];
  readonly #labels: say.Labels;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #differences: Difference[] = [];
  readonly #byKind = Object.fromEntries(DIFFERENCE_KINDS.map((kind) => [kind, 0])) as Record<
    DifferenceKind,
    number
  >;
  #matched = 0;
  #withinTolerance = 0;
  #different = 0;
  #read = { left: 0, right: 0 };

  constructor(options: ReconcileOptions) {
    this.#options = options;
    this.#plans = plansOf(options);
    this.#labels = {
      left: options.leftLabel ?? 'Left',
      right: options.rightLabel ?? 'Right',
      key: options.keyLabel ?? 'SKU',
      nameFields: options.fields.length > 1,
    };
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
  }

  async compare(left: Source, right: Source): Promise<void> {
    const { key, rightKey = key, sorted = false, maxRecords = DEFAULT_MAX_RECORDS, signal } = this.#options;
    const [leftNames, rightNames] = [pathNames(key), pathNames(rightKey)];
    const sources = {
      left: { records: left, label: this.#labels.left, keyOf: (record: unknown) => keyOf(record, leftNames) },
      right: {
        records: right,
        label: this.#labels.right,
        keyOf: (record: unknown) => keyOf(record, rightNames),
      },
    };
    const pairs = sorted ? merged(sources, this.#read) : inMemory(sources, this.#read, maxRecords);
    for await (const pair of pairs) {
      if (signal?.aborted) {
        throw new CrossdockError('The comparison was stopped before its end.', {
          code: 'RECONCILE_ABORTED',
          kind: 'transient',
        });
      }
      await this.#pair(pair, { left: key, right: rightKey });
    }
  }

  async #pair(pair: Pair, keyPaths: Readonly<Record<Side, string>>): Promise<void> {
    const found: Difference[] = [];
    if (pair.key === undefined) {
      const sentence = say.noKey(this.#labels, this.#labels[pair.side], pair.row, keyPaths[pair.side]);
      found.push({
        ...nothing,
        key: '',
        kind: 'invalid',
        field: keyPaths[pair.side],
        side: pair.side,
        sentence,
      });
    } else {
      const { key, left, right } = pair;
      if (left !== undefined && left.times > 1) found.push(this.#duplicate(key, 'left', left.times));
      if (right !== undefined && right.times > 1) found.push(this.#duplicate(key, 'right', right.times));
      if (left === undefined && right !== undefined) found.push(this.#missing(key, 'left', right.record));
      else if (right === undefined && left !== undefined)
        found.push(this.#missing(key, 'right', left.record));
      else if (left !== undefined && right !== undefined) {
        const tolerated = this.#fields(key, left.record, right.record, found);
        if (found.length === 0) {
          if (tolerated) this.#withinTolerance += 1;
          else this.#matched += 1;
        }
      }
    }
    if (found.length > 0) this.#different += 1;
    for (const difference of found) await this.#add(difference);
  }

  /** Adds what differs; returns whether a tolerance was used. */
  #fields(key: string, left: unknown, right: unknown, found: Difference[]): boolean {
    let tolerated = false;
    for (const plan of this.#plans) {
      const a = valueAt(left, plan.leftNames);
      const b = valueAt(right, plan.rightNames);
      const result = plan.compare(a, b);
      const about = { key, field: plan.field.path, left: shown(a), right: shown(b) };
      if (result.outcome === 'tolerated') tolerated = true;
      if (result.outcome === 'different') {
        const { delta } = result;
        const kind = plan.field.type === 'decimal' ? 'quantity' : 'value';
        const sentence = say.differs(this.#labels, key, plan, about.left, about.right, delta);
        found.push({ ...about, kind, delta, sentence });
      }
      if (result.outcome === 'invalid') {
        for (const side of ['left', 'right'] as const) {
          if (!result[side]) continue;
          const sentence = say.badValue(this.#labels, key, this.#labels[side], plan, about[side]);
          found.push({ ...about, kind: 'invalid', delta: null, side, sentence });
        }
      }
    }
    return tolerated;
  }

  #missing(key: string, side: Side, record: unknown): Difference {
    const names = (plan: FieldPlan): readonly string[] =>
      side === 'left' ? plan.rightNames : plan.leftNames;
    const known = this.#plans.map((plan) => ({ plan, value: shown(valueAt(record, names(plan))) }));
    const values = known
      .filter(({ value }) => value !== null)
      .map(({ plan, value }) => (this.#labels.nameFields ? `${plan.label} ${value}` : value))
      .join(', ');
    const value = known.length === 1 ? (known[0]?.value ?? null) : null;
    return {
      key,
      kind: side === 'left' ? 'missing_left' : 'missing_right',
      field: '',
      left: side === 'left' ? null : value,
      right: side === 'left' ? value : null,
      delta: null,
      sentence: say.missing(this.#labels, key, side, values),
    };
  }

  #duplicate(key: string, side: Side, times: number): Difference {
    const sentence = say.duplicate(this.#labels, key, this.#labels[side], times);
    return { ...nothing, key, kind: 'duplicate', field: '', side, sentence };
  }

  async #add(difference: Difference): Promise<void> {
    this.#byKind[difference.kind] += 1;
    const max = this.#options.maxDifferences ?? DEFAULT_MAX_DIFFERENCES;
    if (this.#differences.length < max) this.#differences.push(difference);
    await this.#options.onDifference?.(difference);
  }

  result(): ReconcileResult {
    const differences = { ...this.#byKind };
    const total = Object.values(differences).reduce((sum, count) => sum + count, 0);
    return {
      runId: this.#options.runId ?? randomUUID(),
      startedAt: new Date(this.#startedAt).toISOString(),
      finishedAt: new Date(this.#now()).toISOString(),
      leftLabel: this.#labels.left,
      rightLabel: this.#labels.right,
      counts: {
        left: this.#read.left,
        right: this.#read.right,
        matched: this.#matched,
        withinTolerance: this.#withinTolerance,
        different: this.#different,
        differences,
      },
      differences: this.#differences,
      truncated: total > this.#differences.length,
    };
  }
}

const nothing = { left: null, right: null, delta: null } as const;

function plansOf(options: ReconcileOptions): FieldPlan[] {
  const invalid = (message: string, setting: string): CrossdockError =>
    new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { setting } });
  if (options.key.trim() === '')
    throw invalid('The comparison needs a key field, for example sku.', 'keyField');
  if (options.fields.length === 0)
    throw invalid('The comparison needs at least one field to compare.', 'fields');
  try {
    return options.fields.map(planField);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'A field cannot be compared.', 'fields');
  }
}
