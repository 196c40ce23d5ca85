/** Ready mappings over the project's own partner documents (`test/fixtures/partner/<mapping>/<case>.json`). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CanonicalOrder, parseJson } from '../../core/canonical';
import { createMapper, type Mapper } from '../../core/mapping';
import { projectFolders } from '../support';
import { CONTEXT } from './mapping-support';

export const PARTNER_FIXTURES = join(projectFolders().root, 'test/fixtures/partner');

/** What a test changes of a fixture: values by path (`items.0.ItemPrice`); undefined takes a field away. */
export type Changes = Readonly<Record<string, unknown>>;

const mappers = new Map<string, Mapper>();

export function readyMapper(mapping: string): Mapper {
  let mapper = mappers.get(mapping);
  if (mapper === undefined) {
    mapper = createMapper({ mapping });
    mappers.set(mapping, mapper);
  }
  return mapper;
}

export function partnerFixture(mapping: string, name: string, changes: Changes = {}): unknown {
  const document = parseJson(readFileSync(join(PARTNER_FIXTURES, mapping, `${name}.json`)));
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    let place = document as Record<string, unknown>;
    for (const step of steps) place = place[step] as Record<string, unknown>;
    if (value === undefined) delete place[last];
    else place[last] = value;
  }
  return document;
}

/** Names of all fixtures of a mapping. */
export function partnerFixtures(mapping: string): string[] {
  return readdirSync(join(PARTNER_FIXTURES, mapping))
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

export function mapPartner(mapping: string, name: string, changes: Changes = {}): Promise<unknown> {
  return readyMapper(mapping).map(partnerFixture(mapping, name, changes), CONTEXT);
}

export async function mapPartnerOrder(mapping: string, name: string, changes: Changes = {}) {
  return (await mapPartner(mapping, name, changes)) as CanonicalOrder;
}

/** An order's lines in short: first identifier | current/original | price | discounts | taxes. */
export function linesOf(order: CanonicalOrder): string[] {
  return order.lines.map(({ item, unit, quantity, unitPrice, taxes, allowancesCharges }) =>
    [
      item.identifiers[0]?.value,
      `${quantity.current}/${quantity.original} ${unit}`,
      unitPrice.amount,
      allowancesCharges.map((row) => `${row.isCharge ? '+' : '-'}${row.amount}`).join(' '),
      taxes.map((tax) => `${tax.category}${tax.rate}=${tax.amount}`).join(' '),
    ].join('|'),
  );
}

/** An order's own charges and discounts in short. */
export function extrasOf(order: CanonicalOrder): string[] {
  return order.allowancesCharges.map(({ isCharge, reasonCode, reason, amount, taxes }) =>
    `${isCharge ? '+' : '-'}${amount} ${reasonCode} ${reason} ${taxes.map((tax) => `${tax.rate}=${tax.amount}`).join(' ')}`.trim(),
  );
}

/** net, tax, gross, paid, payable. */
export function totalsOf({ totals }: CanonicalOrder): string {
  const { lineExtension, allowance, charge, taxExclusive, tax, taxInclusive, prepaid, payable } = totals;
  return `lines ${lineExtension} - ${allowance} + ${charge}; ${taxExclusive} + ${tax} = ${taxInclusive} - ${prepaid} = ${payable}`;
}

/** The four status axes. */
export function statusOf({ status }: CanonicalOrder): string {
  return [status.order, status.fulfilment, status.payment, status.return].join(' ');
}
