/** Names and identifiers of parties and items, which partners spread over several fields. */
import type { Rule } from '../../mapping';
import { type Context, type Draft, personName, reason } from './context';
import { rowsFor } from './fixed';
import { holdsGtins, matchesOf, targetRole } from './match';
import type { Role } from './names';
import type { Candidate } from './source';
import { isMissingText } from './text';

/** Suggestions for a party's name: company, whole name, or first and last name. */
export function partyNameDrafts(path: string, context: Context): Draft[] {
  const role = targetRole(path);
  const header = context.header();
  const found = matchesOf(context.field(path), header, context.ask.memory);
  const drafts: Draft[] = [];
  const ofRole = found.filter(({ score }) => score >= 0.6);
  const filled = ofRole.filter(({ candidate }) => candidate.field.count > 0);
  const best = filled[0];
  if (best !== undefined) {
    // What is empty in this sample may be there in the next: a company goes before a person.
    const emptier = ofRole.filter(
      ({ candidate, score }) =>
        candidate.field.count === 0 &&
        score > best.score - 0.32 &&
        candidate.name.own.includes('company') &&
        sameParent(candidate, best.candidate),
    );
    const others = filled
      .slice(1)
      .filter(({ candidate, score }) => score > best.score - 0.15 && sameParent(candidate, best.candidate));
    const paths = [...emptier, best, ...others].map(({ candidate }) => candidate.path);
    drafts.push({
      rule: {
        target: path,
        from: paths.length === 1 ? best.candidate.path : paths,
        transforms: ['trim'],
        required: true,
      },
      also: context.root,
      score: best.score,
      reasons: [
        ...best.reasons,
        ...(paths.length > 1
          ? [reason('structure', `Of ${paths.join(', ')} the first that has a value.`)]
          : []),
      ],
    });
  }
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
      score: roleOfPerson === role ? 0.84 : roleOfPerson === undefined ? 0.6 : 0.66,
      reasons: [reason('name', 'First and last name make the name.')],
    });
    break;
  }
  if (drafts.length === 0 && role !== 'buyer') {
    const [buyer] = partyNameDrafts('parties.buyer.name', context);
    if (buyer !== undefined)
      drafts.push({
        ...buyer,
        rule: { ...buyer.rule, target: path },
        score: 0.5,
        reasons: [reason('structure', 'Nobody else is named.')],
      });
  }
  return drafts.sort((a, b) => b.score - a.score);
}

function rolesFor(role: Role | undefined): (Role | undefined)[] {
  if (role === 'buyer') return ['buyer', 'bill', undefined];
  return role === 'bill' ? ['bill', 'buyer', undefined] : [role, undefined];
}

function sameParent(a: Candidate, b: Candidate): boolean {
  return a.path.replace(/\.?[^.]*$/, '') === b.path.replace(/\.?[^.]*$/, '');
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
  return found.slice(0, 3).map((identifier, index) => {
    const others = index === 0 ? found.slice(1).filter(({ score }) => score >= 0.7) : [];
    const mine = identifierRows(list, identifier);
    const rule = mine.find(({ target }) => target.endsWith(value ? '.value' : '.scheme')) as Rule;
    const also = [
      ...rows,
      ...mine.filter((row) => row !== rule),
      ...others.flatMap((other) => identifierRows(list, other)),
    ];
    return { rule, also, score: identifier.score, reasons: [reason('name', identifier.text)] };
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

function itemIdentifiers(list: string, context: Context): Identifier[] {
  const scope = (list.startsWith('lines[]') ? context.line() : context.header()).filter(
    ({ field }) => !isMissingText(field),
  );
  const system = context.system === '' ? 'partner' : context.system;
  const found: Identifier[] = [];
  const add = (
    group: string,
    scheme: string,
    score: number,
    text: string,
    fits: (candidate: Candidate, own: Set<string>) => boolean,
  ): void => {
    const taken = new Set(found.map(({ candidate }) => candidate.path));
    const candidate = scope.find((each) => !taken.has(each.path) && fits(each, new Set(each.name.own)));
    if (candidate !== undefined) found.push({ group, scheme, candidate, score, text });
  };
  const mine = (own: Set<string>): boolean =>
    !own.has('customer') && !own.has('description') && !own.has('title');
  add('sku', 'sku', 0.9, "It is the seller's item number.", (_, own) => own.has('sku') && mine(own));
  add(
    'sku',
    'sku',
    0.78,
    "It is called the item's number.",
    (candidate, own) =>
      own.has('item') &&
      (own.has('number') || own.has('code')) &&
      mine(own) &&
      !holdsGtins(candidate) &&
      !found.length,
  );
  add(
    'sku',
    'sku',
    0.72,
    "It is the seller's identifier of the item.",
    (_, own) =>
      own.has('item') && own.has('seller') && (own.has('id') || own.has('identifier')) && !found.length,
  );
  add('gtin', 'gtin', 0.86, 'It is called a GTIN, EAN or UPC.', (_, own) => own.has('gtin'));
  add('gtin', 'gtin', 0.8, 'Its values have the check digits of GTINs.', (candidate) =>
    holdsGtins(candidate),
  );
  add('asin', 'asin', 0.86, "It is Amazon's number of the item.", (_, own) => own.has('asin'));
  add(
    'buyer',
    'buyerSku',
    0.74,
    "It is the buyer's item number.",
    (_, own) => own.has('customer') && (own.has('item') || own.has('sku')),
  );
  add(
    'variant',
    `${system}:variant`,
    0.72,
    "It is the shop's id of the variant.",
    (_, own) => own.has('variant') && own.has('id'),
  );
  add(
    'item',
    'sku',
    0.55,
    'Nothing else names the item.',
    (candidate, own) =>
      found.length === 0 &&
      (own.has('item') || candidate.name.around.at(-1) === 'item') &&
      (own.size === 1 || own.has('id')) &&
      candidate.field.looks !== 'decimal',
  );
  return found;
}

function partyIdentifiers(list: string, context: Context): Identifier[] {
  const role = targetRole(list);
  const system = context.system === '' ? 'partner' : context.system;
  const scope = context.header().filter(({ field }) => !isMissingText(field));
  const found: Identifier[] = [];
  const add = (
    group: string,
    scheme: string,
    score: number,
    text: string,
    fits: (candidate: Candidate, own: Set<string>) => boolean,
  ): void => {
    const candidate = scope.find((each) => fits(each, new Set(each.name.own)));
    if (candidate !== undefined) found.push({ group, scheme, candidate, score, text });
  };
  const isRole = ({ role: own }: Candidate): boolean => own === role;
  add('gln', 'gln', 0.85, 'It is called a GLN.', (candidate, own) => isRole(candidate) && own.has('gln'));
  if (role !== 'buyer') return found;
  add(
    'customer',
    `${system}:customer`,
    0.82,
    "It is the partner's number of the customer.",
    (candidate, own) =>
      candidate.role === 'buyer' &&
      (own.has('id') || own.has('number')) &&
      !own.has('tax') &&
      !own.has('order') &&
      !own.has('item') &&
      !own.has('phone'),
  );
  add(
    'vat',
    'vat',
    0.75,
    'It is the tax number.',
    (candidate, own) => own.has('tax') && (own.has('id') || own.has('number')) && candidate.role !== 'seller',
  );
  add(
    'email',
    'email',
    0.7,
    'The mail address tells customers apart.',
    (candidate) =>
      candidate.field.looks === 'email' && candidate.role !== 'seller' && candidate.role !== 'ship',
  );
  return found;
}
