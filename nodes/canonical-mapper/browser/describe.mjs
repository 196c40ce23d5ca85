/** Rules in words: what stands in the cells and on the chips. */
import { sourceKind } from './spec-edit.mjs';
import { shown, t, tOr } from './words.mjs';

export function transformName(spec) {
  return typeof spec === 'string' ? spec : (Object.keys(spec)[0] ?? '');
}

export function transformTitle(name, catalogue) {
  return tOr(`transform.${name}`, catalogue?.transforms.find((each) => each.name === name)?.title ?? name);
}

/** An operand: `"a"`, `total_tax`, `channel`. */
export function operandText(operand) {
  if (operand === null || typeof operand !== 'object')
    return typeof operand === 'string' ? `“${operand}”` : String(operand);
  const kind = sourceKind(operand);
  if (kind === 'const') return operandText(operand.const);
  const value = operand[kind];
  return Array.isArray(value) ? value.join(' / ') : String(value ?? '?');
}

/** The argument of a transform in a few characters. */
export function argumentText(spec) {
  if (typeof spec === 'string') return '';
  const [[name, argument]] = Object.entries(spec);
  if (Array.isArray(argument)) return argument.map(operandText).join(', ');
  if (argument === null || typeof argument !== 'object') return String(argument);
  if (name === 'enum' || argument.values) {
    const pairs = Object.entries(argument.values ?? {});
    const text = pairs
      .slice(0, 2)
      .map(([from, to]) => `${from} → ${to}`)
      .join(', ');
    return pairs.length > 2 ? `${text} +${pairs.length - 2}` : text;
  }
  if (name === 'decimal')
    return `${argument.group ?? ''}…${argument.mark ?? '.'}00`.replace(
      '…',
      '1'.concat(argument.group ? `${argument.group}234`.slice(1) : '234'),
    );
  if (name === 'concat') return (argument.with ?? []).map(operandText).join(', ');
  if (sourceKind(argument) !== undefined) return operandText(argument);
  return Object.values(argument)
    .map((value) => (value !== null && typeof value === 'object' ? operandText(value) : String(value)))
    .join(', ');
}

const decimalStyle = {
  ',.': '1.234,56',
  '.,': '1,234.56',
  ', ': '1 234,56',
  ",'": "1'234,56",
  ".'": "1'234.56",
  ',': '1234,56',
  '.': '1234.56',
};

export function chipText(spec, catalogue) {
  const name = transformName(spec);
  const title = transformTitle(name, catalogue);
  if (name === 'decimal' && typeof spec === 'object') {
    const { mark = '.', group = '' } = spec.decimal ?? {};
    return `${title} ${decimalStyle[mark + group] ?? decimalStyle[mark]}`;
  }
  const argument = argumentText(spec);
  return argument === '' ? title : `${title} ${argument}`;
}

const tests = ['exists', 'equals', 'notEquals', 'in', 'notIn', 'greaterThan', 'lessThan'];

export function testOf(condition) {
  return tests.find((test) => condition[test] !== undefined) ?? 'exists';
}

export function conditionText(condition) {
  const test = testOf(condition);
  const left = operandText(condition);
  if (test === 'exists')
    return t(condition.exists === false ? 'condition.isMissing' : 'condition.isThere', { left });
  const value = condition[test];
  const right = Array.isArray(value) ? value.join(', ') : operandText(value);
  return `${left} ${t(`condition.sign.${test}`)} ${right}`;
}

/** `{ kind, text }` of where a rule's value comes from. */
export function sourceText(rule) {
  const kind = sourceKind(rule);
  if (kind === undefined) return { kind: 'none', text: rule?.where ? t('source.onlyWhen') : '' };
  const value = rule[kind];
  if (kind === 'const')
    return {
      kind,
      text:
        Array.isArray(value) && value.length === 0
          ? t('source.emptyList')
          : typeof value === 'string'
            ? `“${value}”`
            : shown(value),
    };
  return { kind, text: Array.isArray(value) ? value.join('  ›  ') : String(value) };
}
