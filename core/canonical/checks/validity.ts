/** Checks of master data: what is valid for a span of time is not said twice for the same moment. */
import { decimal } from '../decimal';
import type { CanonicalParty, ProductCrossReference } from '../generated';
import type { CanonicalProblem } from './problem';
import { checkUnique } from './structure';

interface Valid {
  readonly validFrom?: string;
  readonly validTo?: string;
}

/** The cross-reference must be valid by its contract. */
export function checkProductCrossReference(entry: ProductCrossReference): CanonicalProblem[] {
  const { identifiers, packHierarchy = [], baseUnit } = entry;
  const packs = { row: 'pack level', id: 'unit', within: 'pack hierarchy' };
  const problems = [
    ...checkSpans(identifiers, '/identifiers', 'identifier'),
    // A suggestion is not used, so that it may stand beside what holds.
    ...checkOverlaps(identifiers, '/identifiers', ({ partnerId, scheme, value, status }) =>
      status === 'suggested'
        ? undefined
        : { key: [partnerId ?? '', scheme, value], what: `${scheme} of the same partner` },
    ),
    ...checkUnique(packHierarchy, '/packHierarchy', 'unit', ({ unit }) => unit, packs),
    ...checkUnique(packHierarchy, '/packHierarchy', 'gtin', ({ gtin }) => gtin, { ...packs, id: 'GTIN' }),
  ];
  packHierarchy.forEach((level, index) => {
    const wrong = (message: string) =>
      problems.push({ path: `/packHierarchy/${index}/quantityInBase`, kind: 'quantities', message });
    const before = packHierarchy[index - 1];
    if (level.unit === baseUnit && !decimal(level.quantityInBase).eq(1))
      wrong(
        `pack level ${index + 1} is the base unit (${baseUnit}); it holds 1 of it, not ${level.quantityInBase}`,
      );
    if (before !== undefined && decimal(before.quantityInBase).gt(decimal(level.quantityInBase)))
      wrong(
        `pack level ${index + 1} (${level.quantityInBase}) is smaller than the one before (${before.quantityInBase}); the smallest comes first`,
      );
  });
  return problems;
}

/** The party must be valid by its contract. */
export function checkParty(party: CanonicalParty): CanonicalProblem[] {
  const { identifiers, addresses } = party;
  const problems = [
    ...checkSpans(identifiers, '/identifiers', 'identifier'),
    ...checkOverlaps(identifiers, '/identifiers', ({ partnerId, scheme, value }) => ({
      key: [partnerId ?? '', scheme, value],
      what: `${scheme} of the same issuer`,
    })),
    ...checkSpans(addresses, '/addresses', 'address'),
    ...checkOverlaps(addresses, '/addresses', ({ addressId }) => ({ key: [addressId], what: 'address id' })),
  ];
  for (const usage of new Set(addresses.flatMap((each) => each.usage))) {
    const primary = addresses.map((each) =>
      each.primary === true && each.usage.includes(usage) ? each : undefined,
    );
    problems.push(
      ...checkOverlaps(primary, '/addresses', (each) =>
        each === undefined ? undefined : { key: [usage], what: `usage ${usage} as primary` },
      ),
    );
  }
  if (party.commercialParentId === party.partyId)
    problems.push({
      path: '/commercialParentId',
      kind: 'identity',
      message: 'the party is its own commercial parent',
    });
  return problems;
}

function checkSpans(rows: readonly Valid[], path: string, word: string): CanonicalProblem[] {
  return rows.flatMap((row, index) => {
    if (start(row) < end(row)) return [];
    const message = `${word} ${index + 1} ends (${row.validTo}) before it begins (${row.validFrom})`;
    return [{ path: `${path}/${index}/validTo`, kind: 'times' as const, message }];
  });
}

/** Rows with one key must not hold at the same time. A span includes its start and excludes its end. */
function checkOverlaps<Row extends Valid | undefined>(
  rows: readonly Row[],
  path: string,
  keyOf: (row: Row) => { key: readonly string[]; what: string } | undefined,
): CanonicalProblem[] {
  const groups = new Map<string, { what: string; members: { index: number; row: Valid }[] }>();
  rows.forEach((row, index) => {
    const found = keyOf(row);
    if (found === undefined || row === undefined) return;
    const key = JSON.stringify(found.key);
    const group = groups.get(key) ?? { what: found.what, members: [] };
    group.members.push({ index, row });
    groups.set(key, group);
  });
  const problems: CanonicalProblem[] = [];
  for (const { what, members } of groups.values()) {
    members.sort((a, b) => start(a.row) - start(b.row) || a.index - b.index);
    // Against the one that lasts longest so far: neighbours by start are not enough.
    let longest: { index: number; row: Valid } | undefined;
    for (const member of members) {
      if (longest !== undefined && start(member.row) < end(longest.row)) {
        const [first, second] = [longest.index, member.index].sort((a, b) => a - b) as [number, number];
        problems.push({
          path: `${path}/${second}`,
          kind: 'times',
          message: `entries ${first + 1} and ${second + 1} have the same ${what} and hold at the same time (from ${member.row.validFrom ?? 'the beginning'})`,
        });
      }
      if (longest === undefined || end(member.row) > end(longest.row)) longest = member;
    }
  }
  return problems;
}

function start({ validFrom }: Valid): number {
  return validFrom === undefined ? Number.NEGATIVE_INFINITY : Date.parse(validFrom);
}

function end({ validTo }: Valid): number {
  return validTo === undefined ? Number.POSITIVE_INFINITY : Date.parse(validTo);
}
