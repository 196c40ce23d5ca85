/** The electronic address that Odoo gives a partner from its country, VAT number and company number. */
import type { Row } from '../database';
import type { Environment } from '../environment';
import { num, str } from '../model';

/** Country, and its schemes in the order in which they are tried, with the field that holds such an address. */
const SCHEMES = `
AD 9922=vat|AE 0235=vat|AL 9923=vat|AT 9915=vat|AU 0151=vat|BA 9924=vat|BE 0208=company_registry 9925=vat|BG 9926=vat
CH 9927=vat 0183|CY 9928=vat|CZ 9929=vat|DE 9930=vat|DK 0184=vat 0198=vat|EE 9931=vat|ES 9920=vat|FI 0216 0213=vat
FR 0009=company_registry 9957=vat 0002|SG 0195|GB 9932=vat|GR 9933=vat|HR 9934=vat 0088=company_registry|HU 9910
IE 9935=vat|IS 0196=vat|IT 0211=vat 0210|JP 0221=vat|LI 9936=vat|LT 9937=vat|LU 9938=vat
LV 0218=company_registry 9939=vat|MC 9940=vat|ME 9941=vat|MK 9942=vat|MT 9943=vat|MY 0230|NL 0106 0190|NO 0192
NZ 0088=company_registry|PL 9945=vat|PT 9946=vat|RO 9947=vat|RS 9948=vat|SE 0007=company_registry 9955=vat
SI 9949=vat|SK 9950=vat|SM 9951=vat|TR 9952=vat|VA 9953=vat`;

type Scheme = readonly [code: string, field: string | undefined];

const BY_COUNTRY: ReadonlyMap<string, readonly Scheme[]> = new Map(
  SCHEMES.trim()
    .split(/[|\n]/)
    .map((entry) => {
      const [country = '', ...schemes] = entry.split(' ');
      const pairs = schemes.map((scheme): Scheme => {
        const [code = '', field] = scheme.split('=');
        return [code, field];
      });
      return [country, pairs] as const;
    }),
);

/** Schemes with a form of their own; the others take up to 50 letters and digits. */
const FORMS: Readonly<Record<string, RegExp>> = {
  '0208': /^\d{10}$/,
  '0009': /^\d{14}$/,
  '0007': /^\d{10}$/,
};

function addressIn(partner: Row, [code, field]: Scheme): string | null {
  const value = field === undefined ? '' : str(partner[field]).replace(/[^a-zA-Z\d]/g, '');
  return (FORMS[code] ?? /^.{1,50}$/).test(value) ? value : null;
}

export function peppolOf(env: Environment, partner: Row): { scheme: string | null; address: string | null } {
  const country = num(partner.country_id);
  const code = country > 0 ? str(env.row('res.country', country).code) : '';
  const schemes = BY_COUNTRY.get(code) ?? [];
  const scheme = schemes.find((each) => addressIn(partner, each) !== null) ?? schemes[0];
  if (scheme === undefined) return { scheme: null, address: null };
  return { scheme: scheme[0], address: addressIn(partner, scheme) };
}
