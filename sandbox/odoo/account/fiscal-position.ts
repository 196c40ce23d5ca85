import type { Environment } from '../environment';

const DOMESTIC = 1;
const FOREIGN_TRADE = 2;

/** Whom a document is for, as a row or a caller's values have it. */
interface Parties {
  readonly partner_id?: unknown;
  readonly partner_shipping_id?: unknown;
}

/** The fiscal position of a fresh Odoo with the generic chart: goods for the company's country, or for another one. */
export function fiscalPositionOf(env: Environment, parties: Parties): number | null {
  const partner = Number(parties.partner_id || 0);
  if (partner === 0 || !env.row('res.partner', partner).country_id) return null;
  const delivery = Number(parties.partner_shipping_id || 0) || partner;
  const to = env.row('res.partner', delivery).country_id;
  return to === env.row('res.company', 1).country_id ? DOMESTIC : FOREIGN_TRADE;
}
