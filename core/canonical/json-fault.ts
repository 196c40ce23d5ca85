/**
 * Finds the first fault of a text that is not JSON, in words. JSON.parse's own messages quote the text (which may hold
 * personal data), differ between versions of V8, and often do not say where.
 */
export interface JsonFault {
  /** Index into the text. */
  readonly position: number;
  /** What is wrong there, without quoting more than one character. */
  readonly sentence: string;
}

type Expectation = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end';

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

const WANTED: Readonly<Record<Expectation, string>> = {
  value: 'a value is expected',
  'value or end': 'a value or ] is expected',
  key: 'a field name in double quotes is expected',
  'key or end': 'a field name in double quotes or } is expected',
  colon: 'a colon is expected after the field name',
  'comma or end': 'a comma is expected, or the end of the list or object',
};

/** The first fault of a text that JSON.parse refused. */
export function findJsonFault(text: string): JsonFault {
  const open: ('{' | '[')[] = [];
  let expect: Expectation = 'value';
  let position = 0;

  for (;;) {
    position = skip(SPACE, text, position);
    if (position >= text.length) {
      const missing =
        open.at(-1) === '{'
          ? ' A closing } is missing.'
          : open.at(-1) === '['
            ? ' A closing ] is missing.'
            : '';
      return {
        position,
        sentence: text.trim() === '' ? 'it is empty' : `it ends too early: ${WANTED[expect]}.${missing}`,
      };
    }
    const character = text.charAt(position);
    if (expect === 'comma or end') {
      if (open.length === 0)
        return { position, sentence: `there is more text (${name(character)}) after the end` };
      const top = open.at(-1);
      if (character === ',') expect = top === '{' ? 'key' : 'value';
      else if (character === (top === '{' ? '}' : ']')) open.pop();
      else return unexpected(position, character, expect);
      position += 1;
    } else if (expect === 'colon') {
      if (character !== ':') return unexpected(position, character, expect);
      expect = 'value';
      position += 1;
    } else if (expect === 'key' || expect === 'key or end') {
      if (character === '}' && expect === 'key or end') {
        open.pop();
        expect = 'comma or end';
        position += 1;
        continue;
      }
      if (character !== '"') return unexpected(position, character, expect);
      const end = stringEnd(text, position);
      if (typeof end !== 'number') return end;
      position = end;
      expect = 'colon';
    } else {
      if (character === ']' && expect === 'value or end') {
        open.pop();
        expect = 'comma or end';
        position += 1;
        continue;
      }
      if (character === '{' || character === '[') {
        open.push(character);
        expect = character === '{' ? 'key or end' : 'value or end';
        position += 1;
        continue;
      }
      const end = character === '"' ? stringEnd(text, position) : scalarEnd(text, position);
      if (typeof end === 'object') return end;
      if (end === undefined) return unexpected(position, character, expect);
      position = end;
      expect = 'comma or end';
    }
  }
}

function skip(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  return pattern.test(text) ? pattern.lastIndex : position;
}

function scalarEnd(text: string, position: number): number | undefined {
  const end = skip(WORD, text, position);
  if (end > position) return end;
  const number = skip(NUMBER, text, position);
  return number > position ? number : undefined;
}

function stringEnd(text: string, start: number): number | JsonFault {
  for (let position = start + 1; position < text.length; ) {
    const code = text.charCodeAt(position);
    if (code === 0x22) return position + 1;
    if (code < 0x20) {
      return {
        position,
        sentence: 'a text has a line break or control character that is not written as an escape',
      };
    }
    if (code !== 0x5c) position += 1;
    else {
      const end = skip(ESCAPE, text, position);
      if (end === position) return { position, sentence: 'a backslash is followed by an unknown escape' };
      position = end;
    }
  }
  return { position: text.length, sentence: 'a text is not closed by a double quote' };
}

function unexpected(position: number, character: string, expect: Expectation): JsonFault {
  return { position, sentence: `${name(character)} is not allowed here: ${WANTED[expect]}` };
}

function name(character: string): string {
  if (/[A-Za-z0-9]/.test(character)) return 'this text';
  return /[\x21-\x7e]/.test(character) ? `the character ${character}` : 'this character';
}
