/** Suggestions for the fields of a target that no row fills yet. Nothing is applied: people accept. */
import type { ContractRegistry } from '../../contract';
import {
  type CompiledMapping,
  compileMapping,
  type MappingResult,
  type MappingSpec,
  type Rule,
} from '../../mapping';
import type { ContractField, SourceField, SuggestAnswer, Suggestion, TargetSuggestions } from '../api';
import { contractFields } from '../contract-fields';
import { looksLike } from '../looks';
import { plainPath } from '../paths';
import { sourceFields } from '../source-fields';
import { completed, contextOf, shortened } from '../try';
import { confidenceOf } from './calibration';
import { Context, type Draft } from './context';
import { draftsFor, sorted } from './drafts';
import { type Memory, NO_MEMORY } from './memory';
import { sourceOf } from './source';

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
  const whole = completed(given);
  // Rows that are being written have no say yet.
  const spec = { ...whole, rules: whole.rules.filter((rule) => typeof rule?.target === 'string') };
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
  const found: Found[] = [];
  for (const field of fields) {
    if (wanted === undefined ? isFilled(field, filled) : !wanted.has(field.path)) continue;
    const drafts = unique(draftsFor(field, context)).filter(({ score }) => score >= MIN_SCORE);
    if (drafts.length === 0 && (wanted === undefined ? field.required === false || !field.leaf : false))
      continue;
    found.push({ field, drafts: drafts.slice(0, MAX_SUGGESTIONS) });
  }
  doubtOptional(found, fields);
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

interface Found {
  readonly field: ContractField;
  drafts: Draft[];
}

/** Nobody should take what makes an object that its contract refuses. */
const DOUBTED = 0.45;

/**
 * Objects that a message need not have: their constants alone make none, and what would make one that lacks what it
 * must have is doubted.
 */
function doubtOptional(found: Found[], fields: readonly ContractField[]): void {
  const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')));
  const byPath = new Map(found.map((each) => [each.field.path, each]));
  const taken = new Set(
    found
      .filter(({ drafts: [first] }) => first?.rule.from !== undefined)
      .map(({ field }) => parentOf(field.path)),
  );
  const optional = fields.filter(
    ({ type, required, leaf }) => type === 'object' && required === false && !leaf,
  );
  for (const { path } of optional) {
    // The order's payment status is read from it.
    if (path === 'payment') continue;
    const inside = found.filter(({ field }) => field.path.startsWith(`${path}.`));
    const isTaken = [...taken].some((parent) => parent === path || parent.startsWith(`${path}.`));
    if (!isTaken)
      for (const each of inside) each.drafts = each.drafts.filter(({ rule }) => rule.from !== undefined);
    const lacks = fields.some(
      ({ path: own, required, leaf }) =>
        required === 'with parent' &&
        leaf &&
        parentOf(own) === path &&
        (byPath.get(own)?.drafts.length ?? 0) === 0,
    );
    if (!lacks) continue;
    for (const each of inside)
      each.drafts = each.drafts.map((draft) => ({ ...draft, score: Math.min(draft.score, DOUBTED) }));
  }
  for (let index = found.length - 1; index >= 0; index -= 1) {
    if (found[index]?.drafts.length === 0 && found[index]?.field.required === false) found.splice(index, 1);
  }
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
    const trace = await traceOf({ ...spec, rules: rules.slice(0, 2000) }, document);
    const made = new Map<string, unknown[]>();
    for (const { rule, value } of trace) {
      if (value === undefined) continue;
      const key = JSON.stringify(rules[rule]);
      const known = made.get(key) ?? [];
      if (known.length < 3) made.set(key, [...known, shortened(value)]);
    }
    for (const [key, list] of made) if (!values.has(key)) values.set(key, list);
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

/** What the rows give; nothing where the spec's head cannot be used yet. */
async function traceOf(spec: MappingSpec, document: unknown): Promise<MappingResult['trace']> {
  let mapping: CompiledMapping;
  try {
    mapping = compileMapping(spec, { lenient: true });
  } catch {
    return [];
  }
  return (await mapping.map(document, contextOf({}), { trace: true })).trace;
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
