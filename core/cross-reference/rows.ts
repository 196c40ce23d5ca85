/** Rows of the table, and what goes into them. */
import type { Row, SqlValue } from '../store';
import { codeKey } from './entry';
import type { Reference, ReferenceEntry, ReferenceKind, ReferenceState } from './types';

export function referenceOf(row: Row): Reference {
  const text = (column: string): string => String(row[column]);
  const optional = (column: string): string | null => (row[column] === null ? null : String(row[column]));
  const time = (column: string): number | null => (row[column] === null ? null : Number(row[column]));
  return {
    id: Number(row['seq']),
    partner: text('partner'),
    kind: text('kind') as ReferenceKind,
    scheme: text('scheme'),
    code: text('code'),
    item: text('item'),
    targetScheme: text('target_scheme'),
    target: text('target'),
    packLevel: optional('pack_level'),
    quantityPerUnit: optional('quantity_per_unit'),
    ofUnit: optional('of_unit'),
    validFrom: Number(row['valid_from']),
    validTo: time('valid_to'),
    state: text('state') as ReferenceState,
    version: Number(row['version']),
    steward: text('steward'),
    note: text('note'),
    createdAt: Number(row['created_at']),
    createdBy: text('created_by'),
    endedAt: time('ended_at'),
    endedBy: optional('ended_by'),
  };
}

/** Parameters of ADD. */
export function addParams(entry: ReferenceEntry, from: number, version: number, who: string): SqlValue[] {
  const { partner, kind, scheme, code, item, targetScheme, target, packLevel, quantityPerUnit, ofUnit } =
    entry;
  const { validTo, steward, note } = entry;
  const search = [partner, code, item, target, note].join(' ').toLowerCase().slice(0, 1000);
  return [
    ...[
      partner,
      kind,
      scheme,
      code,
      codeKey(entry),
      item,
      targetScheme,
      target,
      packLevel,
      quantityPerUnit,
      ofUnit,
    ],
    ...[from, validTo, version, steward === '' ? who : steward, note, search, who],
  ];
}
