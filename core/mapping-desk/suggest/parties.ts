/** Names and identifiers of parties and items, which partners spread over several fields. */
import type { Rule } from '../../mapping';
import { type Context, type Draft, personName, reason } from './context';
import { rowsFor } from './fixed';
import { holdsGtins, type Match, matchesOf, targetRole } from './match';
import type { Role } from './names';
import type { Candidate } from './source';

/** Suggestions for a party's name: company, whole name, or first and last name. */
export function partyNameDrafts(path: string, context: Context): Draft[] {
  const role = targetRole(path);
  const header = context.header();
  const home = addressOf(path, context);
  const found = matchesOf(context.field(path), header, context.ask.memory)
    .map((match) => ({
      ...match,
      score: match.score + (home === undefined ? 0 : home === parentOf(match.candidate) ? 0.05 : -0.25),
    }))
    .filter(({ score }) => score >= 0.5)
    .sort((a, b) => b.score - a.score);
  const drafts: Draft[] = [];
  const isCompany = ({ candidate }: Match): boolean => candidate.name.own.includes('company');
  const draft = (paths: readonly string[], score: number, reasons: Draft['reasons']): void => {
    const more =
      paths.length > 1 ? [reason('structure', `Of ${paths.join(', ')} the first that has a value.`)] : [];
    const from = paths.length === 1 ? paths[0] : paths;
    drafts.push({
      rule: { target: path, ...(from === undefined ? {} : { from }), transforms: ['trim'], required: true },
      also: context.root,
      score,
      reasons: [...reasons, ...more],
    });
  };
  const filled = found.filter(({ candidate }) => candidate.field.count > 0);
  const company = filled.find(isCompany);
  const whole = filled.find((match) => !isCompany(match));
  // A company goes before the person who orders for it; what is empty in this sample may be there in the next.
  const companies = found
    .filter(isCompany)
    .filter(
      ({ candidate }) =>
        candidate === company?.candidate || parentOf(candidate) === (home ?? parentOf(whole?.candidate)),
    );
  if (company !== undefined) {
    const paths = [
      ...new Set(
        [...companies, company, ...(whole === undefined ? [] : [whole])].map(
          ({ candidate }) => candidate.path,
        ),
      ),
    ];
    draft(paths, Math.max(company.score, (whole?.score ?? 0) + 0.01), [
      ...company.reasons,
      reason('structure', 'A company goes before the person.'),
    ]);
  }
  if (whole !== undefined)
    draft(
      [
        ...companies
          .map(({ candidate }) => candidate.path)
          .filter((each) => each !== company?.candidate.path),
        whole.candidate.path,
      ],
      whole.score,
      whole.reasons,
    );
  for (const roleOfPerson of rolesFor(role)) {
    const person = personName(
      header.filter(({ field }) => field.count > 0),
      roleOfPerson,
    );
    if (person === undefined) continue;
    const [first, last] = person;
    drafts.push({
      rule: {
        target: path,
        from: first.path,
        transforms: [{ concat: { with: [{ from: last.path }], separator: ' ' } }, 'trim'],
        required: true,
      },
      also: context.root,
      score: roleOfPerson === role ? 0.8 : roleOfPerson === undefined ? 0.6 : 0.66,
      reasons: [reason('name', 'First and last name make the name.')],
    });
    break;
  }
  if (drafts.length === 0 && context.field(path).required === 'always')
    drafts.push(...stranger(path, role, context));
  else if (drafts.length === 0) drafts.push(...byNumber(path, role, context));
  return drafts.sort((a, b) => b.score - a.score);
}

/** Who has no name of his own: his number, or the buyer's name. */
function stranger(path: string, role: Role | undefined, context: Context): Draft[] {
  const numbered = byNumber(path, role, context);
  if (numbered.length > 0) return numbered;
  const [buyer] = role === 'buyer' ? [] : partyNameDrafts('parties.buyer.name', context);
  if (buyer === undefined) return [nobody(path, context)];
  const reasons = [reason('structure', 'Nobody else is named.')];
  return [{ ...buyer, rule: { ...buyer.rule, target: path }, score: 0.62, reasons }];
}

/** Marketplaces keep personal data back from those without the right to it: the contract needs a name all the same. */
function nobody(path: string, context: Context): Draft {
  const name =
    context.system === ''
      ? 'Customer'
      : `${context.system.charAt(0).toUpperCase()}${context.system.slice(1)} customer`;
  const text = 'The message names nobody, and the contract needs a name.';
  return {
    rule: { target: path, const: name },
    also: context.root,
    score: 0.68,
    reasons: [reason('contract', text)],
  };
}

function byNumber(path: string, role: Role | undefined, context: Context): Draft[] {
  const id = partyId(role, context);
  if (id === undefined) return [];
  const rule = { target: path, from: id.path, transforms: ['string', 'trim'], required: true };
  return [
    { rule, also: context.root, score: 0.7, reasons: [reason('structure', 'Only its number is sent.')] },
  ];
}

function partyId(role: Role | undefined, context: Context): Candidate | undefined {
  return context
    .header()
    .find(
      ({ name, role: own, field }) =>
        own === role && field.count > 0 && name.own.includes('party') && name.own.includes('id'),
    );
}

/** Where a party's address is: its name is there, too. */
function addressOf(path: string, context: Context): string | undefined {
  const city = context.best(path.replace(/name$/, 'address.city'));
  return city === undefined || city.score < 0.8 ? undefined : parentOf(city.candidate);
}

function parentOf(candidate: Candidate | undefined): string {
  return candidate === undefined ? '' : candidate.path.replace(/\.?[^.]*$/, '');
}

function rolesFor(role: Role | undefined): (Role | undefined)[] {
  if (role === 'buyer') return ['buyer', 'bill', undefined];
  return role === 'ship' ? ['ship', undefined] : [role];
}

/** One identifier that was found, as the rows of its group. */
interface Identifier {
  readonly group: string;
  readonly scheme: string;
  readonly candidate: Candidate;
  readonly score: number;
  readonly text: string;
}

/** Suggestions for `….identifiers[].value` and `.scheme`: the best as the rule, the others with it. */
export function identifierDrafts(path: string, context: Context): Draft[] {
  const list = path.replace(/\[\]\.(?:value|scheme)$/, '');
  const found = list.startsWith('parties.')
    ? partyIdentifiers(list, context)
    : itemIdentifiers(list, context);
  const rows = rowsFor(path, context);
  const value = path.endsWith('.value');
  const [best] = found;
  return found.slice(0, 3).map((identifier, index) => {
    const others = index === 0 ? found.slice(1).filter(({ score }) => score >= 0.7) : [];
    const mine = identifierRows(list, identifier);
    const rule = mine.find(({ target }) => target.endsWith(value ? '.value' : '.scheme')) as Rule;
    const also = [
      ...rows,
      ...mine.filter((row) => row !== rule),
      ...others.flatMap((other) => identifierRows(list, other)),
    ];
    // The first one is put in with the others: it goes first.
    const score =
      index === 0 ? identifier.score : Math.min(identifier.score, (best?.score ?? 1) - 0.02 * index);
    return { rule, also, score, reasons: [reason('name', identifier.text)] };
  });
}

function identifierRows(list: string, { group, scheme, candidate }: Identifier): Rule[] {
  const target = `${list}[${group}]`;
  return [
    { target, where: [{ from: candidate.path, exists: true }] },
    { target: `${target}.scheme`, const: scheme },
    {
      target: `${target}.value`,
      from: candidate.path,
      transforms: scheme === 'email' ? ['trim', 'lower'] : ['string', 'trim'],
    },
  ];
}

type Fits = (candidate: Candidate, own: ReadonlySet<string>) => boolean;

/** Takes the first field that fits; each field serves once. */
class Finder {
  readonly found: Identifier[] = [];

  constructor(readonly scope: readonly Candidate[]) {}

  add(group: string, scheme: string, score: number, text: string, fits: Fits): void {
    if (this.found.some((each) => each.group === group)) return;
    const taken = new Set(this.found.map(({ candidate }) => candidate.path));
    const candidate = this.scope.find((each) => !taken.has(each.path) && fits(each, new Set(each.name.own)));
    if (candidate !== undefined) this.found.push({ group, scheme, candidate, score, text });
  }
}

/** Words of what an item's own ids are of. */
const PRODUCTS = ['item', 'variant', 'offer'];

/** `inventory_item_id` as `inventoryItem`. */
function kindOf(path: string): string {
  const name = (path.split('.').at(-1) ?? '').replace(/[_-]?id$/i, '');
  const camel = name.replace(/[_-]+([a-z])/gi, (_all, letter: string) => letter.toUpperCase());
  return camel.charAt(0).toLowerCase() + camel.slice(1);
}

/** Shops write 0 for what is not there. */
function hasValue({ field }: Candidate): boolean {
  return field.count > 0 && !field.examples.every((text) => text === '0') && field.type !== 'boolean';
}

function itemIdentifiers(list: string, context: Context): Identifier[] {
  const scope = (list.startsWith('lines[]') ? context.line() : context.header()).filter(hasValue);
  const system = context.system === '' ? 'partner' : context.system;
  const finder = new Finder(scope);
  const { found } = finder;
  const mine = (own: ReadonlySet<string>): boolean =>
    !['customer', 'description', 'title', 'quantity', 'line', 'sequence'].some((word) => own.has(word));
  const isAsin: Fits = ({ field }) => field.examples.every((text) => /^B0[A-Z0-9]{8}$/.test(text));
  finder.add(
    'sku',
    'sku',
    0.9,
    "It is the seller's item number.",
    (each, own) =>
      own.has('sku') &&
      mine(own) &&
      !(
        own.has('item') &&
        own.size === 2 &&
        scope.some(({ name }) => name.own.includes('offer') && name.own.includes('sku'))
      ) &&
      !isAsin(each, own),
  );
  finder.add(
    'sku',
    'sku',
    0.8,
    "It is the seller's identifier of the item.",
    (each, own) => own.has('item') && own.has('seller') && mine(own) && !isAsin(each, own),
  );
  finder.add(
    'sku',
    'sku',
    0.78,
    "It is called the item's number.",
    (each, own) =>
      own.has('item') &&
      (own.has('number') || own.has('code')) &&
      mine(own) &&
      !holdsGtins(each) &&
      !isAsin(each, own),
  );
  finder.add(
    'gtin',
    'gtin',
    0.86,
    'It is called a GTIN, EAN or UPC.',
    (_, own) => own.has('gtin') && mine(own),
  );
  finder.add(
    'gtin',
    'gtin',
    0.8,
    'Its values have the check digits of GTINs.',
    (each, own) => holdsGtins(each) && mine(own),
  );
  finder.add(
    'asin',
    'asin',
    0.86,
    "It is Amazon's number of the item.",
    (each, own) => own.has('asin') || isAsin(each, own),
  );
  finder.add(
    'buyer',
    'buyerSku',
    0.74,
    "It is the buyer's item number.",
    (_, own) => own.has('customer') && (own.has('item') || own.has('sku')),
  );
  const ids = scope.filter(
    ({ path, name }) => /[a-z_]id$/i.test(path) && PRODUCTS.some((word) => name.own.includes(word)),
  );
  // A line's own id is none of its item's.
  const lineId = context.best('lines[].lineId', context.line())?.candidate;
  const variant = ids.find(({ name }) => name.own.includes('variant'));
  for (const id of ids) {
    // The product of a variant says less than the variant.
    if (id.path === lineId?.path && context.fields.has('lines[].lineId')) continue;
    if (variant !== undefined && id !== variant && !id.name.own.includes('offer')) continue;
    const kind = kindOf(id.path);
    finder.add(kind, `${system}:${kind}`, 0.7, "It is the partner's own id of it.", (each) => each === id);
  }
  if (found.length === 0) {
    finder.add(
      'item',
      'sku',
      0.55,
      'Nothing else names the item.',
      ({ name, field }, own) =>
        (own.has('item') || name.around.at(-1) === 'item') &&
        (own.size === 1 || own.has('id')) &&
        field.looks !== 'decimal',
    );
  }
  return found;
}

function partyIdentifiers(list: string, context: Context): Identifier[] {
  const role = targetRole(list);
  const system = context.system === '' ? 'partner' : context.system;
  const finder = new Finder(context.header().filter(hasValue));
  const isRole = ({ role: own }: Candidate): boolean => own === role;
  finder.add(
    'gln',
    'gln',
    0.85,
    'It is called a GLN.',
    (candidate, own) => isRole(candidate) && own.has('gln'),
  );
  finder.add(
    'party',
    `${system}:party`,
    0.72,
    "It is the partner's number of the party.",
    (candidate, own) => isRole(candidate) && own.has('party') && own.has('id'),
  );
  if (role !== 'buyer') return finder.found;
  finder.add(
    'customer',
    `${system}:customer`,
    0.82,
    "It is the partner's number of the customer.",
    (candidate, own) =>
      candidate.role === 'buyer' &&
      (own.has('id') || own.has('number')) &&
      !['tax', 'order', 'item', 'phone', 'party', 'address'].some((word) => own.has(word)),
  );
  const vat = (): void =>
    finder.add(
      'vat',
      'vat',
      0.75,
      'It is the tax number.',
      (candidate, own) =>
        (own.has('tax') || candidate.name.around.at(-1) === 'tax') &&
        ['id', 'number', 'value'].some((word) => own.has(word)) &&
        !/\]\.id$/.test(candidate.path) &&
        candidate.role !== 'seller',
    );
  const email = (): void =>
    finder.add(
      'email',
      'email',
      0.7,
      'The mail address tells customers apart.',
      (candidate) =>
        candidate.field.looks === 'email' && candidate.role !== 'seller' && candidate.role !== 'ship',
    );
  email();
  vat();
  return finder.found;
}
