/** The node's configuration, whatever version of it the flow has. */

import { CrossdockError } from '../../core/errors';
import type { About, CompareField, Encoding, FieldType, Format, Lead, Plausible } from '../../core/reconcile';
import { ABOUTS, ENCODINGS, FIELD_TYPES, LEADS, PRESETS } from '../../core/reconcile';
import { choice, decimal, flag, number, text } from '../shared/config';
import type { RawConfig } from '../shared/red';

export const SOURCE_TYPES = ['odoo', 'msg', 'file', 'published'] as const;
export type SourceType = (typeof SOURCE_TYPES)[number];

export interface SourceConfig {
  readonly type: SourceType;
  /** Property of the message, the file's path, or the channel that was told. */
  readonly property: string;
  readonly label: string;
  readonly format: Format | 'auto';
  readonly encoding: Encoding;
  readonly delimiter: string;
  readonly decimalComma: boolean;
  readonly zone: string;
  readonly key: readonly string[] | undefined;
  readonly time: string;
  readonly warehouse: string;
  readonly days: number;
  /** Odoo's orders: of this channel only. */
  readonly channel: string;
  readonly maxBytes: number;
  readonly plausible: Plausible;
}

export interface ReconcilerConfig {
  readonly about: About;
  readonly keyLabel: string;
  readonly key: readonly string[];
  readonly fields: readonly CompareField[];
  readonly sources: readonly SourceConfig[];
  readonly foldCase: boolean;
  readonly absentIsZero: boolean;
  readonly inTimeMs: number;
  readonly lateMs: number;
  readonly lead: Lead;
  readonly site: string;
  readonly schedule:
    | { readonly kind: 'off' }
    | { readonly kind: 'every'; readonly ms: number }
    | { readonly kind: 'daily'; readonly hour: number; readonly minute: number };
  readonly alarmRate: string | undefined;
  readonly alarmValue: string | undefined;
  readonly keepRuns: number;
  /** Property of the message with the time that is compared, `{from, to}`; '' for all. */
  readonly periodProperty: string;
  /** Source that gets the approved corrections; '' for the node's own output. */
  readonly correctionsTo: string;
}

/** What the place of a source is called. */
const PLACES: Readonly<Record<SourceType, string>> = {
  odoo: 'Property',
  msg: 'Property',
  file: 'File',
  published: 'Channel',
};

const MINUTE_MS = 60_000;
const MB = 1_000_000;

function wrong(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}

/** Throws CONFIG_INVALID with a sentence. */
export function readConfig(config: RawConfig): ReconcilerConfig {
  const about = choice(config, 'about', 'Compare', ABOUTS, 'inventory');
  const tolerance = {
    toleranceAbsolute: decimal(config, 'toleranceAbsolute', 'Tolerance', '0'),
    tolerancePercent: decimal(config, 'tolerancePercent', 'Tolerance in percent', '0'),
  };
  const sources = [
    source(config, about, 'left', 'odoo', 'payload.left', 'Odoo'),
    source(config, about, 'right', 'msg', 'payload', 'Warehouse'),
    ...(text(config, 'thirdType', 'Third source', 'none') === 'none'
      ? []
      : [source(config, about, 'third', 'msg', 'payload.third', 'Channel')]),
  ];
  const named = names(text(config, 'keyField', 'Key', ''));
  return {
    about,
    keyLabel: text(config, 'keyLabel', 'Name of the key', '') || PRESETS[about].keyLabel,
    key: named.length === 0 ? PRESETS[about].key : named,
    fields: fieldsOf(config, about, tolerance),
    sources,
    foldCase: flag(config, 'foldCase', false),
    absentIsZero: about === 'inventory' && flag(config, 'absentIsZero', false),
    inTimeMs: number(config, 'inTimeMinutes', 'In time for', 0, { min: 0, max: 100_000 }) * MINUTE_MS,
    lateMs: number(config, 'lateMinutes', 'Late after', 60, { min: 1, max: 100_000 }) * MINUTE_MS,
    lead: choice(config, 'lead', 'Is right', LEADS, 'first'),
    site: text(config, 'site', 'Location', 'main'),
    periodProperty: text(config, 'periodProperty', 'Only from', ''),
    schedule: schedule(config, sources),
    alarmRate: limit(config, 'alarmRate', 'Alarm above (rate)'),
    alarmValue: limit(config, 'alarmValue', 'Alarm above (value)'),
    keepRuns: number(config, 'keepRuns', 'Keep runs', 50, { min: 1, max: 1000 }),
    correctionsTo: text(config, 'correctionsTo', 'Corrections go to', ''),
  };
}

function limit(config: RawConfig, field: string, label: string): string | undefined {
  return text(config, field, label, '') === '' ? undefined : decimal(config, field, label, '0');
}

/** Names parted by commas. */
function names(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function source(
  config: RawConfig,
  about: About,
  which: string,
  type: SourceType,
  property: string,
  label: string,
): SourceConfig {
  const more = config[`${which}Source`];
  const own = (typeof more === 'object' && more !== null ? more : {}) as RawConfig;
  const kind = choice(config, `${which}Type`, 'Source', SOURCE_TYPES, type);
  const key = names(text(own, 'key', 'Key', ''));
  return {
    type: kind,
    property: text(
      config,
      `${which}Property`,
      PLACES[kind],
      kind === 'msg' || kind === 'odoo' ? property : undefined,
    ),
    label: text(config, `${which}Label`, 'Name of the source', label),
    format: choice(own, 'format', 'Format', ['auto', 'csv', 'jsonl', 'json'], 'auto'),
    encoding: choice(own, 'encoding', 'Encoding', ENCODINGS, 'utf-8'),
    delimiter: own['delimiter'] === 'tab' ? '\t' : text(own, 'delimiter', 'Delimiter', '').slice(0, 1),
    decimalComma: flag(own, 'decimalComma', false),
    zone: text(own, 'zone', 'Time zone', ''),
    key: key.length === 0 ? undefined : key,
    time: text(own, 'time', 'Time of a row', kind === 'odoo' ? PRESETS[about].time : ''),
    warehouse: text(own, 'warehouse', 'Warehouse', ''),
    channel: text(own, 'channel', 'Channel', ''),
    days: number(own, 'days', 'Days', 1, { min: 1, max: 3650 }),
    maxBytes: number(own, 'maxMb', 'Largest file', 2000, { min: 1, max: 100_000 }) * MB,
    plausible: plausible(own),
  };
}

/** Empty settings ask for nothing. */
function plausible(own: RawConfig): Plausible {
  const given = (name: string, label: string, max: number): number | undefined =>
    text(own, name, label, '') === '' ? undefined : number(own, name, label, 0, { min: 1, max });
  const hours = given('maxAgeHours', 'At most so old', 100_000);
  return {
    minRows: given('minRows', 'At least so many rows', 1_000_000_000),
    minShare: given('minShare', 'At least of the last run', 100),
    maxAgeMs: hours === undefined ? undefined : hours * 60 * MINUTE_MS,
  };
}

/** Flows of configVersion 1 have the names of number fields in a text, and one tolerance for all. */
function fieldsOf(
  config: RawConfig,
  about: About,
  tolerance: { toleranceAbsolute: string; tolerancePercent: string },
): CompareField[] {
  const given = config['fields'];
  if (Array.isArray(given)) {
    const fields = given.map((each) => field(each, tolerance));
    if (fields.length > 0) return fields;
  } else {
    const list = names(text(config, 'fields', 'Fields', ''));
    if (list.length > 0) return list.map((path) => ({ path, type: 'decimal', ...tolerance }));
  }
  // Older flows name nothing where they mean what the node begins with.
  if (about === 'inventory' && given === undefined)
    return [{ path: 'onHand', type: 'decimal', ...tolerance }];
  const { fields } = PRESETS[about];
  if (fields.length === 0) throw wrong('Compared fields are missing.', 'fields');
  return fields.map((each) =>
    each.type === 'quantity' || each.type === 'decimal' ? { ...each, ...tolerance } : each,
  );
}

function field(
  given: unknown,
  tolerance: { toleranceAbsolute: string; tolerancePercent: string },
): CompareField {
  const row = (typeof given === 'object' && given !== null ? given : {}) as RawConfig;
  const path = text(row, 'path', 'Path of a compared field');
  const type: FieldType = choice(row, 'type', 'Type of a compared field', FIELD_TYPES, 'decimal');
  const own = (name: 'toleranceAbsolute' | 'tolerancePercent'): string => {
    if (text(row, name, 'Tolerance', '') !== '') return decimal(row, name, 'Tolerance', '0');
    return type === 'decimal' || type === 'quantity' ? tolerance[name] : '0';
  };
  const second = text(row, 'secondPath', 'Path in the second source', '');
  const third = text(row, 'thirdPath', 'Path in the third source', '');
  const words = text(row, 'words', 'Words', '');
  return {
    path,
    type,
    label: text(row, 'label', 'Name of a compared field', path.split('|')[0] ?? path),
    otherPaths: [second === '' ? undefined : second, third === '' ? undefined : third],
    unitPath: text(row, 'unitPath', 'Unit', ''),
    unit: text(row, 'unit', 'Unit', ''),
    toleranceAbsolute: own('toleranceAbsolute'),
    tolerancePercent: own('tolerancePercent'),
    // "draft, sent; sale, confirmed": words that mean the same, in the order of a life.
    words: words
      .split(';')
      .map((same) => names(same.replaceAll('=', ',')))
      .filter((same) => same.length > 0),
  };
}

function schedule(config: RawConfig, sources: readonly SourceConfig[]): ReconcilerConfig['schedule'] {
  const kind = choice(config, 'schedule', 'When', ['off', 'every', 'daily'], 'off');
  if (kind === 'off') return { kind };
  if (text(config, 'periodProperty', 'Only from', '') !== '')
    throw wrong('A schedule has no message that says which time is compared.', 'schedule');
  if (sources.some(({ type }) => type === 'msg')) {
    throw wrong('A schedule has no message: choose Odoo or files as sources.', 'schedule');
  }
  if (kind === 'every')
    return { kind, ms: number(config, 'everyMinutes', 'Every', 60, { min: 1, max: 40_000 }) * MINUTE_MS };
  const at = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text(config, 'dailyAt', 'At', '05:00'));
  if (at === null) throw wrong('The time of day must be like 05:30.', 'dailyAt');
  return { kind, hour: Number(at[1]), minute: Number(at[2]) };
}
