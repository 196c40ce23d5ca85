/** What goes wrong in orders that shops send: each fault as a change to a good order's body. */
import { type Body, isRecord } from './bodies';
import type { Shop } from './senders';

export type FaultKind =
  | 'truncated'
  | 'no-lines'
  | 'quantity-text'
  | 'total-off'
  | 'currency-wrong'
  | 'unknown-sku';

export interface Fault {
  readonly kind: FaultKind;
  /** The codes that the gateway may give for it; anything else would mislead the person who reads it. */
  readonly codes: readonly string[];
}

/** What makes a body unfit, apart from an unknown SKU, which is a good message about a product Odoo does not have. */
export const MALFORMED: readonly FaultKind[] = [
  'truncated',
  'no-lines',
  'quantity-text',
  'total-off',
  'currency-wrong',
];

/** Where it is found depends on how strict the shop's own contract is, which is not the simulator's business. */
const UNFIT = ['SOURCE_CONTRACT', 'MAPPING_FAILED', 'CANONICAL_CONTRACT'];
const CODES: Readonly<Record<FaultKind, readonly string[]>> = {
  truncated: ['JSON_INVALID'],
  'no-lines': UNFIT,
  'quantity-text': UNFIT,
  'total-off': ['TOTALS_DO_NOT_FOOT'],
  'currency-wrong': UNFIT,
  'unknown-sku': ['UNKNOWN_SKU'],
};

export function faultOf(kind: FaultKind): Fault {
  return { kind, codes: CODES[kind] };
}

/** The text that is posted: the good order with the fault in it. */
export function withFault(shop: Shop, good: Body, kind: FaultKind | undefined): string {
  const body = structuredClone(good);
  const lines = Array.isArray(body['line_items']) ? body['line_items'].filter(isRecord) : [];
  const [line] = lines;
  switch (kind) {
    case undefined:
      break;
    case 'truncated': {
      const text = JSON.stringify(body);
      return text.slice(0, Math.floor(text.length * 0.6));
    }
    case 'no-lines':
      delete body['line_items'];
      break;
    case 'quantity-text':
      if (line !== undefined) {
        for (const field of ['quantity', 'current_quantity', 'fulfillable_quantity']) {
          if (field in line) line[field] = 'two or three';
        }
      }
      break;
    case 'total-off':
      addToTotal(shop, body, 13.37);
      break;
    case 'currency-wrong':
      for (const field of ['currency', 'presentment_currency']) if (field in body) body[field] = 'EURO';
      break;
    case 'unknown-sku':
      if (line !== undefined) line['sku'] = `NO-SUCH-${String(line['sku'] ?? 'ITEM')}`;
      break;
  }
  return JSON.stringify(body);
}

/** Makes the order's total more than its lines, charges and taxes come to. */
function addToTotal(shop: Shop, body: Body, amount: number): void {
  const raise = (holder: Body, field: string): void => {
    const value = holder[field];
    if (typeof value === 'string') holder[field] = (Number(value) + amount).toFixed(2);
  };
  if (shop === 'woocommerce') {
    raise(body, 'total');
    return;
  }
  for (const field of ['total_price', 'current_total_price']) {
    raise(body, field);
    const set = body[`${field}_set`];
    if (!isRecord(set)) continue;
    for (const money of [set['shop_money'], set['presentment_money']])
      if (isRecord(money)) raise(money, 'amount');
  }
}
