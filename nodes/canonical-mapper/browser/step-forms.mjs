/** The small form of each transform, made from what the catalogue says of its argument. */
import { el } from '../../console/browser/dom.mjs';
import { combo } from './combo.mjs';
import {
  constantControl,
  jsonControl,
  labelled,
  listControl,
  numberControl,
  operandControl,
  pairsControl,
  pathControl,
  selectControl,
  textControl,
} from './controls.mjs';
import { t, tOr } from './words.mjs';

const styles = [
  ['', '', '1234.56'],
  [',', '', '1234,56'],
  [',', '.', '1.234,56'],
  ['.', ',', '1,234.56'],
  [',', ' ', '1 234,56'],
  ['.', "'", "1'234.56"],
];

function decimalForm(argument, changed) {
  const { mark = '', group = '' } = argument ?? {};
  const at = Math.max(
    0,
    styles.findIndex(([m, g]) => m === mark && g === group),
  );
  const control = selectControl(
    at,
    t('form.decimalStyle'),
    styles.map(([, , text], index) => [index, text]),
    changed,
  );
  return {
    element: labelled(t('form.decimalStyle'), control.element),
    read() {
      const [m, g] = styles[Number(control.read())];
      if (m === '') return undefined;
      return g === '' ? { mark: m } : { mark: m, group: g };
    },
  };
}

function digitsForm(argument, label, changed) {
  const options = [
    ['currency', t('form.currencyDigits')],
    ...[0, 1, 2, 3, 4, 5, 6].map((n) => [n, t('form.digits', { n })]),
  ];
  const control = selectControl(argument ?? 'currency', label, options, changed);
  return {
    element: control.element,
    read: () => (control.read() === 'currency' ? 'currency' : Number(control.read())),
  };
}

const schemes = ['rec20', 'x12', 'edifact', 'shopify', 'amazon', 'odoo', 'partner'];

/** Whose code list a unit is of. */
function unitForm(argument, changed) {
  const value = typeof argument === 'string' ? argument : argument?.scheme;
  const known = value === undefined || schemes.includes(value) ? schemes : [value, ...schemes];
  const label = t('member.scheme');
  const control = selectControl(
    value ?? 'partner',
    label,
    known.map((name) => [name, name]),
    changed,
  );
  return {
    element: labelled(label, control.element),
    read() {
      const scheme = control.read();
      return argument !== null && typeof argument === 'object' ? { ...argument, scheme } : { scheme };
    },
  };
}

let zones;
function zoneOptions() {
  zones ??= ['Europe/Berlin', 'UTC', ...Intl.supportedValuesOf('timeZone')].map((value) => ({ value }));
  return zones;
}

/**
 * A control for one argument.
 * @param about `{ argument, members, optional }` of the catalogue
 * @param context `{ session, field, seen, label, changed }`
 */
function argumentControl(about, value, context) {
  const { session, label, changed } = context;
  switch (about.argument) {
    case 'text':
    case 'scalar':
      return about.options
        ? selectControl(
            value ?? '',
            label,
            about.options.map((each) => [each, each]),
            changed,
          )
        : textControl(value, label, changed);
    case 'number':
      return numberControl(value, label, changed);
    case 'boolean': {
      const control = constantControl({ type: 'boolean' }, value, label, changed);
      return control;
    }
    case 'digits':
      return digitsForm(value, label, changed);
    case 'operand':
      return operandControl(session, value, label, changed);
    case 'operands':
      return listControl(
        value ?? [],
        (each) => operandControl(session, each, label, changed),
        t('form.addOperand'),
        changed,
      );
    case 'path':
      return pathControl(session, value, label, changed);
    case 'texts':
      return wordsControl(value, label, changed);
    case 'table': {
      const tables = Object.keys(session.spec.tables ?? {});
      return selectControl(
        value ?? '',
        label,
        [['', t('form.choose')], ...tables.map((name) => [name, name])],
        changed,
      );
    }
    case 'zone': {
      const control = combo({
        value: value ?? '',
        label,
        placeholder: 'Europe/Berlin',
        options: zoneOptions,
        chosen: changed,
      });
      control.input.addEventListener('change', () => changed());
      return { element: control.element, read: control.value };
    }
    case 'values':
      return pairsControl(value, context);
    case 'object':
      return objectControl(about, value, context);
    default:
      return jsonControl(value, label, changed);
  }
}

function wordsControl(value, label, changed) {
  const control = textControl((value ?? []).join(', '), label, changed, { placeholder: t('form.commaList') });
  return {
    element: control.element,
    read: () =>
      control
        .read()
        .split(',')
        .map((word) => word.trim())
        .filter(Boolean),
  };
}

function objectControl(about, value, context) {
  // A member that nobody has said how to ask for is not shown, and stays as it is.
  const asked = (about.members ?? []).filter(
    ({ argument, members: inner }) => argument !== 'object' || inner?.length > 0,
  );
  const kept = Object.entries(value ?? {}).filter(([name]) => !asked.some((member) => member.name === name));
  const members = asked.map((member) => {
    const label = tOr(`member.${member.name}`, member.name);
    const inner = { ...context, label };
    const control =
      member.name === 'default'
        ? constantControl(context.field, value?.[member.name], label, context.changed)
        : argumentControl(member, value?.[member.name], inner);
    return {
      member,
      control,
      element: labelled(member.optional ? t('form.optional', { label }) : label, control.element),
    };
  });
  return {
    element: el(
      'div.members',
      {},
      members.map(({ element }) => element),
    ),
    read() {
      const read = members.map(({ member, control }) => [member.name, control.read()]);
      const isEmpty = (each) =>
        each === undefined ||
        each === '' ||
        (Array.isArray(each) && each.length === 0) ||
        (typeof each === 'object' && each !== null && Object.keys(each).length === 0);
      const given = [...kept, ...read.filter(([, each]) => !isEmpty(each))];
      return given.length === 0 && about.optional ? undefined : Object.fromEntries(given);
    },
  };
}

/**
 * The form of a transform: `{ element, read() }`, `read` giving the transform as the spec writes it, or undefined while
 * it is unfinished. A transform without argument has no form.
 */
export function stepForm(about, spec, context) {
  const { name } = about;
  const argument = typeof spec === 'string' ? undefined : spec[name];
  // A switch that is on by being there needs no form.
  if (about.argument === 'none' || (about.argument === 'boolean' && about.optional)) return undefined;
  const label = tOr(`transform.${name}`, about.title ?? name);
  const control =
    name === 'unit'
      ? unitForm(argument, context.changed)
      : name === 'decimal' && argument?.implied === undefined
        ? decimalForm(argument, context.changed)
        : name === 'enum' || about.argument === 'values'
          ? objectOrValues(about, argument, { ...context, label })
          : argumentControl(about, argument, { ...context, label });
  return {
    element: control.element,
    read() {
      const value = control.read();
      if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
        return about.optional ? name : undefined;
      return { [name]: value };
    },
  };
}

function objectOrValues(about, argument, context) {
  if (about.argument === 'values') {
    const pairs = pairsControl(argument?.values ?? argument, context);
    const other = constantControl(context.field, argument?.default, t('member.default'), context.changed);
    return {
      element: el(
        'div.members',
        {},
        pairs.element,
        labelled(t('form.optional', { label: t('member.default') }), other.element),
      ),
      read() {
        const values = pairs.read();
        if (Object.keys(values).length === 0) return undefined;
        const rest = other.read();
        return rest === undefined || rest === '' ? { values } : { values, default: rest };
      },
    };
  }
  return objectControl(about, argument, context);
}
