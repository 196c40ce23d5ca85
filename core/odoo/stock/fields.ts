/** Whether the fields that a read needs are there: asked before the first page, so that nothing stops in the middle. */
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';

/** Throws ODOO_FIELD_MISSING (permanent) by name when a field is not there: another version, an app not installed. */
export async function assertFields(
  client: OdooClient,
  model: string,
  fields: readonly string[],
): Promise<void> {
  const known = await fieldsOf(client, model, fields);
  const missing = fields.find((field) => !known.has(field));
  if (missing === undefined) return;
  throw new CrossdockError(
    `Odoo's ${LABELS[model] ?? model} have no field "${missing}": is the inventory app installed, and may the API key's user see stock?`,
    { code: 'ODOO_FIELD_MISSING', kind: 'permanent', facts: { model, field: missing } },
  );
}

const LABELS: Readonly<Record<string, string>> = { 'product.product': 'products', 'stock.quant': 'quants' };

/** Those of the fields that are there and may be seen. */
export async function fieldsOf(
  client: OdooClient,
  model: string,
  fields: readonly string[],
): Promise<ReadonlySet<string>> {
  const known = await withRetry(CALL_RETRY, () =>
    client.call<Record<string, unknown>>(model, 'fields_get', {
      args: { allfields: fields, attributes: ['type'] },
    }),
  );
  return new Set(fields.filter((field) => Object.hasOwn(known, field)));
}
