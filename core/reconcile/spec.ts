/** What is compared with what, as a node or a program says it. */

import { readDecimal } from '../canonical/decimal';
import { CrossdockError } from '../errors';
import { isZone } from '../zones';
import type { Encoding, FieldJob, FieldType, Format, Job, Period, SideJob } from './engine/job';
import type { Plausible } from './plausible';
import type { Lead } from './propose';
import type { Pages } from './spool';
import type { About } from './types';

export interface CompareField {
  /** The field's name in sentences. Default: the first path. */
  readonly label?: string;
  readonly type: FieldType;
  /** Where it is in every source; `a|b` is the first of both that is there. */
  readonly path: string;
  /** Where it is in the second and third source, when elsewhere. */
  readonly otherPaths?: readonly (string | undefined)[];
  /** Where the unit or currency is, in every source that says it. */
  readonly unitPath?: string;
  readonly unit?: string;
  readonly toleranceAbsolute?: string;
  readonly tolerancePercent?: string;
  /** Status words that mean the same, in the order of a life: `[["sale", "confirmed"], ["done", "shipped"]]`. */
  readonly words?: readonly (readonly string[])[];
}

interface CommonSource {
  readonly label: string;
  /** Where the parts of the key are, when elsewhere than in the spec. */
  readonly key?: readonly string[];
  /** Where the time is at which a row came about or changed. */
  readonly time?: string;
  /** IANA name of the zone of times that say none. */
  readonly zone?: string;
  readonly decimalComma?: boolean;
  /** Largest file, or rows as JSON. Default 2 GB. */
  readonly maxBytes?: number;
  /** What it must keep, or nothing is compared. */
  readonly plausible?: Plausible;
}

export interface FileSource extends CommonSource {
  readonly kind: 'file';
  /** Absolute. */
  readonly file: string;
  readonly format: Format;
  readonly encoding?: Encoding;
  readonly delimiter?: string;
}

export interface StreamSource extends CommonSource {
  readonly kind: 'stream';
  /** Reads it from the beginning. */
  open(signal: AbortSignal): Pages | Promise<Pages>;
  /** It can be read again after a crash; false for what came with a message. */
  readonly again: boolean;
}

export type SourceSpec = FileSource | StreamSource;

export interface Spec {
  readonly about: About;
  /** What a key is called in sentences, for example SKU. */
  readonly keyLabel: string;
  /** Where the parts of the key are, in every source that does not say otherwise. */
  readonly key: readonly string[];
  readonly fields: readonly CompareField[];
  readonly sources: readonly SourceSpec[];
  readonly foldCase?: boolean;
  /** What a source does not have is zero there: no difference from a row that says zero. Default false. */
  readonly absentIsZero?: boolean;
  readonly inTimeMs?: number;
  readonly lateMs?: number;
  readonly lead?: Lead;
  readonly site?: string;
  /** What lies outside serves only to find the other half of a key. Undefined: everything counts. */
  readonly period?: Period | undefined;
  /** Differences per thousand keys, and sum of what they are apart, above which there is an alarm; undefined: none. */
  readonly alarmRate?: string | undefined;
  readonly alarmValue?: string | undefined;
  readonly keepRuns?: number;
  /** Bytes of rows sorted at a time; for tests. */
  readonly chunkBytes?: number;
}

const MAX_BYTES = 2e9;
const CHUNK_BYTES = 24 << 20;
const MAX_FIELDS = 20;

/** @throws CrossdockError CONFIG_INVALID (permanent) with a sentence */
export function checkSpec(spec: Spec): void {
  const wrong = (message: string, field: string): CrossdockError =>
    new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
  if (spec.sources.length < 2 || spec.sources.length > 3)
    throw wrong('Two or three sources can be compared.', 'sources');
  if (spec.key.length === 0 || spec.key.some((part) => part.trim() === ''))
    throw wrong('The comparison needs a key field, for example sku.', 'keyField');
  if (spec.fields.length === 0 || spec.fields.length > MAX_FIELDS)
    throw wrong(`The comparison needs one to ${MAX_FIELDS} fields to compare.`, 'fields');
  for (const source of spec.sources) {
    if (source.key !== undefined && source.key.length !== spec.key.length)
      throw wrong(
        `The key of ${source.label} must have as many parts as that of the comparison.`,
        'keyField',
      );
    if (source.zone !== undefined && source.zone !== '' && !isZone(source.zone))
      throw wrong(`"${source.zone}" is no time zone; Europe/Berlin is one.`, 'zone');
  }
  for (const field of spec.fields) {
    if (field.path.trim() === '') throw wrong('A compared field has no path.', 'fields');
    for (const tolerance of [field.toleranceAbsolute, field.tolerancePercent]) {
      const value = readDecimal(tolerance === undefined || tolerance === '' ? '0' : tolerance);
      if (value === undefined || value.lt(0))
        throw wrong(`The tolerance of ${field.label ?? field.path} must be a number from 0.`, 'fields');
    }
  }
}

/** @param files of the sources, in their order: of streams what they were written to */
export function jobOf(spec: Spec, folder: string, files: readonly string[], attempt: number): Job {
  const sides = spec.sources.map((source, index): SideJob => {
    const file = source.kind === 'file' ? source : undefined;
    return {
      label: source.label,
      file: files[index] ?? '',
      format: file?.format ?? 'jsonl',
      encoding: file?.encoding ?? 'utf-8',
      delimiter: file?.delimiter ?? '',
      decimalComma: source.decimalComma ?? false,
      zone: source.zone ?? '',
      key: source.key ?? spec.key,
      time: source.time ?? '',
      maxBytes: source.maxBytes ?? MAX_BYTES,
    };
  });
  const fields = spec.fields.map(
    (field): FieldJob => ({
      label: field.label ?? field.path,
      type: field.type,
      paths: sides.map((_, index) =>
        index === 0 ? field.path : (field.otherPaths?.[index - 1] ?? field.path),
      ),
      unitPaths: sides.map(() => field.unitPath ?? ''),
      unit: field.unit ?? '',
      toleranceAbsolute: field.toleranceAbsolute ?? '0',
      tolerancePercent: field.tolerancePercent ?? '0',
      words: field.words ?? [],
    }),
  );
  return {
    folder,
    sides,
    fields,
    foldCase: spec.foldCase ?? false,
    absentIsZero: spec.absentIsZero ?? false,
    ...(spec.period === undefined ? {} : { period: spec.period }),
    chunkBytes: Math.max(1 << 20, spec.chunkBytes ?? CHUNK_BYTES),
    attempt,
  };
}
