/** What all makers of suggestions share: the target's fields, the source, and how a draft of a suggestion looks. */
import type { MappingSpec, Rule, TransformSpec } from '../../mapping';
import type { ContractField, Reason } from '../api';
import { type Sums, sumsOf, variesWithin } from './arithmetic';
import { type Match, matchesOf } from './match';
import type { Memory } from './memory';
import { nameOf, type Role } from './names';
import { wantedOf } from './phrases';
import { type Candidate, linesListOf, type Source, type SourceList } from './source';

/** A suggestion before its confidence is calibrated. */
export interface Draft {
  readonly rule: Rule;
  readonly also: readonly Rule[];
  readonly score: number;
  readonly reasons: readonly Reason[];
}

export interface Ask {
  readonly spec: MappingSpec;
  readonly fields: readonly ContractField[];
  readonly source: Source;
  readonly memory: Memory;
  /** The sample itself; undefined when there is none. */
  readonly document: unknown;
}

const NONE: ReadonlySet<string> = new Set();
const COSTS = ['price', 'amount', 'total', 'cost', 'charge', 'fee', 'freight'];

export class Context {
  readonly fields: ReadonlyMap<string, ContractField>;
  /** What the lines are; undefined when nothing looks like them, or the target has none. */
  readonly lines: SourceList | undefined;
  /** The list of which each entry becomes a document; '' when the whole message is one. */
  readonly documents: string;
  /** Rows that say so. */
  readonly root: readonly Rule[] = [];
  /** Flat rows: one document is made of several. */
  readonly flat: boolean;
  readonly system: string;
  #currency: Rule | undefined;
  #sums: Sums | undefined;
  #lineOnly: ReadonlySet<string> | undefined;

  constructor(readonly ask: Ask) {
    const { source, fields, spec } = ask;
    this.fields = new Map(fields.map((field) => [field.path, field]));
    const main = linesListOf(source);
    const hasLines = this.fields.has('lines[]');
    this.lines = hasLines ? main : undefined;
    this.flat = hasLines && main?.path === '[]';
    const each = hasLines
      ? source.rows
        ? '[]'
        : ''
      : (main?.path ?? (source.rows ? '[]' : biggestList(source)));
    this.documents = each;
    this.system = /^any-object$/.test(spec.from.contract)
      ? ''
      : (/^[a-z0-9]+/.exec(spec.from.contract)?.[0] ?? '');
    this.root = each === '' ? [] : [this.#rootRow(each)];
  }

  #rootRow(each: string): Rule {
    if (!this.flat) return { target: '[]', each, ...this.#tracked() };
    const key = this.ask.fields.find(({ path }) => path === 'externalId' || path === 'orderNumber');
    const [best] = key === undefined ? [] : matchesOf(key, this.header(), this.ask.memory);
    return { target: '[]', each, ...(best === undefined ? {} : { groupBy: best.candidate.path }) };
  }

  /** Of stock lists: items of which no figure is told are not tracked. */
  #tracked(): Pick<Rule, 'where'> {
    if (!this.fields.has('onHand')) return {};
    const [onHand, available] = ['onHand', 'available'].map(
      (path) => matchesOf(this.field(path), this.header(), this.ask.memory)[0]?.candidate,
    );
    const all = this.header().reduce((most, { field }) => Math.max(most, field.count), 0);
    const fullest = [onHand, available]
      .filter((each) => each !== undefined)
      .sort((a, b) => b.field.count - a.field.count)[0];
    return fullest === undefined || fullest.field.count >= all
      ? {}
      : { where: [{ from: fullest.path, exists: true }] };
  }

  /** Fields of the document itself. */
  header(): Candidate[] {
    const { candidates } = this.ask.source;
    const found = candidates.filter(({ list }) => list === '' || list === this.documents);
    const lineOnly = this.#flatFields(true);
    return lineOnly.size === 0 ? found : found.filter(({ path }) => !lineOnly.has(path));
  }

  /** Fields of one line. */
  line(): Candidate[] {
    const path = this.lines?.path;
    if (path === undefined) return [];
    const found = this.ask.source.candidates.filter(({ list }) => list === path);
    const headerOnly = this.#flatFields(false);
    return headerOnly.size === 0 ? found : found.filter(({ path: own }) => !headerOnly.has(own));
  }

  /** Of flat rows: the fields that differ within a document (they are the lines'), or that must be the document's. */
  #flatFields(ofLines: boolean): ReadonlySet<string> {
    const groupBy = this.root[0]?.groupBy;
    if (!this.flat || typeof groupBy !== 'string') return NONE;
    const { candidates } = this.ask.source;
    if (!ofLines) return new Set([groupBy]);
    this.#lineOnly ??= new Set(
      candidates
        .filter(({ path }) => variesWithin(this.ask.document, path, groupBy) === true)
        .map(({ path }) => path),
    );
    return this.#lineOnly;
  }

  /** What the sample's own numbers tell about its prices. */
  sums(): Sums {
    if (this.#sums !== undefined) return this.#sums;
    const line = this.line();
    const header = this.header();
    const isNumber = ({ field }: Candidate): boolean =>
      field.type === 'number' || field.looks === 'integer' || field.looks === 'decimal';
    const named = (candidates: readonly Candidate[], word: string, ...not: string[]): Candidate[] =>
      candidates.filter(
        (each) =>
          isNumber(each) && wordsNear(each).has(word) && !not.some((other) => wordsNear(each).has(other)),
      );
    const ofLine = named(line, 'tax', 'rate', 'id', 'included', 'discount');
    const costs = (candidates: readonly Candidate[]): Candidate[] =>
      named(candidates, 'ship', 'tax', 'discount', 'quantity', 'address', 'postcode').filter((each) =>
        COSTS.some((word) => wordsNear(each).has(word)),
      );
    this.#sums = sumsOf(this.ask.document, {
      quantity: this.best('lines[].quantity.original', line)?.candidate,
      price: this.best('lines[].unitPrice.amount', line)?.candidate,
      totals: header.filter(
        (each) =>
          isNumber(each) &&
          ['total', 'subtotal', 'grand', 'price', 'net', 'gross'].some((word) => wordsNear(each).has(word)) &&
          !wordsNear(each).has('tax'),
      ),
      taxes: ofLine.length > 0 ? ofLine : named(header, 'tax', 'rate', 'id'),
      freight: [...costs(header), ...costs(line)],
      discounts: [...named(line, 'discount', 'tax', 'rate')],
    });
    return this.#sums;
  }

  field(path: string): ContractField {
    const found = this.fields.get(path);
    if (found !== undefined) return found;
    return { path, title: '', type: 'text', required: false, leaf: true, description: '', class: 'internal' };
  }

  matches(path: string, candidates: readonly Candidate[]): Match[] {
    return matchesOf(this.field(path), candidates, this.ask.memory, wantedOf(this.field(path)));
  }

  best(path: string, candidates: readonly Candidate[] = this.header()): Match | undefined {
    return this.matches(path, candidates)[0];
  }

  /** Rows that a rule in the lines needs. */
  linesRows(): Rule[] {
    return this.lines === undefined
      ? [...this.root]
      : [...this.root, { target: 'lines[]', each: this.lines.path }];
  }

  /** The row that sets `$currency`, which rounding needs; undefined when the currency is not found. */
  currencyRow(): Rule | undefined {
    this.#currency ??= this.#currencyFrom();
    return this.#currency;
  }

  #currencyFrom(): Rule | undefined {
    const [best] = this.currencies();
    if (best === undefined) return undefined;
    return {
      target: '$currency',
      from: best.candidate.path,
      transforms: this.currencyTransforms(best.candidate),
    };
  }

  /** Fields that hold the currency; with those of the document before those in its lists. */
  currencies(): Match[] {
    const field = { ...this.field('currency'), path: 'currency', format: 'iso-4217' };
    const own = matchesOf(field, this.header(), this.ask.memory);
    return own.length > 0 ? own : matchesOf(field, this.ask.source.candidates, this.ask.memory);
  }

  currencyTransforms({ list }: Candidate): readonly TransformSpec[] {
    // In a list, several may be found: the first counts.
    const inList = list !== '' && list !== this.documents;
    return inList ? ['first', 'trim', 'upper'] : ['trim', 'upper'];
  }

  /** The list that a target list is made of: by its name, inside of what its parent is made of. */
  listFor(words: readonly string[], parent: string, not: readonly string[] = []): SourceList | undefined {
    const fits = this.ask.source.lists.filter((list) => {
      if (list.parent !== parent) return false;
      const own = new Set(list.name.own);
      return words.some((word) => own.has(word)) && !not.some((word) => own.has(word));
    });
    // `taxes` before `commission_taxes`.
    return fits.sort(
      (a, b) => a.name.own.length - b.name.own.length || b.members.length - a.members.length,
    )[0];
  }
}

/** A list with objects that the whole message is about: the only one at the root that is not tiny. */
function biggestList({ lists, candidates }: Source): string {
  const header = candidates.filter(({ list }) => list === '').length;
  const outer = lists.filter(({ parent, members }) => parent === '' && members.length >= 3);
  const best = outer.sort((a, b) => b.members.length - a.members.length)[0];
  return best !== undefined && best.members.length > header && outer.length === 1 ? best.path : '';
}

export function reason(kind: Reason['kind'], text: string): Reason {
  return { kind, text };
}

/** Fields of one object that hold a person's first and last name. */
export function personName(
  candidates: readonly Candidate[],
  role: Role | undefined,
): [Candidate, Candidate] | undefined {
  for (const first of candidates) {
    const own = first.name.own;
    if (!own.includes('first') || own.includes('date') || (role !== undefined && first.role !== role))
      continue;
    const parent = first.path.replace(/\.?[^.]*$/, '');
    const last = candidates.find(
      ({ path, name }) =>
        name.own.includes('last') &&
        !name.own.includes('date') &&
        path.replace(/\.?[^.]*$/, '') === parent &&
        nameOf(path).own.length === own.length,
    );
    if (last !== undefined) return [first, last];
  }
  return undefined;
}

/** The words of a field and of what it is in, as far as they belong to the same thing. */
export function wordsNear({ name }: Candidate): ReadonlySet<string> {
  return new Set([...name.own, ...name.around.slice(-3)]);
}
