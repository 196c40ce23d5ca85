/** Taxes of lines and of the freight: as lists, as rates, or as amounts alone. */
import type { Condition, Rule, TransformSpec } from '../../mapping';
import type { ValueSpec } from '../../mapping/types';
import { freightIsTaxed } from './arithmetic';
import { feeList, freightList, type Group, lineDiscount, ROUND } from './charges';
import type { Context } from './context';
import { matchesOf } from './match';
import type { Wanted } from './phrases';
import { numberOf } from './rules';
import type { Candidate, SourceList } from './source';

export function taxGroup(context: Context): Group | undefined {
  const lines = context.lines;
  if (lines === undefined) return undefined;
  const list = context.listFor(['tax'], lines.path, ['ship']);
  return list === undefined ? taxOfLine(context) : taxesOf(context, list, 'lines[].taxes[]');
}

/** A list of taxes in the entries of another list. */
export function taxesOf(context: Context, list: SourceList, target: string): Group | undefined {
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

export function freightTaxes(context: Context, { target, members }: Group): Group | undefined {
  const list = target.includes('[fee]') ? feeList(context) : freightList(context);
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
  if (price === undefined) return undefined;
  return tax === undefined
    ? freightTaxLikeLines(`${target}.taxes[own]`, price, context)
    : taxByAmount(`${target}.taxes[own]`, tax, price, undefined, context);
}

/** The freight's tax is not told, but in the total. */
function freightTaxLikeLines(target: string, freight: Candidate, context: Context): Group | undefined {
  const line = context.line();
  const rate = matchesOf(context.field('lines[].taxes[].rate'), line, context.ask.memory, TAX_RATE)[0]
    ?.candidate;
  const quantity = context.best('lines[].quantity.original', line)?.candidate;
  const price = context.best('lines[].unitPrice.amount', line)?.candidate;
  const tax = context.best('totals.tax')?.candidate;
  if (rate === undefined || quantity === undefined || price === undefined || tax === undefined)
    return undefined;
  if (context.flat || !freightIsTaxed(context.ask.document, { quantity, price, rate, freight, tax }))
    return undefined;
  const read: TransformSpec[] = ['first', ...rateOf(rate)];
  const members = new Map<string, Rule>([
    ['category', category(target, rate.path, read)],
    ['rate', { target: `${target}.rate`, from: rate.path, transforms: read }],
    [
      'amount',
      {
        target: `${target}.amount`,
        from: freight.path,
        transforms: [
          numberOf(freight),
          { multiply: { from: rate.path, transforms: read } },
          { divide: 100 },
          ROUND,
        ],
      },
    ],
  ]);
  const text = 'The tax adds up only when the freight is taxed like the lines.';
  return {
    target,
    head: [{ target, where: [{ from: rate.path, exists: true }] }],
    members,
    score: 0.66,
    text,
  };
}
