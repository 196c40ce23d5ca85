/** What the tests of the reconciler share. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Difference } from '../../core/reconcile';
import { Words } from '../../core/reconcile';
import type { Finding, Job, MergeCounts, SideState } from '../../core/reconcile/engine/job';
import { merge, NOTHING_MERGED } from '../../core/reconcile/engine/merge';
import { NOTHING_READ } from '../../core/reconcile/engine/spill';
import { sortSide } from '../../core/reconcile/engine/thread';
import { explain, type Known } from '../../core/reconcile/explain';
import { type CompareField, type FileSource, jobOf, type Spec } from '../../core/reconcile/spec';
import { tempDir } from '../support';

export const onHand: CompareField = { path: 'onHand', type: 'decimal' };

export interface Compared {
  readonly findings: readonly Finding[];
  readonly counts: MergeCounts;
  readonly rows: readonly number[];
  readonly differences: readonly Difference[];
  readonly sentences: readonly string[];
}

export type Content = readonly unknown[] | string | Uint8Array;
type Options = Partial<Omit<Spec, 'sources'>> & {
  readonly labels?: readonly string[];
  readonly sources?: readonly Partial<FileSource>[];
};

/** Compares in this process: lists as JSON Lines, texts and bytes as the files that they are (CSV unless said otherwise). */
export function compareHere(contents: readonly Content[], options: Options = {}): Compared {
  const dir = tempDir();
  try {
    const sources = contents.map((content, index): FileSource => {
      const lines = Array.isArray(content);
      const file = join(dir.path, `source-${index}`);
      const text = lines
        ? content.map((row) => `${JSON.stringify(row) ?? 'null'}\n`).join('')
        : (content as string | Uint8Array);
      writeFileSync(file, text);
      const label = options.labels?.[index] ?? ['Odoo', 'Warehouse', 'Shop'][index] ?? '';
      return { kind: 'file', label, file, format: lines ? 'jsonl' : 'csv', ...options.sources?.[index] };
    });
    const spec: Spec = {
      about: 'inventory',
      keyLabel: 'SKU',
      key: ['sku'],
      fields: [onHand],
      ...options,
      sources,
    };
    return compareJob(
      jobOf(
        spec,
        dir.path,
        sources.map(({ file }) => file),
        1,
      ),
      spec,
    );
  } finally {
    dir.remove();
  }
}

export function compareJob(job: Job, spec: Spec): Compared {
  const sides = job.sides.map((_, index): SideState => {
    let last: SideState = NOTHING_READ;
    for (const state of sortSide({ job, index, state: NOTHING_READ })) last = state;
    return last;
  });
  const findings: Finding[] = [];
  let counts: MergeCounts = NOTHING_MERGED.counts;
  for (const batch of merge(job, sides, NOTHING_MERGED)) {
    findings.push(...batch.findings);
    counts = batch.state.counts;
  }
  const differences = findings.flatMap((finding) => explain(finding, nothingKnown(job), 1));
  const words = new Words('en', { keyLabel: spec.keyLabel, labels: spec.sources.map(({ label }) => label) });
  return {
    findings,
    counts,
    rows: sides.map(({ rows }) => rows),
    differences,
    sentences: differences.map((difference) => words.sentence(difference)),
  };
}

export function nothingKnown(job: Job): Known {
  return {
    fields: job.fields,
    startedAt: Date.now(),
    inTimeMs: 0,
    lateMs: 3_600_000,
    flights: new Map(),
    earlier: new Map(),
    complete: true,
    propose: () => null,
  };
}

export const stock = (levels: Record<string, unknown>): unknown[] =>
  Object.entries(levels).map(([sku, quantity]) => ({ sku, onHand: quantity }));

/** Key, kind and side of each difference, in a line. */
export const kindsOf = ({ differences }: Compared): string[] =>
  differences.map(({ key, kind, side }) => `${key} ${kind} ${side}`);
