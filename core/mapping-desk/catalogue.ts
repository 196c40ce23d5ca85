/** What a mapping can be made of: contracts, ready mappings, transforms with how their arguments are asked for. */
import type { ContractRegistry } from '../contract';
import { READY_MAPPINGS, readyMapping, TRANSFORM_NAMES } from '../mapping';
import type { ArgumentKind, Catalogue, MappingEntry, TransformEntry, TransformMember } from './api';
import { contractEntries } from './contract-fields';

export function catalogue(registry: ContractRegistry): Catalogue {
  return {
    contracts: contractEntries(registry),
    mappings: READY_MAPPINGS.map(mappingEntry),
    transforms: transformEntries(),
  };
}

function mappingEntry(name: string): MappingEntry {
  const { version, title, from, to } = readyMapping(name);
  return {
    name,
    version,
    title: title ?? name,
    from: `${from.contract} ${from.version}`,
    to: `${to.contract} ${to.version}`,
  };
}

type Described = Omit<TransformEntry, 'name'>;

function plain(group: TransformEntry['group'], title: string): Described {
  return { group, argument: 'none', example: undefined, title };
}

function taking(
  group: TransformEntry['group'],
  argument: ArgumentKind,
  example: unknown,
  title: string,
): Described {
  return { group, argument, example, title };
}

function members(
  group: TransformEntry['group'],
  list: readonly TransformMember[],
  example: unknown,
  title: string,
  optional = false,
): Described {
  return { group, argument: 'object', members: list, ...(optional ? { optional } : {}), example, title };
}

function member(name: string, argument: ArgumentKind, optional = false): TransformMember {
  return { name, argument, ...(optional ? { optional } : {}) };
}

/** Without the transform's name around them, examples are its arguments. */
const DESCRIBED: Readonly<Record<string, Described>> = {
  trim: plain('text', 'Take off space at both ends'),
  upper: plain('text', 'In capital letters'),
  lower: plain('text', 'In small letters'),
  string: plain('text', 'As text'),
  truncate: taking('text', 'number', 120, 'Cut to a number of characters'),
  prefix: taking('text', 'text', 'PO-', 'Put a text before'),
  suffix: taking('text', 'text', '-EU', 'Put a text behind'),
  removePrefix: taking('text', 'operand', 'PO-', 'Take off a text before'),
  concat: members(
    'text',
    [member('with', 'operands'), member('separator', 'text', true)],
    { with: [{ from: 'last_name' }], separator: ' ' },
    'Join with other values',
  ),
  split: members(
    'text',
    [member('separator', 'text'), member('index', 'number', true)],
    { separator: ',', index: 0 },
    'Split at a separator',
  ),
  match: members(
    'text',
    [member('pattern', 'text'), member('group', 'number', true), member('flags', 'text', true)],
    { pattern: '^PO-(\\d+)$', group: 1 },
    'What a regular expression finds',
  ),
  replace: members(
    'text',
    [member('pattern', 'text'), member('with', 'text'), member('flags', 'text', true)],
    { pattern: '\\s+', with: ' ' },
    'Replace by a regular expression',
  ),
  businessKey: taking(
    'identifier',
    'operands',
    [{ context: 'channel' }, { context: 'account' }],
    'Business key: channel, account and this value',
  ),
  join: taking('list', 'text', ', ', 'Join the entries of a list'),
  first: plain('list', 'The first entry that has a value'),
  count: plain('list', 'How many entries'),
  filter: members(
    'list',
    [member('key', 'path'), member('equals', 'scalar')],
    { key: 'isCharge', equals: true },
    'Entries whose field has a value',
  ),
  pluck: taking('list', 'path', 'amount', 'One field of every entry'),
  sum: plain('list', 'Sum of the entries'),
  find: members(
    'list',
    [member('in', 'path'), member('key', 'path'), member('value', 'path'), member('default', 'scalar', true)],
    { in: 'taxes[]', key: 'id', value: 'rate' },
    'Look up in a list of the message',
  ),
  decimal: members(
    'number',
    [member('mark', 'text', true), member('group', 'text', true)],
    { mark: ',', group: '.' },
    'Read a decimal number',
    true,
  ),
  integer: plain('number', 'A whole number'),
  add: taking('number', 'operand', { from: 'tax' }, 'Add a number'),
  subtract: taking('number', 'operand', { from: 'discount' }, 'Subtract a number'),
  multiply: taking('number', 'operand', { from: 'quantity' }, 'Multiply by a number'),
  divide: taking('number', 'operand', 100, 'Divide by a number'),
  negate: plain('number', 'With the other sign'),
  abs: plain('number', 'Without its sign'),
  round: taking('number', 'digits', 'currency', "Round to digits, or to the currency's"),
  boolean: members(
    'code',
    [member('true', 'texts', true), member('false', 'texts', true)],
    { true: ['ja'], false: ['nein'] },
    'Yes or no',
    true,
  ),
  date: members(
    'time',
    [member('zone', 'zone', true), member('format', 'text', true)],
    { zone: 'Europe/Berlin' },
    'A time in UTC',
    true,
  ),
  enum: members(
    'code',
    [member('values', 'values'), member('default', 'scalar', true)],
    { values: { bezahlt: 'paid', offen: 'unpaid' } },
    "Translate the partner's words",
  ),
  lookup: taking('code', 'table', 'payment', 'Translate by a table of this mapping'),
  country: plain('code', 'Country as code of two letters'),
  default: taking('other', 'operand', '0', 'Where there is no value, this one'),
  unit: members(
    'identifier',
    [member('scheme', 'text', true)],
    { scheme: 'partner' },
    'Unit of measure as code of Rec 20',
    true,
  ),
  gtin: plain('identifier', 'GTIN, checked'),
  gln: plain('identifier', 'GLN, checked'),
  sscc: plain('identifier', 'SSCC, checked'),
  item: taking('identifier', 'text', 'sku', 'Item by the cross-reference'),
};

/** Every transform that there is; one that is not described here is still offered, with a free argument. */
export function transformEntries(): TransformEntry[] {
  return TRANSFORM_NAMES.map((name) => {
    const described = DESCRIBED[name] ?? taking('other', 'operand', null, name);
    const { argument, example } = described;
    return { name, ...described, example: argument === 'none' ? name : { [name]: example } };
  });
}

/** Whether a transform has a description of its own. */
export function isDescribed(name: string): boolean {
  return Object.hasOwn(DESCRIBED, name);
}
