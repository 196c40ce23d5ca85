/** Checks of a shipment: what is packed is what is shipped, and packages form a tree. */
import { type DecimalValue, decimal } from '../decimal';
import type { Package, Shipment } from '../generated';
import type { CanonicalProblem } from './problem';
import { checkParents, checkUnique } from './structure';

/** Units of single pieces, of which each has its own serial number. */
const PIECES = new Set(['C62', 'H87', 'EA']);

/** The shipment must be valid by its contract. */
export function checkShipment(shipment: Shipment): CanonicalProblem[] {
  return [
    ...checkIds(shipment),
    ...checkPackages(shipment.packages),
    ...checkLines(shipment),
    ...checkContents(shipment),
    ...checkCount(shipment),
    ...checkTimes(shipment),
  ];
}

function checkIds({ lines, packages, milestones }: Shipment): CanonicalProblem[] {
  const within = 'shipment';
  const problems = [
    ...checkUnique(lines, '/lines', 'lineId', ({ lineId }) => lineId, { row: 'line', id: 'line id', within }),
    ...checkUnique(packages, '/packages', 'packageId', ({ packageId }) => packageId, {
      row: 'package',
      id: 'id',
      within,
    }),
    ...checkUnique(packages, '/packages', 'sscc', ({ sscc }) => sscc, { row: 'package', id: 'SSCC', within }),
  ];
  const known = new Set(packages.map(({ packageId }) => packageId));
  milestones.forEach(({ packageId }, index) => {
    if (packageId === undefined || packages.length === 0 || known.has(packageId)) return;
    problems.push({
      path: `/milestones/${index}/packageId`,
      kind: 'identity',
      message: `milestone ${index + 1} is about a package that the shipment does not have`,
    });
  });
  return problems;
}

/** Parents by id or by SSCC; where both are given, they must mean the same package. */
function checkPackages(packages: readonly Package[]): CanonicalProblem[] {
  const byId = new Map(packages.map(({ packageId }, index) => [packageId, index]));
  const bySscc = new Map(
    packages.flatMap(({ sscc }, index) => (sscc === undefined ? [] : [[sscc, index] as const])),
  );
  const problems: CanonicalProblem[] = [];
  const parentOf = ({ parentPackageId, parentSscc }: Package): number | undefined => {
    if (parentPackageId !== undefined) return byId.get(parentPackageId) ?? -1;
    return parentSscc === undefined ? undefined : (bySscc.get(parentSscc) ?? -1);
  };
  packages.forEach((each, index) => {
    if (each.parentPackageId === undefined || each.parentSscc === undefined) return;
    if (bySscc.get(each.parentSscc) === byId.get(each.parentPackageId)) return;
    problems.push({
      path: `/packages/${index}/parentSscc`,
      kind: 'identity',
      message: `package ${index + 1}: its parent's id and its parent's SSCC are of different packages`,
    });
  });
  const field = (each: Package) => (each.parentPackageId === undefined ? 'parentSscc' : 'parentPackageId');
  return [
    ...problems,
    ...checkParents(packages, '/packages', field, parentOf, { row: 'package', within: 'shipment' }),
  ];
}

function checkLines({ lines }: Shipment): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  lines.forEach((line, index) => {
    for (const field of ['quantity', 'ordered', 'backordered', 'received'] as const) {
      const value = line[field];
      if (value === undefined || decimal(value).gte(0)) continue;
      const what = field === 'quantity' ? 'shipped' : field;
      const message = `line ${index + 1}: the ${what} quantity is negative (${value})`;
      problems.push({ path: `/lines/${index}/${field}`, kind: 'quantities', message });
    }
    const { ordered, backordered, quantity } = line;
    if (ordered === undefined || backordered === undefined) return;
    const sum = decimal(quantity).plus(decimal(backordered));
    if (sum.lte(decimal(ordered)) || decimal(backordered).eq(0)) return;
    problems.push({
      path: `/lines/${index}/backordered`,
      kind: 'quantities',
      message: `line ${index + 1}: ${quantity} shipped and ${backordered} backordered are more than the ${ordered} that were ordered`,
    });
  });
  return problems;
}

/** Once any package says what is in it, all that is shipped must be in some package: a lost one is found here. */
function checkContents({ lines, packages }: Shipment): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const packed = new Map<string, DecimalValue>(lines.map(({ lineId }) => [lineId, decimal('0')]));
  const units = new Map(lines.map(({ lineId, unit }) => [lineId, unit]));
  let any = false;
  packages.forEach(({ contents }, index) => {
    contents?.forEach((content, place) => {
      any = true;
      const at = `/packages/${index}/contents/${place}`;
      const wrong = (field: string, kind: CanonicalProblem['kind'], message: string) =>
        problems.push({
          path: `${at}/${field}`,
          kind,
          message: `package ${index + 1}, content ${place + 1}: ${message}`,
        });
      const before = packed.get(content.lineId);
      if (before === undefined) wrong('lineId', 'identity', 'the shipment has no such line');
      else packed.set(content.lineId, before.plus(decimal(content.quantity)));
      if (decimal(content.quantity).lte(0))
        wrong('quantity', 'quantities', `a quantity of ${content.quantity} cannot be packed`);
      const { serials } = content;
      if (serials === undefined) return;
      if (new Set(serials).size < serials.length)
        wrong('serials', 'identity', 'a serial number is there twice');
      if (
        PIECES.has(units.get(content.lineId) ?? '') &&
        !decimal(content.quantity).eq(decimal(serials.length))
      )
        wrong('serials', 'quantities', `${serials.length} serial number(s) for ${content.quantity} piece(s)`);
    });
  });
  if (!any) return problems;
  lines.forEach((line, index) => {
    const found = packed.get(line.lineId);
    if (found === undefined || found.eq(decimal(line.quantity))) return;
    problems.push({
      path: `/lines/${index}/quantity`,
      kind: 'quantities',
      message: `line ${index + 1}: ${line.quantity} shipped, but the packages hold ${found.toFixed()} of it`,
    });
  });
  return problems;
}

/** Partners count the outermost packages, or all that hold goods, or all: one of these it must be. */
function checkCount({ packages, totals }: Shipment): CanonicalProblem[] {
  const said = totals?.packages;
  if (said === undefined || packages.length === 0) return [];
  const outer = packages.filter(
    (each) => each.parentPackageId === undefined && each.parentSscc === undefined,
  );
  const filled = packages.filter((each) => (each.contents?.length ?? 0) > 0);
  if ([outer.length, filled.length, packages.length].includes(said)) return [];
  const message = `${said} package(s) are announced, but ${outer.length} are listed`;
  return [{ path: '/totals/packages', kind: 'quantities', message }];
}

function checkTimes({ shippedAt, deliveredAt }: Shipment): CanonicalProblem[] {
  if (shippedAt === undefined || deliveredAt === undefined) return [];
  if (Date.parse(shippedAt) <= Date.parse(deliveredAt)) return [];
  const message = `the goods arrived (${deliveredAt}) before they left (${shippedAt})`;
  return [{ path: '/deliveredAt', kind: 'times', message }];
}
