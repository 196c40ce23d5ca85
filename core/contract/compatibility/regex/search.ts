/** Looks for a text that matches some patterns, does not match others, and has a length within bounds. */
import { isSpent, spend } from '../effort';
import { type Automaton, automatonOf, MAX_POINT } from './parse';

export interface TextWish {
  readonly matches: readonly string[];
  readonly avoids: readonly string[];
  readonly minLength: number;
  readonly maxLength: number;
}

/** A text; `none` when it is proved that there is none; `unknown` when that could not be found out. */
export type TextFound = { readonly text: string } | 'none' | 'unknown';

/** Most states of the search; beyond that it gives up. */
const MAX_VISITED = 6000;
/** A state of the search, as work of the whole comparison. */
const WORK = 10;
/** Lengths above this are not counted one by one. */
const MAX_COUNTED = 2000;

/** Longest text that is made where only its length matters. */
const MAX_PLAIN = 100_000;

/** What people read easily comes first. */
const NICE = [...'aAx0b1-. :Z_/@ZT+'].map((char) => char.codePointAt(0) ?? 0);

type States = readonly number[];

interface Node {
  readonly sets: readonly States[];
  readonly length: number;
  readonly point: number;
  readonly parent: Node | undefined;
}

const remembered = new Map<string, TextFound>();

/** The shortest such text, or the proof that there is none. */
export function findText(wish: TextWish): TextFound {
  const key = JSON.stringify([wish.matches, wish.avoids, wish.minLength, String(wish.maxLength)]);
  let found = remembered.get(key);
  if (found === undefined) {
    found = lookFor(wish);
    // Without the work to look for it, nothing was found out.
    if (isSpent()) return found;
    if (remembered.size > 2000) remembered.clear();
    remembered.set(key, found);
  }
  return found;
}

function lookFor(wish: TextWish): TextFound {
  if (wish.minLength > wish.maxLength) return 'none';
  const automata = wish.matches.map(automatonOf);
  const avoided = wish.avoids.map(automatonOf);
  // A pattern without an automaton may be left out of what must match only for the proof that nothing does.
  const missing = automata.includes(undefined) || avoided.includes(undefined);
  const must = automata.filter((automaton) => automaton !== undefined);
  const mustNot = avoided.filter((automaton) => automaton !== undefined);
  if (must.length + mustNot.length === 0) {
    if (missing) return 'unknown';
    return wish.minLength > MAX_PLAIN ? 'unknown' : { text: 'a'.repeat(wish.minLength) };
  }
  const found = new Search(must, mustNot, wish.minLength, wish.maxLength).run();
  return missing && found !== 'none' ? 'unknown' : found;
}

class Search {
  readonly #points: readonly number[];
  readonly #all: readonly Automaton[];
  /** Lengths that still matter: beyond this all are the same. */
  readonly #counted: number;

  constructor(
    readonly must: readonly Automaton[],
    readonly mustNot: readonly Automaton[],
    readonly minLength: number,
    readonly maxLength: number,
  ) {
    this.#all = [...must, ...mustNot];
    this.#points = representatives(this.#all);
    this.#counted = Number.isFinite(maxLength) ? maxLength + 1 : minLength;
  }

  run(): TextFound {
    if (this.#counted > MAX_COUNTED) return 'unknown';
    const start: Node = {
      sets: this.#all.map((automaton) => closure(automaton, [0], true)),
      length: 0,
      point: 0,
      parent: undefined,
    };
    const seen = new Set<string>();
    let wave = [start];
    while (wave.length > 0) {
      const next: Node[] = [];
      for (const node of wave) {
        if (this.#accepts(node)) return { text: textOf(node) };
        if (node.length >= this.maxLength) continue;
        for (const point of this.#points) {
          const follower = this.#step(node, point);
          if (follower === undefined) continue;
          const key = `${Math.min(follower.length, this.#counted)} ${follower.sets.map((set) => set.join()).join(';')}`;
          if (seen.has(key)) continue;
          if (seen.size >= MAX_VISITED || !spend(WORK)) return 'unknown';
          seen.add(key);
          next.push(follower);
        }
      }
      wave = next;
    }
    return 'none';
  }

  #step(node: Node, point: number): Node | undefined {
    const sets: States[] = [];
    for (const [index, automaton] of this.#all.entries()) {
      const set = closure(automaton, moved(automaton, node.sets[index] ?? [], point), false);
      if (index < this.must.length ? set.length === 0 : set[0] === automaton.accept) return undefined;
      sets.push(set);
    }
    return { sets, length: node.length + 1, point, parent: node };
  }

  #accepts(node: Node): boolean {
    if (node.length < this.minLength || node.length > this.maxLength) return false;
    return this.#all.every((automaton, index) => {
      const set = node.sets[index] ?? [];
      const accepted = closure(automaton, set, node.length === 0, true).includes(automaton.accept);
      return index < this.must.length ? accepted : !accepted;
    });
  }
}

/** All states that are reached without reading on. */
export function closure(automaton: Automaton, states: States, atStart: boolean, atEnd = false): States {
  const reached = new Set(states);
  const open = [...states];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const edge of automaton.edges[state] ?? []) {
      if (!('empty' in edge) || reached.has(edge.to)) continue;
      if ((edge.empty === 'start' && !atStart) || (edge.empty === 'end' && !atEnd)) continue;
      reached.add(edge.to);
      open.push(edge.to);
    }
  }
  // Once found, whatever follows does not matter: one state instead of many keeps the search small.
  if (reached.has(automaton.accept)) return [automaton.accept];
  return [...reached].sort((a, b) => a - b);
}

/** The states after one more character. */
export function moved(automaton: Automaton, states: States, point: number): States {
  const reached = new Set<number>();
  for (const state of states) {
    for (const edge of automaton.edges[state] ?? []) {
      if ('ranges' in edge && edge.ranges.some(([low, high]) => point >= low && point <= high))
        reached.add(edge.to);
    }
  }
  return [...reached];
}

/** One code point for each class of code points that all automata treat alike. */
function representatives(automata: readonly Automaton[]): number[] {
  const cuts = new Set<number>([0, 0xd800, 0xe000]);
  for (const { edges } of automata) {
    for (const edge of edges.flat()) {
      if (!('ranges' in edge)) continue;
      for (const [low, high] of edge.ranges) {
        cuts.add(low);
        if (high < MAX_POINT) cuts.add(high + 1);
      }
    }
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  const points: number[] = [];
  for (const [index, low] of sorted.entries()) {
    const high = (sorted[index + 1] ?? MAX_POINT + 1) - 1;
    // Half a pair is no character of a JSON text.
    if (low >= 0xd800 && low < 0xe000) continue;
    points.push(NICE.find((point) => point >= low && point <= high) ?? printable(low, high));
  }
  const rank = (point: number): number => {
    const nice = NICE.indexOf(point);
    return nice === -1 ? (point < 32 ? 2e6 : 1e3 + point) : nice;
  };
  return points.sort((a, b) => rank(a) - rank(b));
}

function printable(low: number, high: number): number {
  return low < 33 && high >= 33 ? 33 : low;
}

function textOf(node: Node): string {
  const points: number[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) points.unshift(at.point);
  return String.fromCodePoint(...points);
}
