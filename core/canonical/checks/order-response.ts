/** Checks of an order response: the answers of the lines agree with their quantities and with the whole answer. */
import { type DecimalValue, decimal, sum } from '../decimal';
import type { OrderResponse, OrderResponseLine } from '../generated';
import { canonicalJson } from '../identity';
import { Footing } from './footing';
import type { CanonicalProblem } from './problem';
import { checkSpan, numbered } from './structure';

/** The response must be valid by its contract. */
export function checkOrderResponse(response: OrderResponse): CanonicalProblem[] {
  return [
    ...checkAnswers(response),
    ...checkLines(response.lines),
    ...response.lines.flatMap((line, index) => [
      ...checkSpan(
        `/lines/${index}/promisedShip`,
        line.promisedShip,
        `the promised shipping of line ${index + 1}`,
      ),
      ...checkSpan(
        `/lines/${index}/promisedDelivery`,
        line.promisedDelivery,
        `the promised delivery of line ${index + 1}`,
      ),
    ]),
    ...checkAmounts(response),
  ];
}

/** The whole answer against the lines': AP changes nothing, RE confirms nothing. */
function checkAnswers({ code, lines }: OrderResponse): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const refuse = (wrong: (line: OrderResponseLine) => boolean, sentence: (which: string) => string) => {
    const indexes = lines.flatMap((line, index) => (wrong(line) ? [index] : []));
    if (indexes.length > 0)
      problems.push({ path: '/code', kind: 'quantities', message: sentence(numbered('line', indexes)) });
  };
  if (code === 'AP') {
    refuse(
      (line) => line.code !== '5' && line.code !== '42',
      (which) => `the answer is AP (accepted as it is), but ${which} is answered otherwise; that is CA`,
    );
  }
  if (code === 'RE') {
    refuse(
      (line) => line.code === '5' || line.code === '1' || confirmedOf(line).gt(0),
      (which) => `the answer is RE (rejected), but ${which} is confirmed; that is CA`,
    );
  }
  return problems;
}

/** One line of the order may be answered in parts with different dates; its parts are taken together. */
function checkLines(lines: readonly OrderResponseLine[]): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const parts = new Map<string, number[]>();
  lines.forEach((line, index) => {
    parts.set(line.orderLineId, [...(parts.get(line.orderLineId) ?? []), index]);
    const { ordered, confirmed } = line.quantity ?? {};
    const wrong = (message: string) =>
      problems.push({ path: `/lines/${index}/quantity/confirmed`, kind: 'quantities', message });
    if (confirmed !== undefined && line.code === '7' && decimal(confirmed).gt(0))
      wrong(`line ${index + 1} is not accepted (7), but ${confirmed} are confirmed`);
    if (confirmed !== undefined && line.code === '2' && decimal(confirmed).gt(0))
      wrong(`line ${index + 1} is deleted (2), but ${confirmed} are confirmed`);
    if (confirmed !== undefined && ordered !== undefined && line.code === '5') {
      if (!decimal(confirmed).eq(decimal(ordered)))
        wrong(
          `line ${index + 1} is accepted as it is (5), but ${confirmed} of ${ordered} are confirmed; that is 3`,
        );
    }
    for (const [field, value] of Object.entries(line.quantity ?? {})) {
      if (decimal(value).gte(0)) continue;
      const message = `line ${index + 1}: the ${field} quantity is negative (${value})`;
      problems.push({ path: `/lines/${index}/quantity/${field}`, kind: 'quantities', message });
    }
  });
  for (const indexes of parts.values()) problems.push(...checkParts(lines, indexes));
  return problems;
}

function checkParts(lines: readonly OrderResponseLine[], indexes: readonly number[]): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const dates = new Map<string, number>();
  const rows = indexes.map((index) => ({ index, line: lines[index] as OrderResponseLine }));
  for (const { index, line } of rows) {
    const when = canonicalJson([line.promisedShip, line.promisedDelivery]);
    const first = dates.get(when);
    if (first === undefined) dates.set(when, index);
    else {
      problems.push({
        path: `/lines/${index}/orderLineId`,
        kind: 'identity',
        message: `lines ${first + 1} and ${index + 1} answer the same line of the order for the same dates`,
      });
    }
  }
  const ordered = rows.find(({ line }) => line.quantity?.ordered !== undefined)?.line.quantity?.ordered;
  const rest = (of: 'backordered' | 'cancelled') =>
    sum(rows.map(({ line }) => decimal(line.quantity?.[of] ?? '0')));
  const missing = rest('backordered').plus(rest('cancelled'));
  // Without a rest, the seller may confirm more than was ordered (full cases) or say nothing about what is missing.
  if (ordered === undefined || missing.eq(0)) return problems;
  const confirmed = sum(rows.map(({ line }) => confirmedOf(line)));
  if (confirmed.plus(missing).eq(decimal(ordered))) return problems;
  problems.push({
    path: `/lines/${rows[0]?.index ?? 0}/quantity`,
    kind: 'quantities',
    message: `${numbered('line', indexes)}: ${confirmed.toFixed()} confirmed and ${missing.toFixed()} backordered or cancelled make ${confirmed.plus(missing).toFixed()}, but ${ordered} were ordered`,
  });
  return problems;
}

function confirmedOf(line: OrderResponseLine): DecimalValue {
  return decimal(line.quantity?.confirmed ?? '0');
}

function checkAmounts({ currency, totals, lines }: OrderResponse): CanonicalProblem[] {
  const amounts = totals !== undefined || lines.some((line) => line.unitPrice !== undefined);
  if (!amounts) return [];
  if (currency === undefined)
    return [{ path: '/currency', kind: 'totals', message: 'the response has amounts, but no currency' }];
  const footing = Footing.in(currency, "the response's totals say");
  if (!(footing instanceof Footing)) return [footing];
  if (totals === undefined) return [];
  footing.digits('/totals', { ...totals });
  footing.compare(
    '/totals/taxInclusive',
    totals.taxInclusive,
    decimal(totals.taxExclusive).plus(decimal(totals.tax)),
    0,
    'the amount without tax plus tax makes',
  );
  return footing.problems;
}
