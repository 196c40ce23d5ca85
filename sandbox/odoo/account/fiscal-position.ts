import type { Environment } from '../environment';
import { num } from '../model';

const DOMESTIC = 1;
const FOREIGN_TRADE = 2;

/** The fiscal position of a fresh Odoo with the generic chart: goods for the company's country, or for another one. */
function fiscalPosition(env: Environment, partner: number, delivery: number): number | null {
  if (partner === 0 || !env.row('res.partner', partner).country_id) return null;
  const to = env.row('res.partner', delivery === 0 ? partner : delivery).country_id;
  return to === env.row('res.company', 1).country_id ? DOMESTIC : FOREIGN_TRADE;
}

/** The partner and the delivery address of a document decide. */
export const fiscalPositionOf = (env: Environment, row: Record<string, unknown>): number | null =>
  fiscalPosition(env, num(row.partner_id as number), num(row.partner_shipping_id as number));
