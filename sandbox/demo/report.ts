import type { Finding, Verdict } from '../storefront/checker';

/** How many of a kind of finding are shown one by one. */
const SHOWN = 10;

/** The verdict as a table for people. */
export function verdictTable(verdict: Verdict): string {
  const { orders, messages } = verdict;
  const rows: [string, string | number][] = [
    ['Orders sent (distinct)', `${orders.good + orders.bad}: ${orders.good} good, ${orders.bad} bad`],
    ['Messages sent', `${messages.messages} in ${messages.attempts} attempts`],
    ['Acknowledged (2xx)', messages.acknowledged],
    ['Not acknowledged', messages.unknown],
    ['In Odoo', `${verdict.placed} of ${orders.good}`],
    ['Total off by a rounding', verdict.roundedOtherwise],
    ['In the dead letters', `${verdict.parked} of ${orders.bad}`],
    ['Lost', verdict.lost.length],
    ['Doubled', verdict.doubled.length],
    ['Wrong', verdict.wrong.length],
    ['Bad without its reason', verdict.unparked.length],
    ['Good but parked', verdict.wronglyParked.length],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
  const reasons = Object.entries(verdict.reasons).sort(([a], [b]) => a.localeCompare(b));
  if (reasons.length > 0)
    lines.push(`  ${'Reasons'.padEnd(width)}  ${reasons.map(([code, n]) => `${code} ${n}`).join(', ')}`);
  for (const name of ['lost', 'doubled', 'wrong', 'unparked', 'wronglyParked'] as const) {
    lines.push(...findingLines(name, verdict[name]));
  }
  return lines.join('\n');
}

/** The verdict as one line of JSON for programs. */
export function verdictLine(verdict: Verdict, run: Readonly<Record<string, unknown>>): string {
  const { ok, orders, messages, placed, parked, roundedOtherwise, reasons } = verdict;
  const { lost, doubled, wrong, unparked, wronglyParked } = verdict;
  return JSON.stringify({
    ...run,
    ok,
    ...orders,
    ...messages,
    placed,
    parked,
    lost: lost.length,
    doubled: doubled.length,
    wrong: wrong.length,
    unparked: unparked.length,
    wronglyParked: wronglyParked.length,
    roundedOtherwise,
    reasons,
  });
}

function findingLines(name: string, findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, SHOWN).map(({ id, what }) => `  ${name}: ${id}: ${what}`);
  if (findings.length > SHOWN) lines.push(`  ${name}: and ${findings.length - SHOWN} more`);
  return lines;
}
