/** The sources of a comparison, from what the node says of them. */
import { isAbsolute, join } from 'node:path';
import { CrossdockError } from '../../core/errors';
import type { OdooClient } from '../../core/odoo';
import {
  type About,
  type FileSource,
  type Format,
  type Pages,
  type Period,
  pagesOf,
  type SourceSpec,
} from '../../core/reconcile';
import { odooPages } from '../../core/reconcile/odoo';
import { publishedPages } from '../../core/reconcile/published';
import { shared } from '../shared/config-node';
import type { Message, RawConfig, Red } from '../shared/red';
import { storeOf } from '../shared/store';
import type { SourceConfig } from './config';

/**
 * @param message undefined: a scheduled run, or one that goes on after a restart
 * @param period what the message says that is compared
 */
export type MakeSource = (message: Message | undefined, closed: Promise<void>, period?: Period) => SourceSpec;

/** Documents may be dated earlier elsewhere: zones, clocks. */
const BEFORE_MS = 86_400_000;

export function makeSource(
  red: Red,
  config: RawConfig,
  about: About,
  source: SourceConfig,
  periodProperty = '',
): MakeSource {
  const { label, key, time, zone, decimalComma, maxBytes, plausible, property } = source;
  const common = {
    label,
    time,
    zone,
    decimalComma,
    maxBytes,
    plausible,
    ...(key === undefined ? {} : { key }),
  };
  if (source.type === 'file') {
    const file = isAbsolute(property) ? property : join(red.settings.userDir ?? '.', property);
    const { encoding, delimiter } = source;
    const spec: FileSource = { ...common, kind: 'file', file, format: formatOf(source), encoding, delimiter };
    return () => spec;
  }
  if (source.type === 'odoo') {
    const server = shared<OdooClient>(red, config, 'server', 'crossdock-odoo-server', 'Odoo server');
    const { warehouse, days, channel } = source;
    return (_message, closed, period) => ({
      ...common,
      kind: 'stream',
      // Which time is compared is known only with the message.
      again: periodProperty === '',
      open: async () =>
        odooPages(await server(closed), {
          about,
          days,
          channel,
          ...(warehouse === '' ? {} : { warehouse }),
          // To its end: what is booked late was ordered in time.
          ...(period === undefined ? {} : { from: period.from - BEFORE_MS }),
        }),
    });
  }
  if (source.type === 'published') {
    const store = storeOf(red, config);
    return (_message, closed) => ({
      ...common,
      kind: 'stream',
      again: true,
      open: async () => publishedPages(await store(closed), property),
    });
  }
  return (message) => ({
    ...common,
    kind: 'stream',
    again: false,
    open: () => listOf(red, message, property),
  });
}

function formatOf({ format, property }: SourceConfig): Format {
  if (format !== 'auto') return format;
  const ending = property.slice(property.lastIndexOf('.') + 1).toLowerCase();
  if (ending === 'json') return 'json';
  return ending === 'jsonl' || ending === 'ndjson' ? 'jsonl' : 'csv';
}

/**
 * The time that a message asks for.
 * @throws CrossdockError RECONCILE_PERIOD (permanent)
 */
export function periodOf(red: Red, message: Message | undefined, property: string): Period | undefined {
  if (property === '' || message === undefined) return undefined;
  const given: unknown = red.util.getMessageProperty(message, property);
  const { from, to } = (given ?? {}) as { readonly from?: unknown; readonly to?: unknown };
  const period = { from: timeOf(from), to: timeOf(to) };
  if (period.from < period.to) return period;
  throw new CrossdockError(
    `msg.${property} must say which time is compared: {from, to} with times such as 2026-11-26T00:00:00+01:00.`,
    { code: 'RECONCILE_PERIOD', kind: 'permanent', facts: { property } },
  );
}

/** Ms since the epoch, from the same or from a time with its zone; NaN for anything else. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value instanceof Date) return value.getTime();
  return typeof value === 'string' && /(Z|[+-]\d\d:?\d\d)$/i.test(value.trim())
    ? Date.parse(value)
    : Number.NaN;
}

/** A list in the message. */
function listOf(red: Red, message: Message | undefined, property: string): Pages {
  if (message === undefined) {
    throw new CrossdockError('A run without a message cannot read a list from it.', {
      code: 'RECONCILE_SOURCE',
      kind: 'permanent',
    });
  }
  const found = red.util.getMessageProperty(message, property);
  if (Array.isArray(found)) return pagesOf(found);
  throw new CrossdockError(`msg.${property} is not a list of records, so there is nothing to compare.`, {
    code: 'RECONCILE_SOURCE',
    kind: 'permanent',
    facts: { property },
  });
}
