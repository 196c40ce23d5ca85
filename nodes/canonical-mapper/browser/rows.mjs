/**
 * The rows of the table, from a contract's fields and a spec's rules: one for each rule, one for each required field
 * without a rule, and those that the analyst has asked for. Grouped by object, required ones first.
 */
import { below, inContract, isBelow, isVariable, nameOf, parentOf, stepsOf } from './paths.mjs';

/** The fields as a tree: objects and lists hold their members. */
export function fieldTree(fields) {
  const root = { field: undefined, members: [] };
  const nodes = new Map([['', root]]);
  for (const field of fields) {
    const node = { field, members: [] };
    nodes.set(field.path, node);
    const parent = field.path.endsWith('[]') ? field.path.slice(0, -2) : parentOf(field.path);
    (nodes.get(parent) ?? root).members.push(node);
  }
  return root;
}

/** The list prefixes in use below a holder: `lines[]`, `allowancesCharges[freight]`. */
function groupsOf(list, targets) {
  const groups = new Set();
  for (const target of targets) {
    if (!target.startsWith(`${list}[`)) continue;
    groups.add(target.slice(0, target.indexOf(']', list.length) + 1));
  }
  return [...groups];
}

/**
 * @param fields of the target contract
 * @param wanted targets that are shown although nothing fills them
 * @param all shows every optional field, too
 * @returns rows `{ key, kind: field | list | object | variable | unknown, target, field, rule, nth, of, depth, required, title }`
 */
export function rowsOf(spec, fields, { wanted, all = false }) {
  const byTarget = Map.groupBy(spec.rules, ({ target }) => target);
  const used = [...byTarget.keys(), ...wanted];
  const left = new Set(spec.rules);
  const rows = [];

  const present = (holder) =>
    holder === '' || used.some((target) => target === holder || isBelow(target, holder));

  function put(kind, target, field, depth, extra = {}) {
    const rules = byTarget.get(target) ?? [];
    const at = { kind, target, field, depth, ...extra };
    if (rules.length === 0) rows.push({ key: `${kind} ${target}`, rule: undefined, nth: 0, of: 0, ...at });
    rules.forEach((rule, nth) => {
      left.delete(rule);
      rows.push({ key: `${kind} ${target} ${nth}`, rule, nth, of: rules.length, ...at });
    });
  }

  function variables(holder, depth) {
    for (const target of byTarget.keys()) {
      if (isVariable(target) && parentOf(target) === holder)
        put('variable', target, undefined, depth, { required: false });
    }
  }

  function isShown(field, target, holder) {
    if (all || byTarget.has(target) || wanted.has(target)) return true;
    if (field.required === 'always') return true;
    return field.required === 'with parent' && holder !== '' && present(holder);
  }

  const rank = ({ field }) => (field.leaf || field.type === 'any' ? 0 : 2) + (field.required ? 0 : 1);

  function members(node, holder, depth) {
    variables(holder, depth);
    for (const member of node.members.toSorted((a, b) => rank(a) - rank(b))) one(member, holder, depth);
  }

  function one(node, holder, depth) {
    const { field } = node;
    const target = below(holder, nameOf(field.path));
    const required = field.required === 'always' || (field.required === 'with parent' && present(holder));
    if (field.type === 'list') list(node, target, holder, depth, required);
    else if (node.members.length > 0) object(node, target, depth);
    else if (isShown(field, target, holder)) put('field', target, field, depth, { required });
  }

  function object(node, target, depth) {
    const start = rows.length;
    put('object', target, node.field, depth, { required: false, head: true });
    const head = rows.length;
    members(node, target, depth + 1);
    // Nothing of it is wanted: no empty heading.
    if (rows.length === head && !byTarget.has(target)) rows.length = start;
  }

  function list(node, target, holder, depth, required) {
    const [entry] = node.members;
    const groups = groupsOf(target, used);
    if (byTarget.has(target)) put('list', target, node.field, depth, { required, head: true });
    else if (groups.length === 0) {
      if (!isShown(node.field, target, holder) && !wanted.has(`${target}[]`)) return;
      groups.push(`${target}[]`);
    }
    for (const group of groups) {
      put('list', group, node.field, depth, { required: required && groups[0] === group, head: true });
      if (entry === undefined || entry.field.leaf) continue;
      members(entry, group, depth + 1);
    }
  }

  // Several objects from one message: the row that says over what.
  if (byTarget.has('[]'))
    put('list', '[]', { title: '', type: 'list', path: '[]' }, 0, { required: false, head: true });
  members(fieldTree(fields), '', 0);
  for (const rule of left) {
    if (rows.some((row) => row.rule === rule)) continue;
    const depth = Math.max(0, stepsOf(rule.target).length - 1);
    const kind = isVariable(rule.target) ? 'variable' : 'unknown';
    rows.push({
      key: `${kind} ${rule.target} ${spec.rules.indexOf(rule)}`,
      kind,
      target: rule.target,
      field: undefined,
      rule,
      nth: 0,
      of: 1,
      depth,
      required: false,
    });
  }
  return rows;
}

/** Optional fields that no row shows yet, for the box that adds them. */
export function addable(fields, rows) {
  const there = new Set(rows.map(({ target }) => inContract(target)));
  return fields.filter(
    ({ path, leaf, type }) =>
      (leaf || type === 'list') && !path.endsWith('[]') && !there.has(path) && !there.has(`${path}[]`),
  );
}
