/** Suggestions for the fields of a target that no row fills yet. Nothing is applied: people accept. */
import type { ContractRegistry } from '../../contract';
import { compileMapping, type MappingSpec, type Rule, type TransformSpec } from '../../mapping';
import type { ContractField, SourceField, SuggestAnswer, Suggestion, TargetSuggestions } from '../api';
import { contractFields } from '../contract-fields';
import { looksLike } from '../looks';
import { plainPath } from '../paths';
import { sourceFields } from '../source-fields';
import { completed, contextOf, shortened } from '../try';
import { groupDrafts, totalDrafts } from './amounts';
import { confidenceOf } from './calibration';
import { Context, type Draft, reason } from './context';
import { enumOverlap } from './enums';
import { fixedDrafts, keyDrafts, rowsFor } from './fixed';
import { matchesOf } from './match';
import { type Memory, NO_MEMORY } from './memory';
import { identifierDrafts, partyNameDrafts } from './parties';
import { numberOf, ruleOf, transformsFor } from './rules';
import { type Candidate, sourceOf } from './source';

export interface SuggestOptions {
  readonly registry: ContractRegistry;
  readonly memory?: Memory;
  /** Only these targets. */
  readonly targets?: readonly string[];
}

const MAX_SUGGESTIONS = 3;
/** Below this a suggestion costs more time than it saves. */
const MIN_SCORE = 0.4;

/** @param document the sample; undefined: the source contract's fields and examples stand for one */
export async function suggest(
  given: unknown,
  document: unknown,
  options: SuggestOptions,
): Promise<SuggestAnswer> {
  const begun = performance.now();
  const spec = completed(given);
  const { registry, memory = NO_MEMORY } = options;
  const fields = contractFields(registry.schema(spec.to.contract, spec.to.version));
  const unwrapped = unwrap(spec, document);
  const source = unwrapped === undefined ? contractSource(spec, registry) : sourceFields(unwrapped).fields;
  const context = new Context({
    spec,
    fields,
    source: sourceOf(source, Array.isArray(unwrapped)),
    memory,
    document: unwrapped,
  });
  const filled = new Set(spec.rules.map(({ target }) => plainPath(String(target))));
  const wanted = options.targets === undefined ? undefined : new Set(options.targets.map(plainPath));
  const found: { field: ContractField; drafts: Draft[] }[] = [];
  for (const field of fields) {
    if (wanted === undefined ? isFilled(field, filled) : !wanted.has(field.path)) continue;
    const drafts = unique(draftsFor(field, context)).filter(({ score }) => score >= MIN_SCORE);
    if (drafts.length === 0 && (wanted === undefined ? field.required === false || !field.leaf : false))
      continue;
    found.push({ field, drafts: drafts.slice(0, MAX_SUGGESTIONS) });
  }
  const values = await valuesOf(spec, found, unwrapped);
  const targets = found.map(
    ({ field, drafts }): TargetSuggestions => ({
      target: field.path,
      required: field.required,
      suggestions: drafts.map((draft) => shown(draft, spec, values)),
    }),
  );
  // Only what must be there from the start goes first; the contract's order keeps rows above those that read them.
  return { targets, milliseconds: Math.round(performance.now() - begun) };
}

function isFilled({ path }: ContractField, filled: ReadonlySet<string>): boolean {
  if (filled.has(path)) return true;
  // A list or object that is put in as a whole.
  for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
    const parent = path.slice(0, end).replace(/\[\]$/, '');
    if (filled.has(parent)) return true;
  }
  return [...filled].some((target) => target.startsWith(`${path}[]`));
}

function draftsFor(field: ContractField, context: Context): Draft[] {
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

/** Stock that follows from the other figures. */
function stockDrafts({ path }: ContractField, context: Context): Draft[] {
  const figure = (name: string): Candidate | undefined => context.best(name)?.candidate;
  const draft = (rule: Rule, score: number, text: string): Draft => ({
    rule,
    also: context.root,
    score,
    reasons: [reason('structure', text)],
  });
  const less = (name: 'add' | 'subtract', other: Candidate): TransformSpec => ({
    [name]: { from: other.path, transforms: [numberOf(other), { default: '0' }] },
  });
  if (!context.fields.has('onHand')) return [];
  const [onHand, reserved, available] = [figure('onHand'), figure('reserved'), figure('available')];
  if (path === 'reserved')
    return [draft({ target: path, const: '0' }, 0.6, 'Nothing is reserved where nothing is said.')];
  if (path === 'onHand' && available !== undefined) {
    const transforms = [numberOf(available), ...(reserved === undefined ? [] : [less('add', reserved)])];
    return [
      draft(
        { target: path, from: available.path, transforms, required: true },
        0.55,
        'What is available and what is reserved is there.',
      ),
    ];
  }
  if (path === 'available' && onHand !== undefined) {
    const transforms = [numberOf(onHand), ...(reserved === undefined ? [] : [less('subtract', reserved)])];
    return [
      draft(
        { target: path, from: onHand.path, transforms, required: true },
        0.55,
        'What is there less what is reserved.',
      ),
    ];
  }
  if (path === 'asOf')
    return [
      draft(
        { target: path, context: 'receivedAt', transforms: ['date'] },
        0.5,
        'The time when the message came.',
      ),
    ];
  return [];
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

function sorted(drafts: Draft[]): Draft[] {
  return drafts.sort((a, b) => b.score - a.score);
}

function unique(drafts: readonly Draft[]): Draft[] {
  const seen = new Set<string>();
  return sorted([...drafts]).filter(({ rule }) => {
    const key = JSON.stringify(rule);
    return !seen.has(key) && seen.add(key);
  });
}

/** The rows of `also` that the spec lacks. */
function missingRows(also: readonly Rule[], rule: Rule, spec: MappingSpec): Rule[] {
  const has = new Set(spec.rules.map(rowKey));
  const rows: Rule[] = [];
  for (const row of also) {
    const key = rowKey(row);
    if (has.has(key) || key === rowKey(rule)) continue;
    has.add(key);
    rows.push(row);
  }
  return rows;
}

function rowKey({ target, each, from }: Rule): string {
  return JSON.stringify([target, each ?? null, from ?? null]);
}

/** A spec with the best suggestion of every target: what "accept all" would make. */
export function accepted(spec: MappingSpec, targets: readonly TargetSuggestions[], least = 0): MappingSpec {
  const rules = [...spec.rules];
  const has = new Set(rules.map(rowKey));
  for (const { suggestions } of targets) {
    const [first] = suggestions;
    if (first === undefined || first.confidence < least) continue;
    for (const row of [...first.also, first.rule]) {
      if (has.has(rowKey(row))) continue;
      has.add(rowKey(row));
      rules.push(row);
    }
  }
  return { ...spec, rules };
}

function shown(draft: Draft, spec: MappingSpec, values: ReadonlyMap<string, unknown[]>): Suggestion {
  return {
    rule: draft.rule,
    also: missingRows(draft.also, draft.rule, spec),
    confidence: confidenceOf(draft.score),
    values: values.get(JSON.stringify(draft.rule)) ?? [],
    reasons: draft.reasons.slice(0, 5),
  };
}

/** What the rules give for the sample: the first suggestions together, since they read each other. */
async function valuesOf(
  spec: MappingSpec,
  found: readonly { drafts: readonly Draft[] }[],
  document: unknown,
): Promise<ReadonlyMap<string, unknown[]>> {
  const values = new Map<string, unknown[]>();
  if (document === undefined) return values;
  for (let rank = 0; rank < MAX_SUGGESTIONS; rank += 1) {
    const rules = [...spec.rules];
    const has = new Set(rules.map(rowKey));
    for (const { drafts } of found) {
      const draft = drafts[rank] ?? drafts[0];
      for (const row of draft === undefined
        ? []
        : [...missingRows(draft.also, draft.rule, spec), draft.rule]) {
        if (has.has(rowKey(row))) continue;
        has.add(rowKey(row));
        rules.push(row);
      }
    }
    if (rules.length === 0) return values;
    const { trace } = await compileMapping({ ...spec, rules: rules.slice(0, 2000) }, { lenient: true }).map(
      document,
      contextOf({}),
      {
        trace: true,
      },
    );
    for (const { rule, value } of trace) {
      if (value === undefined) continue;
      const key = JSON.stringify(rules[rule]);
      const known = values.get(key) ?? [];
      if (known.length < 3) values.set(key, [...known, shortened(value)]);
    }
  }
  return values;
}

function unwrap(spec: MappingSpec, document: unknown): unknown {
  if (document === undefined || spec.unwrap === undefined) return document;
  try {
    return compileMapping({ ...spec, rules: [{ target: 'id', const: '' }] }).unwrap(document);
  } catch {
    return document;
  }
}

/** The source contract's own fields, with its examples for values. */
function contractSource(spec: MappingSpec, registry: ContractRegistry): SourceField[] {
  if (!registry.has(spec.from.contract, spec.from.version)) return [];
  return contractFields(registry.schema(spec.from.contract, spec.from.version))
    .filter(({ leaf }) => leaf)
    .map(({ path, type, example, format }) => {
      const examples = typeof example === 'object' || example === undefined ? [] : [String(example)];
      const looks =
        format === 'date-time' ? 'time' : format === 'iso-4217' ? 'currency' : looksLike(examples);
      const json =
        type === 'boolean' ? 'boolean' : type === 'number' || type === 'integer' ? 'number' : 'text';
      return { path, type: json, ...(looks === undefined ? {} : { looks }), examples, count: 1, leaf: true };
    });
}
