/** Suggestions for members of taxes, discounts and charges: each comes with the group that it needs. */
import type { Rule } from '../../mapping';
import { fees, freight, type Group, lineDiscount } from './charges';
import { type Context, type Draft, reason } from './context';
import { freightTaxes, taxGroup } from './taxes';

/** Suggestions for a member of `….taxes[]` or `….allowancesCharges[]`, and for the list when there is nothing to put in. */
export function groupDrafts(path: string, context: Context): Draft[] {
  const match = /^(.*?)(taxes|allowancesCharges)(?:\[\]\.([A-Za-z]+)|)$/.exec(
    path.replace(/allowancesCharges\[\]\.taxes/, 'allowancesCharges[]#taxes'),
  );
  if (match === null) return nestedTaxDrafts(path, context);
  const [, before = '', kind, member] = match;
  if (before.includes('#')) return nestedTaxDrafts(path, context);
  const inLines = before.startsWith('lines[]');
  const group =
    kind === 'taxes'
      ? taxGroup(context)
      : inLines
        ? lineDiscount(context)
        : (freight(context) ?? fees(context));
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
    ...(kind === 'allowancesCharges' && !inLines ? feeRows(context, group) : []),
  ];
  return [{ rule, also, score: group.score, reasons: [reason('structure', group.text)] }];
}

/** The fees beside a freight, with their taxes. */
function feeRows(context: Context, first: Group): Rule[] {
  const group = fees(context);
  if (group === undefined || group.target === first.target) return [];
  const taxes = freightTaxes(context, group);
  const last: Rule[] = taxes === undefined ? [{ target: `${group.target}.taxes`, const: [] }] : rowsOf(taxes);
  return [...rowsOf(group), ...last];
}

function rowsOf(group: Group): Rule[] {
  return [...group.head, ...group.members.values()];
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
  const group = inLines ? lineDiscount(context) : (freight(context) ?? fees(context));
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

export function moneyRows(context: Context): Rule[] {
  const currency = context.currencyRow();
  return currency === undefined ? [] : [currency];
}
