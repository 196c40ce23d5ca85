/** What partners call the fields of our objects, in plain words, the most usual first. */
import type { ContractField } from '../api';
import { wordsOf } from './names';

export interface Wanted {
  readonly phrases: readonly Phrase[];
  /** Words that mean something else. */
  readonly not: ReadonlySet<string>;
}

export interface Phrase {
  readonly words: readonly string[];
  /** 0 to 1: how sure the phrase alone makes it. */
  readonly weight: number;
}

type Entry = readonly [target: RegExp, phrases: string, not?: string];

/** By the end of the plain target path; the first that fits. Phrases are parted by commas. */
const ENTRIES: readonly Entry[] = [
  [/^provenance\.externalVersion$/, 'version, api version, schema version'],
  [
    /^(?:provenance\.)?externalId$/,
    'order id, id, order number, order reference, id number, document number',
    'customer ship bill line item payment method tracking user app checkout location',
  ],
  [
    /^orderNumber$/,
    'order number, order name, order reference, customer order number, name, number, order id, id',
    'ship bill line item phone first last title location payment method',
  ],
  [/^externalRevision$/, 'updated date, last updated date, version, revision', 'created ship'],
  [
    /^issuedAt$/,
    'created date, order date, order created date, document date, date',
    'updated requested ship bill paid cancelled closed processed modified earliest latest completed birth',
  ],
  [
    /^currency$/,
    'currency, order currency, amount currency, price currency, total currency, currency code',
    'presentment exchange rate',
  ],
  [/^pricesIncludeTax$/, 'tax included, price tax included, price include tax, gross price, gross', 'exempt'],
  [/parties\.(?:buyer|shipTo|billTo)\.email$/, 'email, contact email'],
  [/parties\.(?:buyer|shipTo|billTo)\.phone$|address\.phone$/, 'phone, phone number, contact phone'],
  [
    /parties\.[a-zA-Z]+\.name$|address\.name$/,
    'company, company name, name, full name, contact name',
    'line item order first last user method',
  ],
  [/address\.line1$/, 'street, address street, address', 'street2 house'],
  [/address\.line2$/, 'street2, address street2'],
  [/address\.line3$/, 'street3, address3'],
  [/address\.city$/, 'city'],
  [/address\.region$/, 'region code, region'],
  [/address\.postalCode$/, 'postcode, postcode code'],
  [/address\.countryCode$/, 'country code, country'],
  [/address\.email$/, 'email'],
  [
    /requestedDelivery\.from$/,
    'requested ship date, earliest ship date, requested date, ship window start, ship date from, ship date',
    'created updated latest to',
  ],
  [
    /requestedDelivery\.to$/,
    'latest ship date, requested ship date, requested date, ship window end, ship date to, ship date',
    'created updated earliest from',
  ],
  [/payment\.method$/, 'payment method title, payment method, payment type, payment method names', 'status'],
  [/(?:payment\.status|status\.payment)$/, 'payment status, paid status, status payment', 'method ship'],
  [
    /shipping\.service$/,
    'ship service, ship method, ship service level, ship type, ship line title, method title',
    'status date payment address',
  ],
  [/shipping\.carrierCode$/, 'carrier code, carrier'],
  [
    /lines\[\]\.(?:lineId|externalLineId)$/,
    'line id, line number, item id, id, line item id, sequence number, item number, number',
    'sku variant item_id product parent external gtin customer tax',
  ],
  [
    /item\.description$|^description$/,
    'item description, description, item name, name, item title, title, text',
    'unit customer tax',
  ],
  [
    /(?:^|\.)unit$/,
    'unit of measure, unit measure, unit code, quantity unit, unit, sales unit',
    'price cost amount quantity_ total net',
  ],
  [
    /quantity\.original$/,
    'quantity created, quantity created amount, quantity, order quantity',
    'price pack current ship shipped cancelled fulfillable fulfilled unfulfilled received refund size',
  ],
  [
    /quantity\.current$/,
    'current quantity, quantity created, quantity created amount, quantity, order quantity',
    'price pack ship shipped cancelled fulfillable fulfilled unfulfilled received refund size',
  ],
  [
    /unitPrice\.amount$/,
    'unit price, price unit, net unit price, item price, price, net price, unit cost, net cost, cost amount, net cost amount',
    'total tax discount list ship compare original_ freight gift',
  ],
  [
    /totals\.taxInclusive$/,
    'grand total, grand total amount, current total price, gross total, order total, total price, total amount, total, payable',
    'tax discount line ship subtotal net item weight outstanding quantity freight commission',
  ],
  [/totals\.payable$/, 'payable, outstanding total, amount due, total outstanding', 'tax discount line ship'],
  [/totals\.prepaid$/, 'prepaid, paid amount, total paid, amount paid', 'date status method'],
  [
    /totals\.tax$/,
    'current total tax, total tax, tax total, tax amount, tax',
    'line item rate id exempt included lines number ship price',
  ],
  [/totals\.taxExclusive$/, 'net total, total net, total without tax', 'tax discount line ship'],
  [/totals\.allowance$/, 'total discount, discount amount, discount total, discount', 'tax line item code'],
  [
    /totals\.charge$/,
    'total freight, freight amount, ship total, ship price, ship cost, freight, ship cost amount',
    'tax line item address method date service discount',
  ],
  [/totals\.lineExtension$/, 'subtotal, subtotal price, line total, item total', 'tax'],
  [/^notes\[\]$|^notes$|\.note$/, 'customer note, note, order note', 'line item address'],
  [/taxes\[\]\.rate$/, 'rate, tax rate, rate percent', 'id'],
  [/taxes\[\]\.amount$/, 'tax amount, amount, total, tax total, price, tax', 'rate id'],
  [/taxes\[\]\.category$/, 'tax category, category'],
  [/allowancesCharges\[\]\.amount$/, 'amount, discounted amount, total, price', 'tax rate id'],
  [/allowancesCharges\[\]\.reason$/, 'title, description, reason, code, name'],
  [/location\.code$/, 'location code, location id, location, location name'],
  [/location\.gln$/, 'gln, location gln'],
  [/^asOf$/, 'updated date, date, as of date, count date, counted date, created date, snapshot date'],
  [/^sequence$/, 'sequence, version, sequence number'],
  [
    /^onHand$/,
    'onhand, on hand, onhand quantity, stock quantity, stock, quantity, physical stock',
    'available reserved incoming',
  ],
  [
    /^available$/,
    'available, available quantity, available stock, free stock, quantity available',
    'reserved onhand incoming',
  ],
  [/^reserved$/, 'reserved, reserved quantity, reserved stock', 'available onhand incoming'],
  [/^incoming$/, 'incoming, incoming quantity, incoming stock'],
  [/^lot$|\.lot$/, 'lot number, lot, lot id, lot code'],
  [/^expiry$|\.expiry$/, 'expiry date, expiry'],
  [
    /^(?:returnId|shipmentId|adjustmentId|invoiceId)$/,
    'id, return id, ship id, adjustment id, invoice id, refund id, number',
  ],
  [/^orderRefs?(?:\[\])?$|orderRef$/, 'order id, order number, order reference'],
  [/orderLineId$/, 'line item id, order line id, line id, item id, id'],
  [/orderRefs?(?:\[\])?\.(?:id|externalId)$/, 'order id, order number, order reference', 'line'],
  [/orderRefs?(?:\[\])?\.orderNumber$/, 'order number, order name, order reference', 'line'],
  [
    /^(?:shippedAt|occurredAt|requestedAt|issuedOn)$/,
    'created date, shipped date, processed date, date',
    'updated',
  ],
  [/tracking(?:\[\])?\.number$/, 'tracking number, tracking'],
  [/tracking(?:\[\])?\.url$/, 'tracking url'],
  [/carrier\.(?:name|code)$/, 'tracking company, carrier name, carrier code, carrier'],
  [/(?:^|\.)quantity(?:\.requested|\.received)?$/, 'quantity', 'price'],
];

/** Words that change nothing about what a field means. */
export const FILLERS = new Set([
  'code',
  'gmt',
  'utc',
  'value',
  'text',
  'info',
  'data',
  'the',
  'of',
  'full',
  'own',
  'external',
  'details',
  'date',
  'set',
  'money',
  'shop',
  'amount',
  'number',
  'names',
]);

export const VAGUE_WORDS: ReadonlySet<string> = new Set([
  'id',
  'code',
  'name',
  'number',
  'date',
  'text',
  'description',
  'amount',
  'value',
  'type',
  'title',
  'reference',
]);

const ROLE_WORDS = new Set([
  'seller',
  'customer',
  'ship',
  'bill',
  'address',
  'party',
  'parties',
  'contact',
  'default',
]);

/** What a target field is called by partners; the contract's own words where nothing else is known. */
export function wantedOf(field: ContractField): Wanted {
  const entry = ENTRIES.find(([target]) => target.test(field.path));
  if (entry !== undefined) {
    const [, phrases, not = ''] = entry;
    const list = phrases
      .split(', ')
      .map((phrase, index) => ({ words: phrase.split(' '), weight: 1 - Math.min(index, 9) * 0.035 }));
    return { phrases: list, not: new Set(not.split(' ').filter((word) => word !== '')) };
  }
  const names = field.path.split('.').map((part) => wordsOf(part.replace(/\[.*$/, '')));
  const own = names.at(-1) ?? [];
  const parent = names.at(-2) ?? [];
  const standard = /cbc:([A-Za-z]+)/.exec(field.standard ?? '')?.[1];
  // `code` and `number` say nothing by themselves, and neither does UBL's ID.
  const says = (words: readonly string[]): boolean => words.some((word) => !VAGUE_WORDS.has(word));
  const named = [own, wordsOf(field.title), ...(standard === undefined ? [] : [wordsOf(standard)])];
  const candidates = [...named.filter(says), [...parent, ...own]];
  const phrases = candidates
    .filter((words) => words.length > 0)
    .map((words, index) => ({ words: [...new Set(words)], weight: 0.95 - index * 0.07 }));
  return { phrases, not: new Set() };
}

/** Words that a target implies, so that a field's name may have them or not. */
export function impliedWords(path: string): ReadonlySet<string> {
  const words = new Set(FILLERS);
  if (path.startsWith('parties.')) {
    for (const word of ROLE_WORDS) words.add(word);
    return words;
  }
  if (path.startsWith('lines[]')) return words.add('line').add('item').add('order');
  return words.add('order').add('document').add('total');
}
