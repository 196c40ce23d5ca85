/** Totals: what the sender says, else what the rows above add up to. */
import type { Rule, TransformSpec } from '../../mapping';
import { ROUND } from './charges';
import { type Context, type Draft, reason } from './context';
import { moneyRows } from './groups';
import { numberOf } from './rules';
import type { Candidate } from './source';

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
  return { rule: nothing, also: [...also, rule], score: 0.7, reasons: [reason('structure', text)] };
}
