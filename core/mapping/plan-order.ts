/** The order of a plan's parts: that of their first rows. */
import { pathText, type Step } from './path';
import type { GroupPlan, ObjectPlan } from './plan';

/** The first row of every place that rows fill. */
export function firstRows(
  parsed: readonly { readonly target: readonly Step[]; readonly index: number }[],
): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { target, index } of parsed) {
    target.forEach((_, position) => {
      const place = pathText(target.slice(0, position + 1));
      if (!first.has(place)) first.set(place, index);
    });
  }
  return first;
}

/** Brings members and groups into the order of the rows: results read alike, and a row can rely on those above it. */
export function sortByRows(
  plan: ObjectPlan,
  path: readonly Step[],
  first: ReadonlyMap<string, number>,
): void {
  const rank = (steps: readonly Step[]): number => first.get(pathText(steps)) ?? 0;
  const place = (key: string): Step[] => [...path, { kind: 'key', key }];
  const sorted = [...plan.members].sort(([a], [b]) => rank(place(a)) - rank(place(b)));
  plan.members.clear();
  for (const [key, member] of sorted) {
    plan.members.set(key, member);
    if (member.kind === 'object') sortByRows(member.plan, place(key), first);
    if (member.kind === 'list') sortGroups(member.groups, first);
  }
}

export function sortGroups(groups: GroupPlan[], first: ReadonlyMap<string, number>): void {
  const rank = ({ scope }: GroupPlan): number => first.get(pathText(scope.target)) ?? 0;
  groups.sort((a, b) => rank(a) - rank(b));
  for (const group of groups) sortByRows(group.plan, group.scope.target, first);
}
