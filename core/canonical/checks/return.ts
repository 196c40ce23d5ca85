/** Checks of a return: its quantities go down step by step, and its refund is what its parts add up to. */
import { decimal, sum } from '../decimal';
import type { CanonicalReturn, ReturnLine } from '../generated';
import { Footing } from './footing';
import type { CanonicalProblem } from './problem';
import { checkUnique } from './structure';

/** The return must be valid by its contract. */
export function checkReturn(value: CanonicalReturn): CanonicalProblem[] {
  const ids = { row: 'line', id: 'line id', within: 'return' };
  return [
    ...checkUnique(value.lines, '/lines', 'lineId', ({ lineId }) => lineId, ids),
    ...value.lines.flatMap(checkQuantities),
    ...checkNothing(value),
    ...checkRefund(value),
  ];
}

function checkNothing({ lines, refund }: CanonicalReturn): CanonicalProblem[] {
  if (lines.length > 0 || refund !== undefined) return [];
  return [{ path: '/lines', kind: 'quantities', message: 'nothing comes back: neither a line nor a refund' }];
}

function checkQuantities({ quantity }: ReturnLine, index: number): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const wrong = (field: string, message: string) =>
    problems.push({
      path: `/lines/${index}/quantity/${field}`,
      kind: 'quantities',
      message: `line ${index + 1}: ${message}`,
    });
  for (const [field, value] of Object.entries(quantity)) {
    if (decimal(value).lt(0)) wrong(field, `the ${field} quantity is negative (${value})`);
  }
  const { requested, authorised, received, accepted, rejected } = quantity;
  // More may come back than was authorised; then the rest is rejected.
  if (authorised !== undefined && decimal(authorised).gt(decimal(requested)))
    wrong('authorised', `${authorised} authorised, but only ${requested} requested`);
  if (received !== undefined && (accepted !== undefined || rejected !== undefined)) {
    const judged = decimal(accepted ?? '0').plus(decimal(rejected ?? '0'));
    if (judged.gt(decimal(received)))
      wrong('accepted', `${judged.toFixed()} accepted or rejected, but only ${received} received`);
  }
  return problems;
}

/**
 * refund.amount = sum of the lines' refunds + sum of the adjustments, and so for the tax, where every part says its tax;
 * within half a minor unit per part. A refund without parts stands for itself.
 */
function checkRefund({ currency, lines, refund }: CanonicalReturn): CanonicalProblem[] {
  const parts = [
    ...lines.flatMap((line, index) =>
      line.refund === undefined ? [] : [{ ...line.refund, path: `/lines/${index}/refund` }],
    ),
    ...(refund?.adjustments ?? []).map((row, index) => ({ ...row, path: `/refund/adjustments/${index}` })),
  ];
  if (parts.length === 0 && refund === undefined) return [];
  if (currency === undefined)
    return [{ path: '/currency', kind: 'totals', message: 'the return has amounts, but no currency' }];
  const footing = Footing.in(currency, 'the refund says');
  if (!(footing instanceof Footing)) return [footing];

  for (const { path, amount, tax } of [
    ...parts,
    ...(refund === undefined ? [] : [{ ...refund, path: '/refund' }]),
  ]) {
    footing.digits(path, { amount, tax });
    if (
      tax !== undefined &&
      (decimal(tax).abs().gt(decimal(amount).abs()) || decimal(tax).times(decimal(amount)).lt(0))
    )
      footing.add(
        `${path}/tax`,
        `${footing.money(decimal(tax))} of tax cannot be within ${footing.money(decimal(amount))}`,
      );
  }
  for (const [index, line] of lines.entries()) {
    if (line.refund !== undefined && decimal(line.refund.amount).lt(0))
      footing.add(
        `/lines/${index}/refund/amount`,
        `line ${index + 1}: a refund is paid back, it cannot be negative`,
      );
  }
  if (refund === undefined) return footing.problems;
  if (decimal(refund.amount).lt(0))
    footing.add('/refund/amount', 'a refund is paid back, it cannot be negative');
  if (parts.length > 0) {
    footing.compare(
      '/refund/amount',
      refund.amount,
      sum(parts.map(({ amount }) => decimal(amount))),
      parts.length,
      'the refunds of the lines and the adjustments add up to',
    );
  }
  if (refund.tax !== undefined && parts.length > 0 && parts.every(({ tax }) => tax !== undefined)) {
    footing.compare(
      '/refund/tax',
      refund.tax,
      sum(parts.map(({ tax }) => decimal(tax ?? '0'))),
      parts.length,
      'the taxes of the lines and the adjustments add up to',
    );
  }
  return footing.problems;
}
