/** Drafts of suggestions for one target field: from the source, or from what is known without it. */
import type { Rule } from '../../mapping';
import type { ContractField } from '../api';
import { type Context, type Draft, reason } from './context';
import { enumOverlap } from './enums';
import { fixedDrafts, keyDrafts, rowsFor } from './fixed';
import { groupDrafts } from './groups';
import { matchesOf } from './match';
import { identifierDrafts, partyNameDrafts } from './parties';
import { numberOf, ruleOf, transformsFor } from './rules';
import type { Candidate } from './source';
import { stockDrafts } from './stock';
import { totalDrafts } from './totals';
import { unitScheme } from './units';

export function draftsFor(field: ContractField, context: Context): Draft[] {
  const { path } = field;
  if (/identifiers\[\]\.(?:value|scheme)$/.test(path)) return identifierDrafts(path, context);
  if (/identifiers$/.test(path)) {
    const none = identifierDrafts(`${path}[].value`, context).length === 0;
    return none && field.required !== false
      ? [emptyList(path, context, 'Nothing in the message identifies it.')]
      : [];
  }
  if (/(?:^|\.)(?:taxes|allowancesCharges)(?:\[\]|$)/.test(path) && !path.endsWith('[]')) {
    return context.fields.has('totals') ? groupDrafts(path, context) : [];
  }
  if (!field.leaf) {
    const optionalList = field.type === 'list' && field.required !== false;
    return optionalList && !path.includes('lines') ? [emptyList(path, context, 'It can stay empty.')] : [];
  }
  if (path.startsWith('totals.')) return totalDrafts(path, context);
  if (path === 'notes') return noteDrafts(field, context);
  if (/^parties\.[A-Za-z]+\.name$/.test(path)) return partyNameDrafts(path, context);
  if (path.startsWith('extensions')) return [];
  if (path === 'currency') return currencyDrafts(field, context);
  if (/orderRef\.id$/.test(path)) return keyDrafts(context, path);
  if (path === 'provenance.externalId' && !context.fields.has('externalId'))
    return ownIdDrafts(field, context);
  return withFallback(
    sorted([
      ...matchedDrafts(field, context),
      ...stockDrafts(field, context),
      ...fixedDrafts(field, context),
    ]),
    field,
    context,
  );
}

/** A field that is not in every entry: the next best row stands in where it is missing. */
function withFallback(drafts: Draft[], field: ContractField, context: Context): Draft[] {
  const [best] = drafts;
  const from = best?.rule.from;
  if (best === undefined || typeof from !== 'string' || field.required === false) return drafts;
  const scope = scopeOf(field, context) ?? [];
  const own = scope.find(({ path }) => path === from);
  const all = scope
    .filter(({ list }) => list === own?.list)
    .reduce((most, { field: { count } }) => Math.max(most, count), 0);
  if (own === undefined || own.list === '' || own.field.count >= all) return drafts;
  const fallback = drafts.find(
    ({ rule }) =>
      rule.from === undefined ||
      rule.from === '$number' ||
      (context.fields.has('onHand') && rule.from !== from),
  );
  if (fallback === undefined) return drafts;
  const { required: _required, ...direct } = best.rule;
  const text = `${own.field.count} of ${all} entries have it; for the others: ${fallback.reasons[0]?.text ?? 'the next row.'}`;
  const combined: Draft = {
    rule: fallback.rule,
    also: [...best.also, ...fallback.also, direct],
    score: best.score + 0.001,
    reasons: [...best.reasons, reason('structure', text)],
  };
  return [combined, ...drafts];
}

function emptyList(path: string, context: Context, text: string): Draft {
  return {
    rule: { target: path, const: [] },
    also: rowsFor(path, context),
    score: 0.8,
    reasons: [reason('structure', text)],
  };
}

function noteDrafts(field: ContractField, context: Context): Draft[] {
  const [best] = matchesOf(field, context.header(), context.ask.memory);
  if (best === undefined) return [emptyList('notes', context, 'The message has no note.')];
  const rule: Rule = {
    target: 'notes[note]',
    from: best.candidate.path,
    transforms: ['trim', { truncate: 10000 }],
  };
  return [{ rule, also: context.root, score: best.score, reasons: best.reasons }];
}

/** The partner's id of what the object is: of a return the return's, not the order's. */
function ownIdDrafts(field: ContractField, context: Context): Draft[] {
  const own = context.ask.fields.find(({ path }) => /^[a-z]+Id$/.test(path));
  if (own === undefined) return [];
  return matchedDrafts(own, context).map((draft) => ({
    ...draft,
    rule: { ...draft.rule, target: field.path },
  }));
}

function currencyDrafts(field: ContractField, context: Context): Draft[] {
  return context.currencies().map(({ candidate, score, reasons }) => ({
    rule: ruleOf(field.path, candidate.path, context.currencyTransforms(candidate), field.required !== false),
    also: context.root,
    score: candidate.list === '' || candidate.list === context.documents ? score : score - 0.1,
    reasons,
  }));
}

/** Fields of the source by name, type and values. */
function matchedDrafts(field: ContractField, context: Context): Draft[] {
  const scope = scopeOf(field, context);
  if (scope === undefined) return [];
  const drafts: Draft[] = [];
  for (const { candidate, score, reasons } of matchesOf(field, scope, context.ask.memory).slice(0, 6)) {
    const made = transformsFor(field, candidate);
    const currency = made.money ? context.currencyRow() : undefined;
    const transforms =
      made.money && currency === undefined
        ? made.transforms.filter((each) => !isRound(each))
        : made.transforms;
    const structure =
      field.list === 'lines[]' && context.lines !== undefined
        ? [
            reason(
              'structure',
              `${context.lines.path.replace(/\[\]$/, '') || 'Each row'} is the list of the lines.`,
            ),
          ]
        : [];
    const scheme = /(?:^|\.)unit$/.test(field.path)
      ? unitScheme(candidate.field.examples, context)
      : undefined;
    if (scheme !== undefined) {
      const listed = ruleOf(field.path, candidate.path, [{ unit: { scheme } }], field.required !== false);
      const text = `All its codes are in the list ${scheme}; one that is unknown later can be taught.`;
      drafts.push({
        rule: listed,
        also: rowsFor(field.path, context),
        score: score + 0.01,
        reasons: [...reasons, reason('enum', text)],
      });
    }
    const ofLine =
      field.path === 'lines[].unitPrice.amount' && drafts.length === 0
        ? priceOfLine(candidate, context)
        : undefined;
    if (ofLine !== undefined)
      drafts.push({
        ...ofLine,
        also: [...rowsFor(field.path, context), ...(currency === undefined ? [] : [currency])],
        score,
      });
    drafts.push({
      rule: ruleOf(field.path, candidate.path, transforms, field.required !== false),
      also: [...rowsFor(field.path, context), ...(currency === undefined ? [] : [currency])],
      score:
        score - made.doubt - (ofLine === undefined ? 0 : 0.2) - (field.path.startsWith('status.') ? 0.25 : 0),
      reasons: [...reasons, ...made.reasons, ...structure],
    });
  }
  if (field.enum !== undefined && drafts.length === 0) drafts.push(...overlapDrafts(field, scope, context));
  return drafts;
}

/** The amount of a line by its quantity, where the sample's numbers foot only so. */
function priceOfLine(price: Candidate, context: Context): Pick<Draft, 'rule' | 'reasons'> | undefined {
  const quantity = context.best('lines[].quantity.original', context.line())?.candidate;
  if (quantity === undefined || !context.sums().priceOfLine) return undefined;
  const divide = { divide: { from: quantity.path, transforms: [numberOf(quantity)] } };
  const transforms = [numberOf(price), divide, { round: { digits: 6, min: 'currency' } }];
  return {
    rule: {
      ...ruleOf('lines[].unitPrice.amount', price.path, transforms, true),
      where: [{ from: quantity.path, transforms: [numberOf(quantity)], greaterThan: 0 }],
    },
    reasons: [reason('value', 'The totals foot only when this is the amount of the whole line.')],
  };
}

/** No name fits, but the values are our own words. */
function overlapDrafts(field: ContractField, scope: readonly Candidate[], context: Context): Draft[] {
  return scope
    .filter(
      (candidate) =>
        candidate.field.type === 'text' && enumOverlap(candidate.field.examples, field.enum ?? []) === 1,
    )
    .slice(0, 2)
    .map((candidate) => {
      const made = transformsFor(field, candidate);
      return {
        rule: ruleOf(field.path, candidate.path, made.transforms, field.required !== false),
        also: rowsFor(field.path, context),
        score: 0.48,
        reasons: [reason('enum', 'Its values are words for this field.'), ...made.reasons],
      };
    });
}

/** Where the values of a target may come from: the document's own fields, or those of one line. */
function scopeOf(field: ContractField, context: Context): Candidate[] | undefined {
  if (field.list === undefined) return context.header();
  if (field.list === 'lines[]') return context.line();
  return undefined;
}

function isRound(transform: unknown): boolean {
  return typeof transform === 'object' && transform !== null && Object.hasOwn(transform, 'round');
}

export function sorted(drafts: Draft[]): Draft[] {
  return drafts.sort((a, b) => b.score - a.score);
}
