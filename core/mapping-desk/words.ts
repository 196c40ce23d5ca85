/** Rows of a mapping in words. */
import type { Rule } from '../mapping';

/** Where a row's value comes from: `"a"`, `the constant "C62"`. */
export function originOf(rule: Rule): string {
  const { from, jsonata, context, result, each } = rule;
  if (Object.hasOwn(rule, 'const')) return `the constant ${quoted(rule.const)}`;
  if (from !== undefined) return typeof from === 'string' ? quoted(from) : from.map(quoted).join(', else ');
  if (jsonata !== undefined) return `the expression ${quoted(jsonata)}`;
  if (context !== undefined) return `${quoted(context)} of the context`;
  if (result !== undefined) return `${quoted(result)} of the result`;
  if (each !== undefined) return `one entry for each of ${quoted(each)}`;
  return 'its own rows';
}

/** A row as one clause: `issuedAt from "created_at" through date, required`. */
export function ruleInWords(rule: Rule): string {
  const constant = Object.hasOwn(rule, 'const');
  const origin = constant || rule.each !== undefined ? `: ${originOf(rule)}` : ` from ${originOf(rule)}`;
  const parts = [
    `${rule.target}${origin}`,
    ...(rule.transforms === undefined ? [] : [`through ${transformsInWords(rule)}`]),
    ...(rule.where === undefined ? [] : ['under a condition']),
    ...(rule.default === undefined ? [] : [`else ${quoted(rule.default)}`]),
  ];
  return `${parts.join(' ')}${rule.required === true ? ', required' : ''}`;
}

export function transformsInWords({ transforms }: Rule): string {
  if (transforms === undefined || transforms.length === 0) return 'no transform';
  return transforms
    .map((transform) => {
      if (typeof transform === 'string') return transform;
      const [name = '', argument] = Object.entries(transform)[0] ?? [];
      return `${name} ${cut(JSON.stringify(argument))}`;
    })
    .join(', then ');
}

export function quoted(value: unknown): string {
  return cut(JSON.stringify(value) ?? 'nothing');
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
