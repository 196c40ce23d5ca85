import type { Address, Party } from '../../canonical/generated';
import { idOrZero } from '../client/rows';
import type { InvoiceRecords, PartnerRow } from './rows';

/**
 * A partner in Odoo as a canonical party.
 * @param commercial the company that the partner belongs to: its name and its numbers count
 */
export function partyOf(
  partner: PartnerRow,
  commercial: PartnerRow | undefined,
  records: Pick<InvoiceRecords, 'countries' | 'states'>,
): Party {
  const head = commercial ?? partner;
  const address: Address = {
    ...(partner.id !== head.id && partner.name ? { name: partner.name } : {}),
    ...(partner.street ? { line1: partner.street } : {}),
    ...(partner.street2 ? { line2: partner.street2 } : {}),
    ...(partner.city ? { city: partner.city } : {}),
    ...regionOf(partner, records),
    ...(partner.zip ? { postalCode: partner.zip } : {}),
    ...(countryOf(partner, records) === undefined
      ? {}
      : { countryCode: countryOf(partner, records) as string }),
    ...(partner.global_location_number ? { gln: partner.global_location_number } : {}),
  };
  const email = partner.email || head.email;
  const phone = partner.phone || head.phone;
  return {
    name: head.name || partner.name || `${head.id}`,
    identifiers: identifiersOf(head, countryOf(head, records)),
    ...(email ? { email } : {}),
    ...(phone ? { phone } : {}),
    ...(Object.keys(address).length === 0 ? {} : { address }),
  };
}

export function countryOf(
  partner: PartnerRow | undefined,
  records: Pick<InvoiceRecords, 'countries'>,
): string | undefined {
  return records.countries.get(idOrZero(partner?.country_id));
}

function identifiersOf(partner: PartnerRow, country: string | undefined): Party['identifiers'] {
  const vat = partner.vat ? partner.vat.replace(/[\s.]/g, '').toUpperCase() : '';
  // EN 16931 wants the country in front; Odoo takes numbers of the company's own country without it.
  const prefixed =
    vat === '' || /^[A-Z]{2}/.test(vat) ? vat : country === undefined ? '' : `${country}${vat}`;
  return [
    { scheme: 'odoo:res.partner', value: String(partner.id) },
    ...(prefixed === '' ? [] : [{ scheme: 'vat', value: prefixed }]),
    ...(partner.global_location_number ? [{ scheme: 'gln', value: partner.global_location_number }] : []),
    ...(partner.ref ? [{ scheme: 'odoo:ref', value: partner.ref }] : []),
    ...(partner.company_registry
      ? [{ scheme: 'odoo:company_registry', value: partner.company_registry }]
      : []),
  ];
}

/** ISO 3166-2 without the country; Odoo has codes of its own for some countries. */
function regionOf(partner: PartnerRow, { states }: Pick<InvoiceRecords, 'states'>): { region?: string } {
  const code = states.get(idOrZero(partner.state_id));
  return code !== undefined && /^[A-Z0-9]{1,3}$/.test(code) ? { region: code } : {};
}
