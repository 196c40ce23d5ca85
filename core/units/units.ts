/**
 * Units of measure: the codes of UN/ECE Recommendations 20 and 21, their kind, and their exact size where they have one.
 *
 * A factor is the size in the kind's base unit (metre, m², m³, kilogram, second, joule, watt, one piece), exact by
 * definition. Where a unit has no exact or no fixed size (survey foot, month) it has no factor and is not converted.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Decimal } from '../canonical/order';

export type UnitKind =
  | 'length'
  | 'area'
  | 'volume'
  | 'mass'
  | 'time'
  | 'energy'
  | 'power'
  | 'count'
  /** Holds a number of pieces that only the product tells. */
  | 'packaging'
  /** Everything that trade does not convert: speeds, ratios, content grams ... */
  | 'other';

export type UnitStatus = 'active' | 'deprecated' | 'deleted';

export interface Unit {
  /** Recommendation 20, or X and the code of Recommendation 21. */
  readonly code: string;
  /** English, as published. */
  readonly name: string;
  readonly status: UnitStatus;
  readonly kind: UnitKind;
  /** Size in the kind's base unit. */
  readonly factor: Decimal | undefined;
}

/** What stands in place of codes that were withdrawn, where it is the very same unit. */
const SUCCESSORS: Readonly<Record<string, string>> = {
  QT: 'QTL',
  PT: 'PTL',
  L61: 'PTD',
  L62: 'QTD',
  HAR: 'H18',
  ARE: 'H16',
  KTM: 'KMT',
  MQ: 'KMT',
  D40: 'K6',
  TV: 'TNE',
};

let loaded: ReadonlyMap<string, Unit> | undefined;

/** All units by their code; read from the file once. */
export function units(): ReadonlyMap<string, Unit> {
  if (loaded !== undefined) return loaded;
  const file = JSON.parse(readFileSync(join(__dirname, 'rec20.json'), 'utf8')) as {
    units: readonly string[];
  };
  const all = new Map<string, Unit>();
  for (const row of file.units) {
    const [code, name, status, kind, factor] = row.split('|') as [
      string,
      string,
      UnitStatus,
      UnitKind,
      string,
    ];
    all.set(code, { code, name, status, kind, factor: factor === '' ? undefined : factor });
  }
  loaded = all;
  return all;
}

/** The unit with this very code, whatever its status. */
export function unitOf(code: string): Unit | undefined {
  return units().get(code);
}

/** The code to use for a published one: itself, or what took its place; undefined when nothing did. */
export function currentCode(code: string): string | undefined {
  const unit = unitOf(code);
  if (unit === undefined) return undefined;
  if (unit.status === 'active') return code;
  return SUCCESSORS[code];
}

/** "XCS (case)": a code as people read it. */
export function unitName(code: string): string {
  const unit = unitOf(code);
  return unit === undefined ? code : `${code} (${unit.name.toLowerCase()})`;
}
