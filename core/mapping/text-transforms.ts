/** Transforms of text. */
import { keyPart } from '../canonical/identity';
import { isMissing, SpecFault, textOf } from './frame';
import { bounded, type Factories, onText, type Transform } from './transform';
import type { Operand } from './types';
import { acceptedBy, askExpression, compileOperand, type ValueCompiler } from './value';

function concat(argument: unknown, compiler: ValueCompiler): Transform {
  const { with: operands, separator = '' } = argument as { with: readonly Operand[]; separator?: string };
  const parts = operands.map((operand) => compileOperand(operand, compiler));
  return {
    onMissing: true,
    run: (value, frame) => {
      const all = [value, ...parts.map((part) => part(frame))].filter((part) => !isMissing(part));
      return bounded(all.map(textOf).join(separator));
    },
  };
}

function removePrefix(argument: unknown, compiler: ValueCompiler): Transform {
  const operand = compileOperand(argument as Operand, compiler);
  return {
    run: (value, frame) => {
      const text = textOf(value);
      const prefix = operand(frame);
      return !isMissing(prefix) && text.startsWith(textOf(prefix)) ? text.slice(textOf(prefix).length) : text;
    },
  };
}

function removeSuffix(argument: unknown, compiler: ValueCompiler): Transform {
  const operand = compileOperand(argument as Operand, compiler);
  return {
    run: (value, frame) => {
      const text = textOf(value);
      const suffix = operand(frame);
      return !isMissing(suffix) && text.endsWith(textOf(suffix))
        ? text.slice(0, text.length - textOf(suffix).length)
        : text;
    },
  };
}

function businessKey(argument: unknown, compiler: ValueCompiler): Transform {
  const parts = (argument as readonly Operand[]).map((operand) => compileOperand(operand, compiler));
  return {
    run: (value, frame) => [...parts.map((part) => keyPart(textOf(part(frame)))), textOf(value)].join(':'),
  };
}

function split(argument: unknown): Transform {
  const { separator, index } = argument as { separator: string; index?: number };
  return {
    run: (value) => {
      const text = textOf(value);
      // Most texts that may have several parts have one.
      if (!text.includes(separator)) {
        const only = text.trim();
        if (index === undefined) return only === '' ? [] : [only];
        return index === 0 || index === -1 ? only : undefined;
      }
      const parts = text.split(separator).map((part) => part.trim());
      return index === undefined ? parts.filter((part) => part !== '') : parts.at(index);
    },
  };
}

function substring(argument: unknown): Transform {
  const { start, length } = argument as { start: number; length?: number };
  return {
    run: (value) => {
      const tail = textOf(value).slice(start);
      return length === undefined ? tail : tail.slice(0, length);
    },
  };
}

function pad(argument: unknown): Transform {
  const {
    length,
    with: fill = ' ',
    side = 'left',
  } = argument as {
    length: number;
    with?: string;
    side?: 'left' | 'right';
  };
  return {
    run: (value) =>
      side === 'left' ? textOf(value).padStart(length, fill) : textOf(value).padEnd(length, fill),
  };
}

function replace(argument: unknown): Transform {
  const { find, with: other = '' } = argument as { find: string; with?: string };
  return { run: (value) => bounded(textOf(value).split(find).join(other)) };
}

interface Pattern {
  readonly pattern: string;
  readonly ignoreCase?: boolean;
}

/** The first match: its group, or what the first group holds, or the whole. */
function extract(argument: unknown, compiler: ValueCompiler): Transform {
  const {
    pattern,
    group,
    ignoreCase = false,
  } = (typeof argument === 'string' ? { pattern: argument } : argument) as Pattern & { group?: number };
  const flags = ignoreCase ? 'i' : '';
  const expression = acceptedBy(compiler, (engine) => engine.regex(pattern, { flags }));
  const ask = askExpression(expression, compiler);
  return {
    run: (value, frame) => {
      const found = ask(frame, textOf(value));
      if (!Array.isArray(found)) return undefined;
      return (found as unknown[])[group ?? Math.min(1, found.length - 1)] ?? undefined;
    },
  };
}

function replacePattern(argument: unknown, compiler: ValueCompiler): Transform {
  const { pattern, with: other = '', ignoreCase = false } = argument as Pattern & { with?: string };
  const options = { flags: ignoreCase ? 'gi' : 'g', replace: other };
  const expression = acceptedBy(compiler, (engine) => engine.regex(pattern, options));
  const ask = askExpression(expression, compiler);
  return { run: (value, frame) => ask(frame, textOf(value)) };
}

function affix(put: (text: string, affix: string) => string): Factories[string] {
  return (argument) => {
    if (typeof argument !== 'string') throw new SpecFault('a text is needed');
    return { run: (value) => bounded(put(textOf(value), argument)) };
  };
}

export const TEXT_TRANSFORMS: Factories = {
  trim: onText((text) => text.trim()),
  squeeze: onText((text) => text.trim().replace(/\s+/g, ' ')),
  upper: onText((text) => text.toUpperCase()),
  lower: onText((text) => text.toLowerCase()),
  string: onText((text) => text),
  truncate: (argument) => ({ run: (value) => textOf(value).slice(0, argument as number) }),
  prefix: affix((text, prefix) => `${prefix}${text}`),
  suffix: affix((text, suffix) => `${text}${suffix}`),
  removePrefix,
  removeSuffix,
  concat,
  businessKey,
  split,
  substring,
  pad,
  replace,
  extract,
  replacePattern,
};
