/** What all makers of suggestions share: the target's fields, the source, and how a draft of a suggestion looks. */
import type { MappingSpec, Rule } from '../../mapping';
import type { ContractField, Reason } from '../api';
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
}

export class Context {
  readonly fields: ReadonlyMap<string, ContractField>;
  /** What the lines are; undefined when nothing looks like them, or the target has none. */
  readonly lines: SourceList | undefined;
  /** The list of which each entry becomes a document; '' when the whole message is one. */
  readonly documents: string;
  /** Rows that say so. */
  readonly root: readonly Rule[];
  /** Flat rows: one document is made of several. */
  readonly flat: boolean;
  readonly system: string;
  #currency: { rule: Rule; candidate: Candidate } | undefined;

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
    if (!this.flat) return { target: '[]', each };
    const key = this.ask.fields.find(({ path }) => path === 'externalId' || path === 'orderNumber');
    const [best] = key === undefined ? [] : matchesOf(key, this.header(), this.ask.memory);
    return { target: '[]', each, ...(best === undefined ? {} : { groupBy: best.candidate.path }) };
  }

  /** Fields of the document itself. */
  header(): Candidate[] {
    const { candidates } = this.ask.source;
    return candidates.filter(({ list }) => list === '' || list === this.documents);
  }

  /** Fields of one line. */
  line(): Candidate[] {
    const path = this.lines?.path;
    return path === undefined ? [] : this.ask.source.candidates.filter(({ list }) => list === path);
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
    if (this.#currency === undefined) {
      const all = [...this.header(), ...this.ask.source.candidates];
      const [best] = matchesOf({ ...this.field('currency'), format: 'iso-4217' }, all, this.ask.memory);
      if (best === undefined) return undefined;
      const { candidate } = best;
      // In a list, several may be found: the first counts.
      const inList = candidate.list !== '' && candidate.list !== this.documents;
      this.#currency = {
        candidate,
        rule: {
          target: '$currency',
          from: candidate.path,
          transforms: inList ? ['first', 'trim', 'upper'] : ['trim', 'upper'],
        },
      };
    }
    return this.#currency.rule;
  }

  /** The list that a target list is made of: by its name, inside of what its parent is made of. */
  listFor(words: readonly string[], parent: string, not: readonly string[] = []): SourceList | undefined {
    const fits = this.ask.source.lists.filter((list) => {
      if (list.parent !== parent) return false;
      const own = new Set(list.name.own);
      return words.some((word) => own.has(word)) && !not.some((word) => own.has(word));
    });
    return fits.sort((a, b) => b.members.length - a.members.length)[0];
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
