/** The source as suggestions see it: fields with their names in plain words, and the lists they are in. */
import type { SourceField } from '../api';
import { listOf, plainPath } from '../paths';
import { type Name, nameOf, type Role, roleOf } from './names';

export interface Candidate {
  readonly field: SourceField;
  readonly path: string;
  readonly name: Name;
  readonly role: Role | undefined;
  /** The list it is in, as a path that ends with `[]`; '' for none. Entries told apart by a qualifier are in none. */
  readonly list: string;
  readonly depth: number;
}

export interface Source {
  readonly candidates: readonly Candidate[];
  /** Lists of objects by path (`line_items[]`), with what they are called. */
  readonly lists: readonly SourceList[];
  /** The whole sample is a list of rows. */
  readonly rows: boolean;
}

export interface SourceList {
  readonly path: string;
  readonly name: Name;
  /** The list that it is in. */
  readonly parent: string;
  readonly members: readonly Candidate[];
}

export function sourceOf(fields: readonly SourceField[], rows: boolean): Source {
  const candidates = fields.filter(({ leaf }) => leaf).map(candidateOf);
  const paths = new Set(candidates.map(({ list }) => list).filter((list) => list !== ''));
  for (const path of [...paths]) {
    for (let outer = outerList(path); outer !== ''; outer = outerList(outer)) paths.add(outer);
  }
  const lists = [...paths].map((path) => ({
    path,
    name: nameOf(path.replace(/\[\]$/, '')),
    parent: outerList(path),
    members: candidates.filter(({ list }) => list === path),
  }));
  return { candidates, lists, rows };
}

function candidateOf(field: SourceField): Candidate {
  const name = nameOf(field.path);
  return {
    field,
    path: field.path,
    name,
    role: roleOf(name),
    list: listOf(field.path),
    depth: field.path.split('.').length,
  };
}

function outerList(path: string): string {
  return listOf(path.replace(/\[\]$/, ''));
}

/** The list of what is ordered, shipped or returned: by its name and by what its entries have. */
export function linesListOf({ lists, rows }: Source): SourceList | undefined {
  let best: { list: SourceList; score: number } | undefined;
  for (const list of lists) {
    if (list.parent !== '' && list.parent !== '[]') continue;
    const words = new Set(list.members.flatMap(({ name }) => [...name.own, ...name.around.slice(-2)]));
    const own = new Set(list.name.own);
    let score = 0;
    if (own.has('line')) score += 3;
    if (own.has('item')) score += 3;
    if (own.has('order')) score += 0.5;
    if (own.has('ship') || own.has('tax') || own.has('discount') || own.has('fee') || own.has('payment'))
      score -= 3;
    if (words.has('quantity')) score += 3;
    if (words.has('sku') || words.has('gtin') || words.has('item') || words.has('asin')) score += 2;
    if (words.has('price')) score += 1;
    if (list.path === '[]' && rows) score += 0.5;
    if (score >= 3 && (best === undefined || score > best.score)) best = { list, score };
  }
  return best?.list;
}

/** Candidates of a list itself (with the objects inside of its entries, without lists in them). */
export function within(source: Source, list: string): Candidate[] {
  return source.candidates.filter((candidate) => candidate.list === list);
}

export function samePlain(a: string, b: string): boolean {
  return plainPath(a) === plainPath(b);
}
