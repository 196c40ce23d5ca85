/**
 * What becomes of a message that enters a node, for every node of Node-RED's core palette: the cases that
 * scope-table.test.ts plays, and the table of LIFECYCLE.md that is made from them.
 */
import { COMMON } from './scope-cases/common';
import { DATA } from './scope-cases/data';
import { FUNCTION } from './scope-cases/function';
import { NETWORK } from './scope-cases/network';
import type { Case, Outcome } from './scope-cases/parts';
import { SHAPES } from './scope-cases/shapes';

export type { Case, Surroundings } from './scope-cases/parts';

export const CASES: readonly Case[] = [...COMMON, ...FUNCTION, ...NETWORK, ...DATA, ...SHAPES];

export const SENTENCES: Readonly<Record<Outcome, string>> = {
  done: 'done when its work is done',
  failed: 'fails',
  again: 'fails, is delivered again',
  parked: 'parked',
  early: '**counts as done too early**',
  lease: '**ends with its time in the flow**',
};

/** The outcomes of a case, one per message that is sent. */
export function outcomesOf({ outcome }: Case): readonly Outcome[] {
  return typeof outcome === 'string' ? [outcome] : outcome;
}

/** The table for users: one row per node and outcome. */
export function markdownTable(): string {
  const rows = new Map<string, { node: string; when: string[]; what: string; remarks: Set<string> }>();
  for (const each of CASES) {
    const outcomes = outcomesOf(each);
    const outcome = outcomes.find((one) => one !== 'done') ?? 'done';
    const key = `${each.node}|${outcome}`;
    const row = rows.get(key) ?? { node: each.node, when: [], what: SENTENCES[outcome], remarks: new Set() };
    row.when.push(each.when);
    if (each.remark !== undefined) row.remarks.add(each.remark);
    rows.set(key, row);
  }
  const lines = [...rows.values()].map(
    ({ node, when, what, remarks }) =>
      `| ${node} | ${when.join('; ')} | ${what} | ${[...remarks].join(' ')} |`,
  );
  return ['| node | when | the message | remark |', '|---|---|---|---|', ...lines].join('\n');
}
