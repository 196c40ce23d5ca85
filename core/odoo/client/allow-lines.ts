/** The allow-list as people write it: one model per line, `model: method, method`. */
import { CrossdockError } from '../../errors/index';
import type { AllowList } from './types';

const MODEL = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/;
const METHOD = /^[a-z][a-z0-9_]*$/;
const MAX_LINES = 200;

/**
 * Reads the lines; empty ones and those that begin with `#` say nothing.
 *
 * Throws CONFIG_INVALID (transient: the messages are not at fault) with the number of the line.
 */
export function parseAllowLines(text: string): AllowList {
  const all = new Map<string, Set<string>>();
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES) throw wrong(MAX_LINES + 1, `there are more than ${MAX_LINES} lines`);
  for (const [index, line] of lines.entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const [model = '', methods = ''] = content.split(/:(.*)/s).map((part) => part.trim());
    const at = index + 1;
    if (!MODEL.test(model)) throw wrong(at, `"${model.slice(0, 40)}" is no model, for example res.partner`);
    const names = methods.split(/[\s,]+/).filter((name) => name !== '');
    if (names.length === 0)
      throw wrong(at, `say which methods of ${model}, for example ${model}: read, write`);
    const known = all.get(model) ?? new Set();
    for (const name of names) {
      if (name === '*')
        throw wrong(at, 'a method has to be named; * stands for everything, also for deleting');
      if (name.startsWith('_')) throw wrong(at, `${name} is private: Odoo refuses it to everybody outside`);
      if (!METHOD.test(name)) throw wrong(at, `"${name.slice(0, 40)}" is no method, for example search_read`);
      known.add(name);
    }
    all.set(model, known);
  }
  return Object.fromEntries([...all].map(([model, names]) => [model, [...names]]));
}

/** Both lists as one. */
export function joinAllowLists(one: AllowList, other: AllowList): AllowList {
  const models = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    [...models].map((model) => [model, [...new Set([...own(one, model), ...own(other, model)])]]),
  );
}

function own(list: AllowList, model: string): readonly string[] {
  return Object.hasOwn(list, model) ? (list[model] ?? []) : [];
}

function wrong(line: number, what: string): CrossdockError {
  return new CrossdockError(`Additional calls of the Odoo server, line ${line}: ${what}.`, {
    code: 'CONFIG_INVALID',
    kind: 'transient',
    facts: { field: 'allow', line },
  });
}
