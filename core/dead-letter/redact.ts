/**
 * What of a document may be shown to those who may read the dead letters, but no personal data. Documents of our
 * contracts are redacted by the data classes of their fields; what no contract knows, by the fields' names.
 */
import { contracts, type DataClass } from '../contract';

export interface Redacted {
  readonly value: unknown;
  /** How many values were redacted. */
  readonly redacted: number;
}

export const PERSONAL = '[personal]';
export const CONFIDENTIAL = '[confidential]';

/** Fields that are personal wherever they are, without separators and in lower case; English and German names. */
const PERSONAL_NAMES =
  /^(e?mails?|emailaddress|.*email|phone|.*phone|(tele)?phonenumber|(mobile|fax)number|.*telephone|tel|mobile|fax|firstname|lastname|surname|givenname|familyname|middlename|fullname|.*username|login|nickname|salutation|street.*|addressline\d?|address\d|city|zip|zipcode|postcode|postalcode|province|latitude|longitude|ip|.*ipaddress|browserip|useragent|birth.*|dateofbirth|dob|gender|iban|bic|.*cardnumber|.*accountnumber|taxid|vatid|vatnumber|ssn|note|notes|.*comment|.*comments|remark|remarks|.*instructions|giftmessage|password|.*secret|.*token|apikey|authorization|signature|vorname|nachname|stra(ss)?e|hausnummer|plz|ort|telefon.*|handy|anschrift|geburtsdatum|bemerkung)$/;
/** Below these everything is about a person. */
const PERSONAL_PARENTS =
  /^(customer|buyer|contact|recipient|consignee|shipto|billto|person|employee|.*address|shipping|billing|delivery(address)?|clientdetails|kunde|empf(ae)?nger|ansprechpartner|.*(adresse|anschrift))$/;
/** Names of things, not of persons. */
const THINGS =
  /^(item|product|article|lineitem|line|variant|tax|taxline|shippingline|warehouse|location|channel|carrier|category|currency|unit)s?$/;
/** From the last character before the `@`: a pattern that takes all of them tries again from each, for minutes in a long text. */
const EMAIL = /[^\s@<>"']@[^\s@<>"']+\.[a-z]{2,}/i;
const NO_NAME = /[\s@<>"']/;
const MAX_DEPTH = 60;

/** A copy of the document without what its readers must not see. */
export function redact(document: unknown): Redacted {
  const contract = contractOf(document);
  let redacted = 0;
  const hide = (as: string): string => {
    redacted += 1;
    return as;
  };
  const walk = (value: unknown, pointer: string, trail: Trail): unknown => {
    if (trail.depth > MAX_DEPTH) return hide(CONFIDENTIAL);
    if (Array.isArray(value)) {
      return value.map((entry, index) => walk(entry, `${pointer}/${index}`, deeper(trail, undefined)));
    }
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [
          name,
          walk(inner, `${pointer}/${escaped(name)}`, deeper(trail, name)),
        ]),
      );
    }
    if (value === null || value === '' || typeof value === 'boolean') return value;
    const known = contract === undefined ? undefined : classAt(contract, pointer);
    if (known === 'pii') return hide(PERSONAL);
    if (known === 'confidential') return hide(CONFIDENTIAL);
    if (known === undefined && trail.personal) return hide(PERSONAL);
    return typeof value === 'string' && EMAIL.test(value) ? hide(PERSONAL) : value;
  };
  const value = walk(document, '', { depth: 0, personal: false, within: false, thing: false });
  return { value, redacted };
}

/** A sentence without mail addresses: what other nodes report may quote anything. */
export function redactText(text: string): string {
  let shown = '';
  let done = 0;
  for (const { index, 0: found } of text.matchAll(new RegExp(EMAIL, 'gi'))) {
    let from = index;
    while (from > done && !NO_NAME.test(text.charAt(from - 1))) from -= 1;
    shown += `${text.slice(done, from)}${PERSONAL}`;
    done = index + found.length;
  }
  return shown + text.slice(done);
}

/** How sensitive a place of a canonical order is: what no contract knows counts as personal. */
export function mayShow(contract: Contract, pointer: string): string | undefined {
  const known = classAt(contract, pointer);
  if (known === 'public' || known === 'internal') return undefined;
  return known === 'confidential' ? CONFIDENTIAL : PERSONAL;
}

interface Trail {
  readonly depth: number;
  /** The value is personal by the names on the way to it. */
  readonly personal: boolean;
  /** Inside of something that is about a person. */
  readonly within: boolean;
  /** Inside of something that is about a thing. */
  readonly thing: boolean;
}

function deeper(trail: Trail, name: string | undefined): Trail {
  const depth = trail.depth + 1;
  if (name === undefined) return { ...trail, depth };
  const plain = name.replace(/[^a-z0-9]/gi, '').toLowerCase();
  const thing = THINGS.test(plain);
  const within = trail.within || (!thing && PERSONAL_PARENTS.test(plain));
  const named = PERSONAL_NAMES.test(plain) || (plain === 'name' && trail.depth > 0 && !trail.thing);
  return { depth, within, thing: thing || trail.thing, personal: within || named };
}

/** A contract by its name and version. */
export interface Contract {
  readonly name: string;
  readonly version: string;
}

/** The built-in contract that a document looks like; its class rules hold then, even if it does not keep it. */
export function contractOf(document: unknown): Contract | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  const has = (...names: string[]): boolean => names.every((name) => Object.hasOwn(document, name));
  let name: string | undefined;
  if (has('schemaVersion', 'lines')) name = 'order';
  else if (has('schemaVersion', 'item', 'location')) name = 'inventory-level';
  else if (has('line_items', 'billing') || has('line_items', 'shipping', 'date_created'))
    name = 'woocommerce-order';
  else if (has('line_items')) name = 'shopify-order';
  if (name === undefined) return undefined;
  const found = contracts()
    .list()
    .find((contract) => contract.name === name);
  return found;
}

function classAt({ name, version }: Contract, pointer: string): DataClass | undefined {
  return contracts().classOf(name, version, pointer);
}

function escaped(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}
