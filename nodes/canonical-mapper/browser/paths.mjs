/** Paths of targets and sources as texts. `[name]` of a target tells groups of one list apart; contracts know only `[]`. */

/** `allowancesCharges[freight].amount` -> `allowancesCharges[].amount`: as the contract writes it. */
export function inContract(target) {
  return target.replaceAll(/\[[A-Za-z_][\w-]*\]/g, '[]');
}

/** The steps of a path: `lines[].item` -> `['lines[]', 'item']`. Names in quotes stay with what they follow. */
export function stepsOf(path) {
  const steps = [];
  let step = '';
  let depth = 0;
  for (const char of path) {
    if (char === '[') depth += 1;
    if (char === ']') depth -= 1;
    if (char === '.' && depth === 0) {
      steps.push(step);
      step = '';
    } else step += char;
  }
  if (step !== '') steps.push(step);
  return steps;
}

/** The object or list entry that holds the field; '' for the root. */
export function parentOf(path) {
  return stepsOf(path).slice(0, -1).join('.');
}

/** The last name, without brackets. */
export function nameOf(path) {
  return (stepsOf(path).at(-1) ?? '').replace(/\[[^\]]*\]$/, '');
}

/** The name of the group: `freight` of `allowancesCharges[freight]`, else ''. */
export function groupOf(path) {
  return /\[([A-Za-z_][\w-]*)\]$/.exec(path)?.[1] ?? '';
}

export function isList(path) {
  return path.endsWith(']');
}

export function isVariable(path) {
  return nameOf(path).startsWith('$');
}

/** Whether `path` lies below `ancestor` ('' is above everything). */
export function isBelow(path, ancestor) {
  if (ancestor === '') return path !== '';
  return path.startsWith(`${ancestor}.`) || path.startsWith(`${ancestor}[`);
}

/** The list entries a path runs through, outermost first: `lines[].taxes[].rate` -> `['lines[]', 'lines[].taxes[]']`. */
export function listsAbove(path) {
  const steps = stepsOf(path);
  return steps.flatMap((step, at) =>
    isList(step) && at < steps.length - 1 ? steps.slice(0, at + 1).join('.') : [],
  );
}

/** The target with the given list prefix of the contract replaced by the spec's own (named) one. */
export function regroup(path, from, to) {
  return path.startsWith(from) ? to + path.slice(from.length) : path;
}

/** A member as a path writes it: names that are no words go into brackets. */
export function member(name) {
  return /^[A-Za-z_$][\w$-]*$/.test(name) ? name : `['${name}']`;
}

/** `a` + `b` -> `a.b`, `a['b c']`. */
export function below(parent, name) {
  const step = member(name);
  if (parent === '') return step;
  return step.startsWith('[') ? parent + step : `${parent}.${step}`;
}
