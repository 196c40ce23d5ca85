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
    items: items(list(config, 'items', 'Items', rule)),
    bundles: bundles(list(config, 'bundles', 'Sets', part)),
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

type Rule = 'buffer' | 'reserve' | 'percent' | 'cap' | 'minimum' | 'unit';
const RULES: readonly Rule[] = ['buffer', 'reserve', 'percent', 'cap', 'minimum', 'unit'];
/** "6 XPK": one of the channel's units is so many of the source's. */
const UNIT = /^(\d{1,15}(?:\.\d{1,9})?)\s+([A-Z0-9]{2,3})$/;

/** A row of the dialog: one rule for one item. */
function rule(entry: Fields): { sku: string; rule: Rule; value: string } {
  const sku = word(entry, 'sku');
  const name = RULES.find((known) => known === word(entry, 'rule'));
  if (sku === '') throw invalid('Items: a row has no SKU.', 'items');
  if (name === undefined)
    throw invalid(`Items: the rule of ${sku} must be one of: ${RULES.join(', ')}.`, 'items');
  return { sku, rule: name, value: word(entry, 'value') };
}

function items(rows: readonly ReturnType<typeof rule>[]): ItemPolicy[] {
  const found = new Map<string, ItemPolicy>();
  for (const { sku, rule: name, value } of rows) {
    const known = found.get(sku) ?? { sku };
    if (known[name] !== undefined) throw invalid(`Items: ${sku} has two rules for ${name}.`, 'items');
    if (name !== 'unit') {
      found.set(sku, { ...known, [name]: value });
      continue;
    }
    const [, perUnit, unit] = UNIT.exec(value) ?? [];
    if (perUnit === undefined || unit === undefined)
      throw invalid(`Items: the unit of ${sku} is written as "6 XPK": how many, and a code.`, 'items');
    found.set(sku, { ...known, unit, perUnit });
  }
  return [...found.values()];
}

/** A row of the dialog: one part of one set. */
function part(entry: Fields): { sku: string; part: string; quantity: string } {
  const row = {
    sku: word(entry, 'sku'),
    part: word(entry, 'part'),
    quantity: word(entry, 'quantity') || '1',
  };
  if (row.sku === '' || row.part === '') throw invalid('Sets: a row lacks the set or the part.', 'bundles');
  return row;
}

function bundles(rows: readonly ReturnType<typeof part>[]): Bundle[] {
  const found = new Map<string, { sku: string; quantity: string }[]>();
  for (const row of rows)
    found.set(row.sku, [...(found.get(row.sku) ?? []), { sku: row.part, quantity: row.quantity }]);
  return [...found].map(([sku, parts]) => ({ sku, parts }));
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
