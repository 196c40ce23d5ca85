/** What a source field becomes when the analyst puts it on a row: the rule, and the rows of lists that it needs. */
import { isList, listsAbove, nameOf, regroup } from './paths.mjs';
import { withSource } from './spec-edit.mjs';

/** A group's name out of a field's: small letters, digits and hyphens. */
export function groupNameFrom(path) {
  const name = nameOf(path)
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase();
  return /^[a-z]/.test(name) ? name.slice(0, 40) : `entry-${name}`.slice(0, 40);
}

/** The transforms that nobody would leave out: a canonical decimal is read as one, a time as one, text is text. */
export function startingTransforms(field, source) {
  const type = field?.type;
  if (type === 'decimal') {
    const comma = source?.examples.some((example) => /^\s*-?[\d.]*,\d+\s*$/.test(example)) ?? false;
    return [comma ? { decimal: { mark: ',', group: '.' } } : 'decimal'];
  }
  if (type === 'integer' || type === 'boolean') return source?.type === type ? [] : [type];
  if (field?.format === 'date-time') return ['date'];
  if (type === 'text' && source?.type === 'number') return ['string'];
  return [];
}

/** The entry path of a list of the sample: `positionen` and `positionen[].x` -> `positionen[]`. */
export function entryPath(path, fields) {
  if (path.endsWith('[]')) return path;
  const isOne = fields.find((field) => field.path === path)?.type === 'list';
  return isOne ? `${path}[]` : (listsAbove(path).at(-1) ?? path);
}

/**
 * Rules that map `path` to the row's target: `{ rule, also }`, `also` being list rows that are missing.
 * A list of the target that no list of the source stands against becomes one named entry.
 */
export function mapped(session, row, path) {
  const { fields } = session.state.sample;
  if (row.kind === 'list' && isList(row.target)) {
    return { rule: { ...(row.rule ?? {}), target: row.target, each: entryPath(path, fields) }, also: [] };
  }
  const source = fields.find((field) => field.path === path);
  let target = row.target;
  const also = [];
  // Rows of a CSV file, or a list at the root: each of them becomes an object of its own.
  if (path.startsWith('[]') && !session.spec.rules.some((rule) => rule.target === '[]')) {
    also.push({ target: '[]', each: '[]' });
  }
  const ruleAt = (list) => session.spec.rules.find((rule) => rule.target === list);
  const taken = new Set(['[]', ...listsAbove(target).map((list) => ruleAt(list)?.each)]);
  for (const list of session.openLists(row.target)) {
    if (!list.endsWith('[]')) continue;
    const each = listsAbove(path).find((candidate) => !taken.has(candidate));
    if (each !== undefined) {
      taken.add(each);
      also.push({ target: regroup(list, row.target, target), each });
    } else target = regroup(target, list, `${list.slice(0, -2)}[${groupNameFrom(path)}]`);
  }
  if (row.rule !== undefined) return { rule: withSource(row.rule, 'from', path), also };
  const transforms = startingTransforms(row.field, source);
  return {
    rule: { target, from: path, transforms, required: row.required === true && row.kind === 'field' },
    also,
  };
}

/** Puts the field on the row, as one step of the history. */
export function put(session, row, path) {
  const { rule, also } = mapped(session, row, path);
  const { rules } = session.spec;
  if (row.rule !== undefined) session.replace(row.rule, rule);
  else
    session.addAll(
      [...also, rule].filter(
        ({ target }) => also.length === 0 || !rules.some((there) => there.target === target),
      ),
    );
  return rule.target;
}

/** The rules of an accepted suggestion, what they need first. */
export function rulesOf(suggestion) {
  return [...(suggestion.also ?? []), suggestion.rule];
}

/** The first suggestion of each row at or above a confidence. */
export function sureOnes(session, least) {
  return session.rows.flatMap((row) => {
    const [best] = session.suggestionsFor(row);
    return best !== undefined && best.confidence >= least ? [{ row, suggestion: best }] : [];
  });
}
