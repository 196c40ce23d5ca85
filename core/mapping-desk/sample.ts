/** Reading what an analyst pastes as a sample: JSON, one JSON document per line, or CSV. */
import { parseJson } from '../canonical';
import type { ContractRegistry } from '../contract';
import { asCrossdockError, CrossdockError } from '../errors';
import type { SampleAnswer, SampleFault } from './api';
import { looksLikeCsv, readCsv } from './csv';
import { bestFits } from './fit';
import { sourceFields } from './source-fields';

export const MAX_SAMPLE_BYTES = 2 * 1024 * 1024;
const MAX_VALUES = 50_000;

type Read = Pick<SampleAnswer, 'format' | 'value' | 'errors'>;

/** The sample with its fields and the contracts it looks like. Faults of the text are in the answer. */
export function sampleAnswer(text: string, registry: ContractRegistry): SampleAnswer {
  const { format, value, errors } = readSample(text);
  if (format === null) return { format, value, errors, fields: [], more: false, contracts: [] };
  checkSize(value);
  const { fields, more } = sourceFields(value);
  return { format, value, fields, more, errors, contracts: bestFits(value, registry) };
}

/**
 * A sample of a request: a text is read, anything else is the document.
 * @throws CrossdockError SAMPLE_INVALID, SAMPLE_TOO_LARGE
 */
export function documentOf(sample: unknown): unknown {
  if (typeof sample !== 'string') {
    checkSize(sample);
    return sample;
  }
  const { format, value, errors } = readSample(sample);
  if (format === null) {
    const why = errors[0]?.message ?? 'The sample cannot be read.';
    throw new CrossdockError(why, { code: 'SAMPLE_INVALID', kind: 'permanent' });
  }
  checkSize(value);
  return value;
}

function readSample(text: string): Read {
  const plain = text.replace(/^\uFEFF/, '');
  if (plain.trim() === '') return nothing({ line: null, column: null, message: 'The sample is empty.' });
  const whole = json(plain, 0);
  if ('value' in whole) return { format: 'json', value: whole.value, errors: [] };
  const lines = plain.split(/\r?\n/);
  if (/^\s*\{.*\}\s*$/.test(lines[0] ?? '') && lines.length > 1) {
    const many = jsonLines(lines);
    if (many !== undefined) return many;
  }
  if (!looksLikeCsv(plain)) return nothing(whole.fault);
  const { rows, fault } = readCsv(plain);
  if (fault !== undefined) return nothing({ ...fault, column: null });
  return { format: 'csv', value: rows, errors: [] };
}

/** One document per line; undefined when not even the first line is one. */
function jsonLines(lines: readonly string[]): Read | undefined {
  const values: unknown[] = [];
  const errors: SampleFault[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const read = json(line, index);
    if ('value' in read) values.push(read.value);
    else if (values.length === 0) return undefined;
    else if (errors.length < 20) errors.push(read.fault);
  }
  return { format: 'ndjson', value: values, errors };
}

function json(text: string, linesBefore: number): { value: unknown } | { fault: SampleFault } {
  try {
    return { value: parseJson(text, { maxBytes: MAX_SAMPLE_BYTES }) };
  } catch (thrown) {
    const { facts, message } = asCrossdockError(thrown);
    const line = typeof facts['line'] === 'number' ? facts['line'] + linesBefore : null;
    const column = typeof facts['column'] === 'number' ? facts['column'] : null;
    const told = message
      .replace(/^The message is not valid JSON: /, '')
      .replace(/^The message/, 'The sample')
      .replace(/ \(line \d+, column \d+\)\.$/, '.');
    const place = line === null ? '' : `Line ${line}, column ${column}: `;
    return { fault: { line, column, message: `${place}${told}` } };
  }
}

function nothing(fault: SampleFault): Read {
  return { format: null, value: null, errors: [fault] };
}

/** What is tried runs in this process: a sample is a message or a few, not a day's export. */
function checkSize(value: unknown): void {
  let count = 0;
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    count += 1;
    if (count > MAX_VALUES) {
      throw new CrossdockError(`The sample has more than ${MAX_VALUES} values; a few messages are enough.`, {
        code: 'SAMPLE_TOO_LARGE',
        kind: 'permanent',
      });
    }
    if (typeof next !== 'object' || next === null) continue;
    for (const inner of Object.values(next)) if (inner !== undefined) open.push(inner === null ? 0 : inner);
  }
}
