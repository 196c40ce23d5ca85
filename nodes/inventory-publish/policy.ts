/** The channel's policy as the dialog keeps it. */
import { CrossdockError } from '../../core/errors';
import type { Bundle, ChannelPolicy, ItemPolicy, SitePolicy } from '../../core/inventory';
import { choice, decimal, number, text } from '../shared/config';
import type { RawConfig } from '../shared/red';

const MINUTE_MS = 60_000;

/** Throws CONFIG_INVALID (permanent); what the numbers mean together is checked by core/inventory. */
export function readPolicy(config: RawConfig): ChannelPolicy {
  const optional = (field: string, label: string): string | undefined =>
    text(config, field, label, '') === '' ? undefined : decimal(config, field, label, '0');
  const ageMinutes = number(config, 'ageMinutes', 'Silent after', 0, { min: 0, max: 525_600 });
  const days = number(config, 'minDaysToExpiry', 'Days to expiry', 0, { min: 0, max: 36_500 });
  return {
    buffer: decimal(config, 'buffer', 'Safety buffer', '0'),
    reserve: decimal(config, 'reserve', 'Kept for others', '0'),
    percent: decimal(config, 'percent', 'Share', '100'),
    cap: optional('cap', 'At most'),
    minimum: optional('minimum', 'At least'),
    sites: list(config, 'sites', 'Sites', site),
    items: list(config, 'items', 'Items', item),
    bundles: list(config, 'bundles', 'Sets', bundle),
    ...(days === 0 ? {} : { minDaysToExpiry: days }),
    ...(ageMinutes === 0
      ? {}
      : {
          age: {
            limitMs: ageMinutes * MINUTE_MS,
            show: choice(config, 'ageShow', 'Then show', ['nothing', 'reduced', 'all'], 'reduced'),
            percent: decimal(config, 'agePercent', 'Share of a silent source', '50'),
          },
        }),
    threshold: {
      absolute: optional('thresholdAbsolute', 'Smallest change'),
      percent: optional('thresholdPercent', 'Smallest change in percent'),
      exactUpTo: optional('exactUpTo', 'Exact up to'),
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** A list that the dialog keeps as a list, or that was written by hand as JSON text. */
function list<T>(config: RawConfig, field: string, label: string, read: (entry: Fields) => T): T[] {
  const value = config[field];
  if (value === undefined || value === null || value === '') return [];
  const found: unknown = typeof value === 'string' ? parsed(value) : value;
  if (!Array.isArray(found)) throw invalid(`${label}: a list is needed.`, field);
  return found.map((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
      throw invalid(`${label}: entry ${index + 1} is no object.`, field);
    return read(entry as Fields);
  });
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

const word = (entry: Fields, name: string): string => {
  const value = Object.hasOwn(entry, name) ? entry[name] : undefined;
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
};

function site(entry: Fields): SitePolicy {
  return {
    site: word(entry, 'site'),
    authority: word(entry, 'authority'),
    publishAs: word(entry, 'publishAs'),
  };
}

function item(entry: Fields): ItemPolicy {
  const sku = word(entry, 'sku');
  if (sku === '') throw invalid('Items: an entry has no SKU.', 'items');
  const given = (name: string) => (word(entry, name) === '' ? {} : { [name]: word(entry, name) });
  return {
    sku,
    ...given('buffer'),
    ...given('reserve'),
    ...given('percent'),
    ...given('cap'),
    ...given('minimum'),
    ...given('unit'),
    ...given('perUnit'),
  };
}

function bundle(entry: Fields): Bundle {
  const sku = word(entry, 'sku');
  if (sku === '') throw invalid('Sets: an entry has no SKU.', 'bundles');
  const parts = Array.isArray(entry['parts']) ? (entry['parts'] as unknown[]) : [];
  return {
    sku,
    parts: parts.map((part) => {
      const fields = (typeof part === 'object' && part !== null ? part : {}) as Fields;
      const name = word(fields, 'sku');
      if (name === '') throw invalid(`Sets: a part of ${sku} has no SKU.`, 'bundles');
      return { sku: name, quantity: word(fields, 'quantity') || '1' };
    }),
  };
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
