/**
 * Regular expressions (ECMA-262 with the flag u) to automata, for what contracts use: characters, classes, groups,
 * alternatives, repetition, ^ and $. What has no automaton of a sensible size (look-around, \b, back references, huge
 * repetitions) is refused: a proof about it is not tried.
 */

/** Code points from and to, both included. */
export type Range = readonly [number, number];

export type Edge =
  | { readonly to: number; readonly ranges: readonly Range[] }
  | { readonly to: number; readonly empty: 'always' | 'start' | 'end' };

/** A nondeterministic automaton: state 0 starts, `accept` ends. */
export interface Automaton {
  readonly edges: readonly (readonly Edge[])[];
  readonly accept: number;
}

const MAX_STATES = 4000;
export const MAX_POINT = 0x10ffff;
const ANY: readonly Range[] = [[0, MAX_POINT]];
const DIGIT: readonly Range[] = [[48, 57]];
const WORD: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: readonly Range[] = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_ENDS: readonly Range[] = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
];

class Unsupported extends Error {}

const known = new Map<string, Automaton | undefined>();

/** The automaton of the texts in which a pattern is found; undefined when it is too much for us. */
export function automatonOf(pattern: string): Automaton | undefined {
  if (!known.has(pattern)) {
    if (known.size > 500) known.clear();
    known.set(pattern, build(pattern));
  }
  return known.get(pattern);
}

function build(pattern: string): Automaton | undefined {
  try {
    new RegExp(pattern, 'u');
    return new Builder(pattern).automaton();
  } catch (thrown) {
    if (thrown instanceof Unsupported || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** A piece of the automaton, from one state to another. */
interface Piece {
  readonly from: number;
  readonly to: number;
}

class Builder {
  readonly #edges: Edge[][] = [];
  readonly #text: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#text = [...pattern];
  }

  automaton(): Automaton {
    const start = this.#state();
    this.#edges[start]?.push({ to: start, ranges: ANY });
    const piece = this.#alternatives();
    if (this.#at < this.#text.length) throw new Unsupported();
    const accept = this.#state();
    this.#link(start, piece.from);
    this.#link(piece.to, accept);
    this.#edges[accept]?.push({ to: accept, ranges: ANY });
    return { edges: this.#edges, accept };
  }

  #state(): number {
    if (this.#edges.length >= MAX_STATES) throw new Unsupported();
    return this.#edges.push([]) - 1;
  }

  #link(from: number, to: number, empty: 'always' | 'start' | 'end' = 'always'): void {
    this.#edges[from]?.push({ to, empty });
  }

  #alternatives(): Piece {
    const from = this.#state();
    const to = this.#state();
    for (;;) {
      const piece = this.#sequence();
      this.#link(from, piece.from);
      this.#link(piece.to, to);
      if (this.#text[this.#at] !== '|') return { from, to };
      this.#at += 1;
    }
  }

  #sequence(): Piece {
    const from = this.#state();
    let to = from;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      const piece = this.#repeated();
      this.#link(to, piece.from);
      to = piece.to;
    }
    return { from, to };
  }

  #repeated(): Piece {
    const begin = this.#at;
    const first = this.#atom();
    const end = this.#at;
    const [min, max] = this.#quantifier();
    if (min === 1 && max === 1) return first;
    const after = this.#at;
    // Each round is built from the text once more: states are cheap, and pieces cannot be shared.
    const again = (): Piece => {
      this.#at = begin;
      const piece = this.#atom();
      if (this.#at !== end) throw new Unsupported();
      return piece;
    };
    const from = this.#state();
    let to = from;
    for (let round = 0; round < min; round += 1) {
      const piece = round === 0 ? first : again();
      this.#link(to, piece.from);
      to = piece.to;
    }
    if (max === Number.POSITIVE_INFINITY) {
      const piece = min === 0 ? first : again();
      const hub = this.#state();
      this.#link(to, hub);
      this.#link(hub, piece.from);
      this.#link(piece.to, hub);
      to = hub;
    } else {
      const last = this.#state();
      for (let round = min; round < max; round += 1) {
        const piece = round === 0 ? first : again();
        this.#link(to, last);
        this.#link(to, piece.from);
        to = piece.to;
      }
      this.#link(to, last);
      to = last;
    }
    this.#at = after;
    return { from, to };
  }

  #quantifier(): [number, number] {
    const bounds = this.#bounds();
    if (bounds === undefined) return [1, 1];
    // Greedy or lazy makes no difference to what is found.
    if (this.#text[this.#at] === '?') this.#at += 1;
    return bounds;
  }

  #bounds(): [number, number] | undefined {
    switch (this.#text[this.#at]) {
      case '*':
        this.#at += 1;
        return [0, Number.POSITIVE_INFINITY];
      case '+':
        this.#at += 1;
        return [1, Number.POSITIVE_INFINITY];
      case '?':
        this.#at += 1;
        return [0, 1];
      case '{': {
        const found = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 24).join(''));
        if (found === null) throw new Unsupported();
        this.#at += found[0].length;
        const min = Number(found[1]);
        if (found[2] === undefined) return [min, min];
        return [min, found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3])];
      }
      default:
        return undefined;
    }
  }

  #atom(): Piece {
    const char = this.#next();
    switch (char) {
      case '^':
      case '$': {
        const from = this.#state();
        const to = this.#state();
        this.#link(from, to, char === '^' ? 'start' : 'end');
        return { from, to };
      }
      case '(': {
        if (this.#text[this.#at] === '?') this.#groupKind();
        const piece = this.#alternatives();
        if (this.#next() !== ')') throw new Unsupported();
        return piece;
      }
      case '.':
        return this.#chars(complement(LINE_ENDS));
      case '[':
        return this.#chars(this.#charClass());
      case '\\':
        return this.#chars(this.#escape());
      default:
        return this.#chars([pointRange(char)]);
    }
  }

  #groupKind(): void {
    const rest = this.#text.slice(this.#at, this.#at + 80).join('');
    const found = /^\?(?::|<[A-Za-z_$][\w$]*>)/.exec(rest);
    if (found === null) throw new Unsupported();
    this.#at += [...found[0]].length;
  }

  #chars(ranges: readonly Range[]): Piece {
    const from = this.#state();
    const to = this.#state();
    this.#edges[from]?.push({ to, ranges });
    return { from, to };
  }

  #charClass(): readonly Range[] {
    const negated = this.#text[this.#at] === '^';
    if (negated) this.#at += 1;
    const ranges: Range[] = [];
    while (this.#text[this.#at] !== ']') {
      const low = this.#classMember();
      const [lowest] = low;
      if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at += 1;
        const [highest] = this.#classMember();
        if (lowest === undefined || highest === undefined) throw new Unsupported();
        ranges.push([lowest[0], highest[1]]);
      } else ranges.push(...low);
    }
    this.#at += 1;
    return negated ? complement(ranges) : ranges;
  }

  #classMember(): readonly Range[] {
    const char = this.#next();
    if (char !== '\\') return [pointRange(char)];
    if (this.#text[this.#at] === 'b') {
      this.#at += 1;
      return [[8, 8]];
    }
    return this.#escape();
  }

  #escape(): readonly Range[] {
    const char = this.#next();
    switch (char) {
      case 'd':
        return DIGIT;
      case 'D':
        return complement(DIGIT);
      case 'w':
        return WORD;
      case 'W':
        return complement(WORD);
      case 's':
        return SPACE;
      case 'S':
        return complement(SPACE);
      case 't':
        return [[9, 9]];
      case 'n':
        return [[10, 10]];
      case 'v':
        return [[11, 11]];
      case 'f':
        return [[12, 12]];
      case 'r':
        return [[13, 13]];
      case '0':
        return [[0, 0]];
      case 'x':
        return [this.#hex(2)];
      case 'u':
        return [this.#unicode()];
      default:
        if (/[A-Za-z0-9]/.test(char)) throw new Unsupported();
        return [pointRange(char)];
    }
  }

  #unicode(): Range {
    if (this.#text[this.#at] !== '{') return this.#hex(4);
    const end = this.#text.indexOf('}', this.#at);
    const point = Number.parseInt(this.#text.slice(this.#at + 1, end).join(''), 16);
    this.#at = end + 1;
    return [point, point];
  }

  #hex(digits: number): Range {
    const point = Number.parseInt(this.#text.slice(this.#at, this.#at + digits).join(''), 16);
    // Halves of a pair would have to be put together with the other half.
    if (point >= 0xd800 && point <= 0xdfff) throw new Unsupported();
    this.#at += digits;
    return [point, point];
  }

  #next(): string {
    const char = this.#text[this.#at];
    if (char === undefined) throw new Unsupported();
    this.#at += 1;
    return char;
  }
}

function pointRange(char: string): Range {
  const point = char.codePointAt(0) ?? 0;
  return [point, point];
}

function complement(ranges: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let next = 0;
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > next) rest.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= MAX_POINT) rest.push([next, MAX_POINT]);
  return rest;
}
