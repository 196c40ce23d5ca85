/** By which names a message may be asked for: the numbers of the documents and items that it is about. */

/** Members whose values name a document or an item, without separators and in lower case. */
const NAMING = new Set([
  'adjustmentid',
  'articlenumber',
  'clientorderref',
  'code',
  'defaultcode',
  'documentid',
  'ean',
  'externalid',
  'gtin',
  'id',
  'invoicenumber',
  'itemnumber',
  'key',
  'material',
  'name',
  'number',
  'orderid',
  'ordername',
  'ordernumber',
  'ponumber',
  'productcode',
  'reference',
  'responseid',
  'returnid',
  'shipmentid',
  'sku',
  'value',
]);
const MAX_DEPTH = 6;
const MAX_ENTRIES = 1000;
const MAX_LENGTH = 200;

/**
 * Adds what a message is called, in lower case.
 * @param wanted members that name things beside the usual ones, for example the last name of the key's path
 */
export function identitiesOf(value: unknown, wanted: ReadonlySet<string>, found: Set<string>): void {
  let left = MAX_ENTRIES;
  const visit = (inner: unknown, depth: number): void => {
    if (typeof inner !== 'object' || inner === null || depth > MAX_DEPTH || left <= 0) return;
    if (Array.isArray(inner)) {
      for (const entry of inner) visit(entry, depth + 1);
      return;
    }
    for (const [member, each] of Object.entries(inner)) {
      left -= 1;
      if (left <= 0) return;
      if (typeof each === 'object') visit(each, depth + 1);
      else if (typeof each === 'string' || typeof each === 'number') {
        const plain = memberName(member);
        if (NAMING.has(plain) || wanted.has(plain)) addIdentity(String(each), found);
      }
    }
  };
  visit(value, 0);
}

export function memberName(member: string): string {
  return member.replace(/[_\-\s]/g, '').toLowerCase();
}

/** A key such as `shop-eu:acme:1001` is also known by its last part. */
export function addIdentity(text: string | null | undefined, found: Set<string>): void {
  const plain = (text ?? '').trim().toLowerCase();
  if (plain === '' || plain.length > MAX_LENGTH) return;
  found.add(plain);
  const last = plain.slice(plain.lastIndexOf(':') + 1);
  if (last !== '' && last !== plain) found.add(last);
  // Shops write #1001.
  if (last.startsWith('#')) found.add(last.slice(1));
}
