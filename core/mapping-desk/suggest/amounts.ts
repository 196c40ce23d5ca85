/** Taxes, discounts, charges and totals: what foots only together. */
import type { Condition, Rule, TransformSpec } from '../../mapping';
import type { ValueSpec } from '../../mapping/types';
import { type Context, type Draft, reason } from './context';
import { matchesOf } from './match';
import type { Wanted } from './phrases';
import { numberOf } from './rules';
import type { Candidate, SourceList } from './source';

const ROUND: TransformSpec = { round: 'currency' };

/** The rows of one group of taxes, discounts or charges; keyed by the last name of their target. */
interface Group {
  readonly target: string;
  readonly head: readonly Rule[];
  readonly members: ReadonlyMap<string, Rule>;
  readonly score: number;
  readonly text: string;
}

/** Suggestions for a member of `….taxes[]` or `….allowancesCharges[]`, and for the list when there is nothing to put in. */
export function groupDrafts(path: string, context: Context): Draft[] {
  const match = /^(.*?)(taxes|allowancesCharges)(?:\[\]\.([A-Za-z]+)|)$/.exec(
    path.replace(/allowancesCharges\[\]\.taxes/, 'allowancesCharges[]#taxes'),
  );
  if (match === null) return nestedTaxDrafts(path, context);
  const [, before = '', kind, member] = match;
  if (before.includes('#')) return nestedTaxDrafts(path, context);
  const inLines = before.startsWith('lines[]');
  const group = kind === 'taxes' ? taxGroup(context) : inLines ? lineDiscount(context) : freight(context);
  const rows = inLines ? context.linesRows() : [...context.root];
  if (member === undefined) {
    const text = group === undefined ? 'Nothing in the message looks like it.' : 'It can stay empty.';
    return [
      {
        rule: { target: path, const: [] },
        also: rows,
        score: group === undefined ? 0.8 : 0.3,
        reasons: [reason('structure', text)],
      },
    ];
  }
  const rule = group?.members.get(member);
  if (group === undefined || rule === undefined) return [];
  const also = [
    ...rows,
    ...moneyRows(context),
    ...group.head,
    ...[...group.members.values()].filter((row) => row !== rule && belongs(row)),
  ];
  return [{ rule, also, score: group.score, reasons: [reason('structure', group.text)] }];
}

/** A group is complete or it is none: what the contract wants comes with any of its rows. */
function belongs(row: Rule): boolean {
  return !row.target.endsWith('.reason');
}

/** Taxes of discounts and charges. */
function nestedTaxDrafts(path: string, context: Context): Draft[] {
  const match = /^(.*allowancesCharges)\[\]\.taxes(?:\[\]\.([A-Za-z]+))?$/.exec(path);
  if (match === null) return [];
  const [, list = '', member] = match;
  const inLines = list.startsWith('lines[]');
  const group = inLines ? lineDiscount(context) : freight(context);
  if (group === undefined) return [];
  const taxes = inLines ? undefined : freightTaxes(context, group);
  const rows = inLines ? context.linesRows() : [...context.root];
  const also = [
    ...rows,
    ...moneyRows(context),
    ...group.head,
    ...[...group.members.values()].filter(belongs),
  ];
  if (member === undefined) {
    if (taxes !== undefined) return [];
    return [
      {
        rule: { target: `${group.target}.taxes`, const: [] },
        also,
        score: 0.7,
        reasons: [reason('structure', 'No tax of its own is named.')],
      },
    ];
  }
  const rule = taxes?.members.get(member);
  if (taxes === undefined || rule === undefined) return [];
  const own = [...taxes.members.values()].filter((row) => row !== rule);
  return [
    {
      rule,
      also: [...also, ...taxes.head, ...own],
      score: taxes.score,
      reasons: [reason('structure', taxes.text)],
    },
  ];
}

function moneyRows(context: Context): Rule[] {
  const currency = context.currencyRow();
  return currency === undefined ? [] : [currency];
}

function taxGroup(context: Context): Group | undefined {
  const lines = context.lines;
  if (lines === undefined) return undefined;
  const list = context.listFor(['tax'], lines.path, ['ship']);
  return list === undefined ? taxOfLine(context) : taxesOf(context, list, 'lines[].taxes[]');
}

/** A list of taxes in the entries of another list. */
function taxesOf(context: Context, list: SourceList, target: string): Group | undefined {
  const rate = matchesOf(context.field('lines[].taxes[].rate'), list.members, context.ask.memory)[0];
  const amount = matchesOf(context.field('lines[].taxes[].amount'), list.members, context.ask.memory).find(
    ({ candidate }) => candidate.path !== rate?.candidate.path,
  );
  if (amount === undefined) return undefined;
  const { path } = amount.candidate;
  const members = new Map<string, Rule>();
  if (rate !== undefined) {
    const read = rateOf(rate.candidate);
    members.set('category', category(target, rate.candidate.path, read));
    members.set('rate', {
      target: `${target}.rate`,
      from: rate.candidate.path,
      transforms: read,
      required: true,
    });
  } else {
    const found = findRate(context, list);
    if (found === undefined) return undefined;
    members.set('category', category(target, found.from, found.transforms));
    members.set('rate', { target: `${target}.rate`, ...found, required: true });
  }
  members.set('amount', {
    target: `${target}.amount`,
    from: path,
    transforms: [numberOf(amount.candidate), ROUND],
  });
  const head: Rule = { target, each: list.path, where: [{ from: path, exists: true }] };
  return {
    target,
    head: [head],
    members,
    score: 0.78,
    text: `${list.path.replace('[]', '').replace(/\[\]$/, '')} is the list of the taxes.`,
  };
}

/** The rate is not with the tax but in a list of the document, by an id. */
function findRate(
  context: Context,
  list: SourceList,
): { from: string; transforms: TransformSpec[] } | undefined {
  const id = list.members.find(({ name }) => name.own.includes('id'));
  const table = context.listFor(['tax'], '');
  const rate = table?.members.find(
    ({ name, field }) =>
      name.own.includes('rate') &&
      !name.own.includes('id') &&
      !name.own.includes('code') &&
      (field.type === 'number' || field.looks === 'decimal' || field.looks === 'integer'),
  );
  const key = table?.members.find(
    ({ name, field }) => name.own.includes('rate') && name.own.includes('id') && field.count > 0,
  );
  if (id === undefined || table === undefined || rate === undefined || key === undefined) return undefined;
  const last = (path: string): string => path.slice(table.path.length + 1);
  return {
    from: id.path,
    transforms: [{ find: { in: table.path, key: last(key.path), value: last(rate.path) } }, 'decimal'],
  };
}

function category(target: string, from: string, read: readonly TransformSpec[]): Rule {
  return {
    target: `${target}.category`,
    from,
    transforms: [...read, { enum: { values: { '0': 'Z' }, default: 'S' } }],
  };
}

/** Percent, also where the partner writes a fraction. */
function rateOf(candidate: Candidate): TransformSpec[] {
  const values = candidate.field.examples.map((text) => Number(text.replace(',', '.')));
  const fraction = values.every((value) => value >= 0 && value < 1) && values.some((value) => value > 0);
  return fraction ? [numberOf(candidate), { multiply: 100 }] : [numberOf(candidate)];
}

/** What is taken off a line before its tax, by the row that says so. */
function discountOf(context: Context): ValueSpec | undefined {
  const group = lineDiscount(context);
  const amount = group?.members.get('amount');
  if (amount?.from === undefined || group?.head[0]?.each !== undefined) return undefined;
  return { from: amount.from, transforms: [...(amount.transforms ?? []), { default: '0' }] };
}

/** The line itself says its tax: rate and amount, or one of them. */
function taxOfLine(context: Context): Group | undefined {
  const line = context.line();
  const field = context.field('lines[].taxes[].rate');
  const rate = matchesOf(field, line, context.ask.memory, TAX_RATE)[0];
  const amount = matchesOf(
    context.field('lines[].taxes[].amount'),
    line,
    context.ask.memory,
    TAX_AMOUNT,
  ).find(({ candidate }) => candidate.path !== rate?.candidate.path && !candidate.name.own.includes('ship'));
  const target = 'lines[].taxes[own]';
  const quantity = context.best('lines[].quantity.original', line)?.candidate;
  const price = context.best('lines[].unitPrice.amount', line)?.candidate;
  if (rate === undefined) {
    if (amount === undefined || price === undefined) return undefined;
    const net = context.sums().priceOfLine || quantity === undefined ? undefined : quantity;
    return taxByAmount(target, amount.candidate, price, net, context);
  }
  const read = rateOf(rate.candidate);
  const members = new Map<string, Rule>([
    ['category', category(target, rate.candidate.path, read)],
    ['rate', { target: `${target}.rate`, from: rate.candidate.path, transforms: read }],
  ]);
  if (amount !== undefined)
    members.set('amount', {
      target: `${target}.amount`,
      from: amount.candidate.path,
      transforms: [numberOf(amount.candidate), ROUND],
    });
  else if (quantity !== undefined && price !== undefined)
    members.set('amount', computedTax(target, quantity, price, rate.candidate, read, discountOf(context)));
  else return undefined;
  const head: Rule = { target, where: [{ from: rate.candidate.path, exists: true }] };
  return { target, head: [head], members, score: 0.72, text: 'Each line says its tax rate.' };
}

const TAX_RATE: Wanted = {
  phrases: [{ words: ['tax', 'rate'], weight: 1 }],
  not: new Set(['id', 'ship', 'discount']),
};
const TAX_AMOUNT: Wanted = {
  phrases: [
    { words: ['tax', 'amount'], weight: 1 },
    { words: ['tax', 'total'], weight: 0.9 },
    { words: ['tax'], weight: 0.85 },
  ],
  not: new Set(['rate', 'id', 'included', 'ship', 'discount', 'class']),
};

/** Only the amount of the tax is told: the rate is what it is of the amount without tax. */
function taxByAmount(
  target: string,
  tax: Candidate,
  price: Candidate,
  quantity: Candidate | undefined,
  context: Context,
): Group {
  const times =
    quantity === undefined ? [] : [{ multiply: { from: quantity.path, transforms: [numberOf(quantity)] } }];
  const less =
    context.sums().includesTax === true
      ? [{ subtract: { from: tax.path, transforms: [numberOf(tax)] } }]
      : [];
  const net = { from: price.path, transforms: [numberOf(price), ...times, ...less] };
  const rate = [numberOf(tax), { divide: net }, { multiply: 100 }, { round: { digits: 2, min: 0 } }];
  const members = new Map<string, Rule>([
    ['category', category(target, tax.path, [numberOf(tax)])],
    ['rate', { target: `${target}.rate`, from: tax.path, transforms: rate }],
    ['amount', { target: `${target}.amount`, from: tax.path, transforms: [numberOf(tax), ROUND] }],
  ]);
  const where: Condition[] = [{ from: tax.path, transforms: [numberOf(tax)], greaterThan: 0 }];
  const text = `${tax.path} is the tax; the rate follows from it.`;
  return { target, head: [{ target, where }], members, score: 0.6, text };
}

function computedTax(
  target: string,
  quantity: Candidate,
  price: Candidate,
  rate: Candidate,
  read: readonly TransformSpec[],
  discount: ValueSpec | undefined,
): Rule {
  return {
    target: `${target}.amount`,
    from: quantity.path,
    transforms: [
      numberOf(quantity),
      { multiply: { from: price.path, transforms: [numberOf(price)] } },
      ...(discount === undefined ? [] : [{ subtract: discount }]),
      { multiply: { from: rate.path, transforms: read } },
      { divide: 100 },
      ROUND,
    ],
  };
}

function lineDiscount(context: Context): Group | undefined {
  const lines = context.lines;
  if (lines === undefined) return undefined;
  const list = context.listFor(['discount'], lines.path);
  const target = 'lines[].allowancesCharges[discount]';
  if (list !== undefined) {
    const amount = matchesOf(
      context.field('lines[].allowancesCharges[].amount'),
      list.members,
      context.ask.memory,
    )[0];
    if (amount !== undefined) return discountGroup(target, amount.candidate, list.path, 0.72);
  }
  const wanted = {
    phrases: [
      { words: ['discount', 'amount'], weight: 1 },
      { words: ['discount', 'total'], weight: 0.95 },
      { words: ['discount'], weight: 0.9 },
    ],
    not: new Set(['rate', 'id', 'code', 'tax', 'ship']),
  };
  const [found] = matchesOf(
    context.field('lines[].allowancesCharges[].amount'),
    context.line(),
    context.ask.memory,
    wanted,
  ).filter(({ candidate }) => !candidate.name.own.includes('rate'));
  if (found !== undefined) return discountGroup(target, found.candidate, undefined, 0.66);
  return percentDiscount(target, context);
}

/** A discount in percent of the line. */
function percentDiscount(target: string, context: Context): Group | undefined {
  const line = context.line();
  const percent = line.find(
    ({ name, field }) => name.own.includes('discount') && name.own.includes('rate') && field.count > 0,
  );
  const quantity = context.best('lines[].quantity.original', line)?.candidate;
  const price = context.best('lines[].unitPrice.amount', line)?.candidate;
  if (percent === undefined || quantity === undefined || price === undefined) return undefined;
  const group = discountGroup(target, percent, undefined, 0.66);
  const amount: Rule = {
    target: `${target}.amount`,
    from: percent.path,
    transforms: [
      numberOf(percent),
      { multiply: { from: quantity.path, transforms: [numberOf(quantity)] } },
      { multiply: { from: price.path, transforms: [numberOf(price)] } },
      { divide: 100 },
      ROUND,
    ],
  };
  return { ...group, members: new Map([...group.members, ['amount', amount]]) };
}

function discountGroup(target: string, amount: Candidate, each: string | undefined, score: number): Group {
  const where: Condition[] = [{ from: amount.path, transforms: [numberOf(amount)], greaterThan: 0 }];
  const members = new Map<string, Rule>([
    ['isCharge', { target: `${target}.isCharge`, const: false }],
    ['reasonCode', { target: `${target}.reasonCode`, const: '95' }],
    ['reason', { target: `${target}.reason`, const: 'Discount' }],
    ['amount', { target: `${target}.amount`, from: amount.path, transforms: [numberOf(amount), ROUND] }],
    ['taxes', { target: `${target}.taxes`, const: [] }],
  ]);
  return {
    target,
    head: [{ target, ...(each === undefined ? {} : { each }), where }],
    members,
    score,
    text: `${amount.path} is a discount of the line.`,
  };
}

function freightList(context: Context): SourceList | undefined {
  return context.ask.source.lists.find(
    ({ parent, name, members }) =>
      parent === context.documents &&
      name.own.includes('ship') &&
      (name.own.includes('line') || name.own.includes('cost')) &&
      members.length > 0,
  );
}

/** The freight of the document: a list of shipping lines, or one amount. */
function freight(context: Context): Group | undefined {
  const target = 'allowancesCharges[freight]';
  const list = freightList(context);
  const money = {
    phrases: [
      { words: ['discounted', 'price'], weight: 0.9 },
      { words: ['price'], weight: 1 },
      { words: ['total'], weight: 0.97 },
      { words: ['amount'], weight: 0.95 },
    ],
    not: new Set(['tax', 'discounted', 'discount', 'id']),
  };
  if (list !== undefined) {
    const amount = matchesOf(
      context.field('allowancesCharges[].amount'),
      list.members,
      context.ask.memory,
      money,
    )[0];
    if (amount !== undefined) return freightGroup(target, amount.candidate, list, 0.74);
  }
  const wanted = {
    phrases: [
      { words: ['freight'], weight: 1 },
      { words: ['ship', 'total'], weight: 0.97 },
      { words: ['ship', 'price'], weight: 0.96 },
      { words: ['ship', 'cost'], weight: 0.97 },
      { words: ['ship', 'amount'], weight: 0.95 },
      { words: ['ship', 'charge'], weight: 0.95 },
      { words: ['ship', 'fee'], weight: 0.95 },
    ],
    not: new Set(['tax', 'discount', 'address', 'refund']),
  };
  const found = matchesOf(
    context.field('allowancesCharges[].amount'),
    context.header(),
    context.ask.memory,
    wanted,
  ).filter(({ candidate }) => candidate.field.type === 'number' || candidate.field.looks === 'decimal')[0];
  return found === undefined
    ? freightOfLines(target, context, wanted)
    : freightGroup(target, found.candidate, undefined, 0.68);
}

/** Each line says its freight. */
function freightOfLines(target: string, context: Context, wanted: Wanted): Group | undefined {
  const { lines } = context;
  if (lines === undefined || context.flat) return undefined;
  const [found] = matchesOf(
    context.field('allowancesCharges[].amount'),
    context.line(),
    context.ask.memory,
    wanted,
  );
  return found === undefined
    ? undefined
    : freightGroup(target, found.candidate, { ...lines, members: [] }, 0.62);
}

function freightGroup(target: string, amount: Candidate, list: SourceList | undefined, score: number): Group {
  const title = list?.members.find(
    ({ name, field }) =>
      field.count > 0 &&
      (name.own.includes('title') || (name.own.includes('name') && !name.own.includes('id'))),
  );
  const members = new Map<string, Rule>([
    ['isCharge', { target: `${target}.isCharge`, const: true }],
    ['reasonCode', { target: `${target}.reasonCode`, const: 'FC' }],
    [
      'reason',
      title === undefined
        ? { target: `${target}.reason`, const: 'Shipping' }
        : {
            target: `${target}.reason`,
            from: title.path,
            transforms: ['trim', { truncate: 255 }],
            default: 'Shipping',
          },
    ],
    ['amount', { target: `${target}.amount`, from: amount.path, transforms: [numberOf(amount), ROUND] }],
  ]);
  const where: Condition[] = [{ from: amount.path, transforms: [numberOf(amount)], greaterThan: 0 }];
  return {
    target,
    head: [{ target, ...(list === undefined ? {} : { each: list.path }), where }],
    members,
    score,
    text: `${amount.path} is the freight.`,
  };
}

function freightTaxes(context: Context, { target, members }: Group): Group | undefined {
  const list = freightList(context);
  const taxes = list === undefined ? undefined : context.listFor(['tax'], list.path);
  if (taxes !== undefined) return taxesOf(context, taxes, `${target}.taxes[]`);
  const from = members.get('amount')?.from;
  const all = context.ask.source.candidates;
  const price = all.find(({ path }) => path === from);
  const tax = all.find(
    ({ name, list: own, field }) =>
      own === price?.list &&
      name.own.includes('ship') &&
      name.own.includes('tax') &&
      field.count > 0 &&
      (field.type === 'number' || field.looks === 'decimal'),
  );
  return price === undefined || tax === undefined
    ? undefined
    : taxByAmount(`${target}.taxes[own]`, tax, price, undefined, context);
}

/** Suggestions for the totals: what the sender says, else what the lines add up to. */
export function totalDrafts(path: string, context: Context): Draft[] {
  const header = context.header();
  const money = moneyRows(context);
  const round: TransformSpec[] = money.length === 0 ? [] : [ROUND];
  const also = [...context.root, ...money];
  const draft = (
    rule: Omit<Rule, 'target'>,
    score: number,
    kind: 'structure' | 'name',
    text: string,
  ): Draft => ({
    rule: { target: path, ...rule },
    also,
    score,
    reasons: [reason(kind, text)],
  });
  const total = context.flat ? undefined : context.best('totals.taxInclusive', header)?.candidate;
  const tax = context.flat ? undefined : context.best('totals.tax', header)?.candidate;
  const said: Draft[] = context.flat
    ? []
    : context.matches(path, header).map(({ candidate, score, reasons }) => ({
        rule: { target: path, from: candidate.path, transforms: [numberOf(candidate), ...round] },
        also,
        score,
        reasons,
      }));
  switch (path.replace('totals.', '')) {
    case 'lineExtension': {
      const rule = { result: 'lines[]', transforms: ['lineAmounts', 'sum', { default: '0' }, ...round] };
      return [draft(rule, 0.84, 'structure', 'The lines add up to it.'), ...capped(said)];
    }
    case 'allowance':
      return [
        draft(sumOf(false, round), 0.84, 'structure', "The order's discounts add up to it."),
        ...capped(said),
      ];
    case 'charge':
      return [
        draft(sumOf(true, round), 0.84, 'structure', "The order's charges add up to it."),
        ...capped(said),
      ];
    case 'taxExclusive': {
      const rest =
        total === undefined || tax === undefined
          ? {
              result: 'totals.lineExtension',
              transforms: [
                { subtract: { result: 'totals.allowance' } },
                { add: { result: 'totals.charge' } },
                ...round,
              ],
            }
          : {
              from: total.path,
              transforms: [
                numberOf(total),
                { subtract: { from: tax.path, transforms: [numberOf(tax), { default: '0' }] } },
                ...round,
              ],
            };
      return [
        draft(
          rest,
          total === undefined ? 0.62 : 0.82,
          'structure',
          total === undefined ? 'The lines, less discounts, plus charges.' : 'The total less the tax.',
        ),
        ...said,
      ];
    }
    case 'tax': {
      const rule = {
        result: 'lines[].taxes[].amount',
        transforms: [
          'sum',
          { add: { result: 'allowancesCharges[].taxes[].amount', transforms: ['sum', { default: '0' }] } },
          { default: '0' },
          ...round,
        ],
      };
      return [...said, draft(rule, 0.6, 'structure', 'The taxes of the lines and charges add up to it.')];
    }
    case 'taxInclusive': {
      const rule = {
        result: 'totals.taxExclusive',
        transforms: [{ add: { result: 'totals.tax' } }, ...round],
      };
      return [...said, draft(rule, 0.6, 'structure', 'The amount without tax, and the tax.')];
    }
    case 'prepaid':
      return [prepaid(path, total, also, round), ...said];
    case 'payable': {
      const rule = {
        result: 'totals.taxInclusive',
        transforms: [{ subtract: { result: 'totals.prepaid' } }, ...round],
      };
      return [draft(rule, 0.84, 'structure', 'The total less what is paid already.'), ...said];
    }
    default:
      return said;
  }
}

/** What the sender says must foot with what the rows made: their own sum goes first. */
function capped(drafts: readonly Draft[]): Draft[] {
  return drafts.map((draft) => ({ ...draft, score: Math.min(draft.score, 0.7) }));
}

function sumOf(isCharge: boolean, round: readonly TransformSpec[]): Omit<Rule, 'target'> {
  return {
    result: 'allowancesCharges[]',
    transforms: [
      { filter: { key: 'isCharge', equals: isCharge } },
      { pluck: 'amount' },
      'sum',
      { default: '0' },
      ...round,
    ],
  };
}

/** Paid orders are paid in full; of all others nothing is. */
function prepaid(
  path: string,
  total: Candidate | undefined,
  also: readonly Rule[],
  round: readonly TransformSpec[],
): Draft {
  const nothing: Rule = { target: path, const: '0', ...(round.length === 0 ? {} : { transforms: round }) };
  if (total === undefined) {
    return {
      rule: nothing,
      also,
      score: 0.6,
      reasons: [reason('structure', 'The message says nothing of payments.')],
    };
  }
  const rule: Rule = {
    target: path,
    from: total.path,
    where: [{ result: 'payment.status', in: ['paid', 'partiallyRefunded', 'refunded'] }],
    transforms: [numberOf(total), ...round],
  };
  // Of several rows the first with a value counts: the row for paid orders goes before this one.
  const text = 'The total, where the payment is paid; else nothing.';
  return { rule: nothing, also: [...also, rule], score: 0.74, reasons: [reason('structure', text)] };
}
