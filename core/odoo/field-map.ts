/** What Odoo calls things, by major version (reference: domain 1.6). */
import { CrossdockError } from '../errors/index';
import type { OdooVersion } from './types';

export interface FieldMap {
  /** Taxes of a sale order line. */
  readonly lineTaxes: 'tax_ids' | 'tax_id';
  /** The condition that a product is counted in stock, and the field that it needs. */
  readonly storable: { readonly field: string; readonly domain: readonly [string, string, unknown] };
  /** The method that says whether a user may do something. */
  readonly mayMethod: 'has_access' | 'check_access_rights';
}

/** The oldest version whose names are known here. */
const OLDEST = 15;

/** Throws ODOO_VERSION_UNSUPPORTED (transient: the messages are not at fault) for versions before 15. */
export function fieldMap(version: OdooVersion): FieldMap {
  const { major } = version;
  if (major < OLDEST) {
    throw new CrossdockError(`Odoo ${version.text} is too old: ${OLDEST}.0 or later is needed.`, {
      code: 'ODOO_VERSION_UNSUPPORTED',
      kind: 'transient',
      facts: { version: version.text },
    });
  }
  return {
    lineTaxes: major >= 19 ? 'tax_ids' : 'tax_id',
    storable:
      major >= 18
        ? { field: 'is_storable', domain: ['is_storable', '=', true] }
        : { field: 'detailed_type', domain: ['detailed_type', '=', 'product'] },
    mayMethod: major >= 18 ? 'has_access' : 'check_access_rights',
  };
}
