/**
 * The demo company's products: hardware and packaging, as a small distributor sells them. The stand-in and a real Odoo
 * are seeded with them (odoo/seed.ts), and the simulated storefronts and warehouse draw from them.
 */

/** One product of the demo company. */
export interface Product {
  /** Odoo's `default_code`, the storefronts' SKU. */
  readonly sku: string;
  readonly name: string;
  /** Sales price per unit without tax, a decimal string in `currency`. */
  readonly price: string;
  /** Tax in percent as a string: '0', '7', '19' or '20'. */
  readonly taxRate: TaxRate;
  /** Units on hand in a freshly seeded Odoo. */
  readonly onHand: number;
  readonly weightGrams: number;
  /** GTIN-13 from the range that GS1 leaves for use within a company. */
  readonly barcode: string;
}

export type TaxRate = '0' | '7' | '19' | '20';

/** The currency of a fresh Odoo; an order takes the currency of its pricelist or company, never the sender's. */
export const currency = 'USD';

/** The warehouse's short code in a fresh Odoo. */
export const warehouseCode = 'WH';

/** Service products that stand for freight and for discounts in orders. */
export const chargeProducts = [
  { sku: 'SHIPPING', name: 'Shipping and handling' },
  { sku: 'DISCOUNT', name: 'Discount' },
] as const;

/** sku | name | price | tax % | on hand | grams */
const TABLE = `
BX-S-200|Shipping box 200 x 150 x 100 mm|0.62|19|2400|95
BX-M-300|Shipping box 300 x 200 x 150 mm|0.94|19|1800|168
BX-L-400|Shipping box 400 x 300 x 250 mm|1.58|19|1200|342
BX-XL-600|Shipping box 600 x 400 x 400 mm|3.12|19|640|815
BX-LB-A4|Letterbox carton A4 350 x 250 x 50 mm|0.71|19|2000|140
MB-A5|Padded mailer A5|0.28|19|3500|18
MB-A4|Padded mailer A4|0.41|19|3200|29
MB-A3|Padded mailer A3|0.66|19|1500|47
TP-50-CLR|Packing tape 50 mm x 66 m, clear|1.89|19|960|210
TP-50-BRN|Packing tape 50 mm x 66 m, brown|1.79|19|1140|210
TP-50-FRG|Packing tape 50 mm x 66 m, "Fragile"|2.45|19|420|215
TP-PAP-50|Paper tape 50 mm x 50 m|2.95|19|380|240
WR-500|Stretch wrap 500 mm x 300 m, 17 my|7.49|19|260|2650
WR-BUB-50|Bubble wrap 500 mm x 50 m|14.90|19|90|1900
WR-PAP-75|Kraft paper 750 mm x 200 m|21.50|19|64|10400
LB-100x150|Shipping labels 100 x 150 mm, roll of 500|8.90|19|310|640
LB-FRAG|Warning labels "Fragile", roll of 1000|11.20|19|150|710
PAL-EPAL|Euro pallet EPAL 1, new|18.75|0|220|24000
PAL-COL|Pallet collar 1200 x 800 mm|12.40|0|140|8800
STR-PP-12|Strapping band PP 12 mm x 1000 m|19.80|19|75|6100
SC-WD-4x40|Wood screws 4 x 40 mm, box of 200|6.35|20|540|720
SC-WD-5x60|Wood screws 5 x 60 mm, box of 200|9.15|20|460|1540
SC-WD-6x80|Wood screws 6 x 80 mm, box of 100|9.85|20|300|1480
SC-MT-M6x20|Hex bolts M6 x 20, A2, box of 100|8.70|20|410|690
SC-MT-M8x30|Hex bolts M8 x 30, A2, box of 100|14.25|20|360|1730
SC-MT-M10x50|Hex bolts M10 x 50, A2, box of 50|19.60|20|185|2240
NT-M6|Hex nuts M6, A2, box of 100|3.20|20|620|250
NT-M8|Hex nuts M8, A2, box of 100|4.95|20|580|520
WS-M6|Washers M6, A2, box of 100|1.95|20|700|110
WS-M8|Washers M8, A2, box of 100|2.60|20|660|190
DW-8|Wall plugs 8 mm, box of 100|4.40|20|520|230
DW-10|Wall plugs 10 mm, box of 50|4.80|20|410|260
HG-75|Butt hinge 75 mm, zinc|2.15|20|330|145
LK-CYL-30|Profile cylinder 30/30, 3 keys|17.90|20|95|260
GL-NIT-M|Nitrile gloves M, box of 100|7.95|19|480|560
GL-NIT-L|Nitrile gloves L, box of 100|7.95|19|510|580
GL-WRK-9|Work gloves size 9|3.45|19|270|85
GG-CLR|Safety glasses, clear|4.60|19|190|42
BK-SAFE|Handbook "Safe loading", paperback|24.90|7|60|410
BK-CAT|Trade catalogue, printed|5.00|7|300|620
`;

/** The check digit of a GTIN without it (GS1 General Specifications, 7.9). */
function checkDigit(digits: string): number {
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 3 : 1), 0);
  return (10 - (sum % 10)) % 10;
}

function product(line: string, at: number): Product {
  const [sku = '', name = '', price = '', taxRate = '', onHand, grams] = line.split('|');
  const body = `20${String(7001000 + at).padStart(10, '0')}`;
  return {
    sku,
    name,
    price,
    taxRate: taxRate as TaxRate,
    onHand: Number(onHand),
    weightGrams: Number(grams),
    barcode: `${body}${checkDigit(body)}`,
  };
}

/** Every product of the demo company that is kept in stock. */
export const catalogue: readonly Product[] = TABLE.trim().split('\n').map(product);
