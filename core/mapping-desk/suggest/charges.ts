/** Discounts of lines and freight: groups of rows that are complete or none. */
import type { Condition, Rule, TransformSpec } from '../../mapping';
import type { Context } from './context';
import { matchesOf } from './match';
import type { Wanted } from './phrases';
import { numberOf } from './rules';
import type { Candidate, SourceList } from './source';

export const ROUND: TransformSpec = { round: 'currency' };

/** The rows of one group of taxes, discounts or charges; keyed by the last name of their target. */
export interface Group {
  readonly target: string;
  readonly head: readonly Rule[];
  readonly members: ReadonlyMap<string, Rule>;
  readonly score: number;
  readonly text: string;
}

export function lineDiscount(context: Context): Group | undefined {
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

export function freightList(context: Context): SourceList | undefined {
  return context.ask.source.lists.find(
    ({ parent, name, members }) =>
      parent === context.documents &&
      name.own.includes('ship') &&
      (name.own.includes('line') || name.own.includes('cost')) &&
      members.length > 0,
  );
}

const FREIGHT = 'allowancesCharges[freight]';
const MONEY: Wanted = {
  phrases: [
    { words: ['discounted', 'price'], weight: 0.9 },
    { words: ['price'], weight: 1 },
    { words: ['total'], weight: 0.97 },
    { words: ['amount'], weight: 0.95 },
  ],
  not: new Set(['tax', 'discounted', 'discount', 'id']),
};

/** The freight of the document: a list of shipping lines, or one amount. */
export function freight(context: Context): Group | undefined {
  const target = FREIGHT;
  const list = freightList(context);
  if (list !== undefined) {
    const amount = matchesOf(
      context.field('allowancesCharges[].amount'),
      list.members,
      context.ask.memory,
      MONEY,
    )[0];
    if (amount !== undefined) return chargeGroup(target, amount.candidate, list, 0.68);
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
    : chargeGroup(target, found.candidate, undefined, 0.68);
}

/** Fees of the document that come as a list. */
export function feeList(context: Context): SourceList | undefined {
  return context.ask.source.lists.find(
    ({ parent, name, members }) =>
      parent === context.documents && name.own.includes('fee') && members.length > 0,
  );
}

/** The fees, beside the freight. */
export function fees(context: Context): Group | undefined {
  const list = feeList(context);
  if (list === undefined) return undefined;
  const field = context.field('allowancesCharges[].amount');
  const [amount] = matchesOf(field, list.members, context.ask.memory, MONEY);
  if (amount === undefined) return undefined;
  const group = chargeGroup('allowancesCharges[fee]', amount.candidate, list, 0.66);
  return { ...group, text: `${amount.candidate.path} is a fee.` };
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
    : chargeGroup(target, found.candidate, { ...lines, members: [] }, 0.62);
}

function chargeGroup(target: string, amount: Candidate, list: SourceList | undefined, score: number): Group {
  const isFreight = target === FREIGHT;
  const title = list?.members.find(
    ({ name, field }) =>
      field.count > 0 &&
      (name.own.includes('title') || (name.own.includes('name') && !name.own.includes('id'))),
  );
  const members = new Map<string, Rule>([
    ['isCharge', { target: `${target}.isCharge`, const: true }],
    ['reasonCode', { target: `${target}.reasonCode`, const: isFreight ? 'FC' : 'ZZZ' }],
    [
      'reason',
      title === undefined
        ? { target: `${target}.reason`, const: isFreight ? 'Shipping' : 'Fee' }
        : {
            target: `${target}.reason`,
            from: title.path,
            transforms: ['trim', { truncate: 255 }],
            default: isFreight ? 'Shipping' : 'Fee',
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
