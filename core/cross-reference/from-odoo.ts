/**
 * Cross-references that Odoo has already: barcodes of products and of their packagings, vendors' and customers' own codes.
 * All of them lead to the product's internal reference (SKU); what has none is passed over.
 */
import { CrossdockError } from '../errors';
import { readGtin } from '../identifiers';
import { idOrZero, type Link, type OdooClient, readUnits } from '../odoo';
import { odooRatio } from '../units';
import type { EntryInput } from './entry';
import type { ImportLine } from './import';
import { EVERYBODY } from './types';

const PAGE = 500;
/** Odoo does not say whether a packaging is a case or a box. */
const PACKAGE = 'XPK';

type Row = Readonly<Record<string, unknown>> & { readonly id: number };

interface Product {
  readonly sku: string;
  readonly template: number;
  /** Odoo's unit that it is counted in. */
  readonly unit: number;
}

/**
 * Reads them in pages by ascending id. `line` counts what was read.
 * @throws what OdooClient.call throws
 */
export async function* odooReferences(client: OdooClient): AsyncGenerator<ImportLine, void, void> {
  const { major } = await client.version();
  let line = 0;
  const next = (input: EntryInput): ImportLine => {
    line += 1;
    return { line, input: { kind: 'item', targetScheme: 'sku', note: 'from Odoo', ...input } };
  };
  const products = new Map<number, Product>();
  const variants = new Map<number, number[]>();
  const fields = ['default_code', 'barcode', 'product_tmpl_id', 'uom_id'];
  for await (const row of rowsOf(client, 'product.product', [['default_code', '!=', false]], fields)) {
    const product = {
      sku: text(row['default_code']),
      template: linked(row, 'product_tmpl_id'),
      unit: linked(row, 'uom_id'),
    };
    products.set(row.id, product);
    variants.set(product.template, [...(variants.get(product.template) ?? []), row.id]);
    const barcode = text(row['barcode']);
    if (barcode !== '') yield next({ ...barcodeEntry(barcode), target: product.sku });
  }
  for await (const packaging of packagingsOf(client, major, products)) yield next(packaging);
  const partners = new Map<number, string>();
  for (const [model, scheme] of SHEETS) {
    for await (const row of sheetOf(client, model, major)) {
      const code = text(row['product_code']);
      const named = linked(row, 'product_id');
      // A code of all variants names none of them.
      const own = variants.get(linked(row, 'product_tmpl_id')) ?? [];
      const product = products.get(named === 0 && own.length === 1 ? (own[0] ?? 0) : named);
      if (code === '' || product === undefined) continue;
      const partner = await partnerOf(client, row[partnerField(major)], partners);
      if (partner !== '') yield next({ partner, scheme, code, target: product.sku });
    }
  }
}

const SHEETS = [
  ['product.supplierinfo', 'supplierSku'],
  // Of the community's module product_customerinfo; skipped where it is not installed.
  ['product.customerinfo', 'buyerSku'],
] as const;

const partnerField = (major: number): 'name' | 'partner_id' => (major < 16 ? 'name' : 'partner_id');

async function* sheetOf(client: OdooClient, model: string, major: number): AsyncGenerator<Row, void, void> {
  const fields = ['product_code', 'product_id', 'product_tmpl_id', partnerField(major)];
  try {
    yield* rowsOf(client, model, [['product_code', '!=', false]], fields);
  } catch (error) {
    const absent =
      error instanceof CrossdockError && (error.code === 'ODOO_NOT_FOUND' || error.code === 'ODOO_SERVER');
    if (model !== 'product.customerinfo' || !absent) throw error;
  }
}

/** Since 19 packagings are units of their own, with barcodes per product; before, they are rows of the product. */
async function* packagingsOf(
  client: OdooClient,
  major: number,
  products: ReadonlyMap<number, Product>,
): AsyncGenerator<EntryInput, void, void> {
  if (major < 19) {
    const fields = ['product_id', 'qty', 'barcode'];
    for await (const row of rowsOf(client, 'product.packaging', [['barcode', '!=', false]], fields)) {
      const product = products.get(linked(row, 'product_id'));
      if (product !== undefined) yield packed(text(row['barcode']), product, String(row['qty']));
    }
    return;
  }
  const units = await readUnits(client, { named: false });
  for await (const row of rowsOf(client, 'product.uom', [], ['product_id', 'uom_id', 'barcode'])) {
    const product = products.get(linked(row, 'product_id'));
    const [of, unit] = [units.get(product?.unit ?? 0), units.get(linked(row, 'uom_id'))];
    if (product === undefined || of === undefined || unit === undefined) continue;
    yield packed(text(row['barcode']), product, odooRatio(unit, of, major));
  }
}

function packed(barcode: string, { sku }: Product, quantityPerUnit: string): EntryInput {
  return { ...barcodeEntry(barcode), target: sku, packLevel: PACKAGE, quantityPerUnit };
}

function barcodeEntry(code: string): EntryInput {
  return { partner: EVERYBODY, scheme: 'value' in readGtin(code) ? 'gtin' : 'barcode', code };
}

/** The partner's reference, which other systems know it by, else its name. */
async function partnerOf(client: OdooClient, value: unknown, known: Map<number, string>): Promise<string> {
  const id = idOrZero(value as Link);
  if (id === 0) return '';
  const found = known.get(id);
  if (found !== undefined) return found;
  const [row] = await client.call<readonly Row[]>('res.partner', 'read', {
    ids: [id],
    args: { fields: ['ref', 'name'] },
  });
  const name = (text(row?.['ref']) || text(row?.['name'])).slice(0, 120);
  known.set(id, name);
  return name;
}

async function* rowsOf(
  client: OdooClient,
  model: string,
  domain: readonly unknown[],
  fields: readonly string[],
): AsyncGenerator<Row, void, void> {
  let last = 0;
  for (;;) {
    const rows = await client.call<readonly Row[]>(model, 'search_read', {
      args: { domain: [['id', '>', last], ...domain], fields: ['id', ...fields], order: 'id', limit: PAGE },
    });
    yield* rows;
    last = rows.at(-1)?.id ?? 0;
    if (rows.length < PAGE) return;
  }
}

/** Odoo writes false for nothing. */
function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function linked(row: Row, field: string): number {
  return idOrZero(row[field] as Link);
}
