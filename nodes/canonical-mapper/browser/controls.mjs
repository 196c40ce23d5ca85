/** Small form controls of the popovers. Each is `{ element, read() }`; `changed` is called when the value is settled. */
import { button, el } from '../../console/browser/dom.mjs';
import { combo } from './combo.mjs';
import { sourceKind } from './spec-edit.mjs';
import { t } from './words.mjs';

let ids = 0;

/** A label above its control. */
export function labelled(label, control, hint) {
  ids += 1;
  const input = control.matches?.('input, select, textarea')
    ? control
    : control.querySelector('input, select, textarea');
  if (input && !input.id) input.id = `crossdock-mapper-field-${ids}`;
  return el(
    'div.labelled',
    {},
    el('label', { for: input?.id }, label),
    control,
    hint && el('small.hint', {}, hint),
  );
}

export function textControl(value, label, changed, extra = {}) {
  const element = el('input', {
    type: 'text',
    'aria-label': label,
    autocomplete: 'off',
    spellcheck: 'false',
    ...extra,
  });
  element.value = value ?? '';
  element.addEventListener('change', () => changed());
  return { element, read: () => element.value };
}

export function numberControl(value, label, changed) {
  const control = textControl(value, label, changed, { inputmode: 'numeric' });
  return {
    element: control.element,
    read: () => (/^-?\d+$/.test(control.element.value.trim()) ? Number(control.element.value) : undefined),
  };
}

/** @param options `[value, text]` pairs */
export function selectControl(value, label, options, changed) {
  const element = el(
    'select',
    { 'aria-label': label },
    options.map(([each, text]) =>
      el('option', { value: String(each), selected: String(each) === String(value) }, text),
    ),
  );
  element.addEventListener('change', () => changed());
  return { element, read: () => element.value };
}

export function jsonControl(value, label, changed) {
  const element = el('textarea.code', { rows: 4, 'aria-label': label, spellcheck: 'false' });
  element.value = value === undefined ? '' : JSON.stringify(value, null, 1);
  element.addEventListener('change', () => {
    element.setAttribute('aria-invalid', String(read() === undefined));
    if (read() !== undefined) changed();
  });
  function read() {
    try {
      return JSON.parse(element.value);
    } catch (_error) {
      return undefined;
    }
  }
  return { element, read };
}

/** Fields of the sample for a path field: values first, objects and lists behind them. */
export function pathOptions(session) {
  const { fields } = session.state.sample;
  return [...fields.filter(({ leaf }) => leaf), ...fields.filter(({ leaf }) => !leaf)].map(
    ({ path, examples, type }) => ({ value: type === 'list' ? `${path}[]` : path, hint: examples[0] ?? '' }),
  );
}

export function variableOptions(session) {
  const names = session.spec.rules.map(({ target }) => /\$\w+$/.exec(target)?.[0]).filter(Boolean);
  return [...new Set(names)].map((value) => ({ value, hint: t('source.helper') }));
}

export function pathControl(session, value, label, changed, extra = {}) {
  const control = combo({
    value: value ?? '',
    label,
    placeholder: t('source.pathPlaceholder'),
    options: () => [...pathOptions(session), ...variableOptions(session)],
    chosen: () => changed(),
    ...extra,
  });
  control.input.addEventListener('change', () => changed());
  return { element: control.element, read: control.value, input: control.input };
}

export const contextNames = ['channel', 'account', 'partnerId', 'receivedAt', 'mappingVersion'];

/** A scalar of the target's type: a list of its values where it has one. */
export function constantControl(field, value, label, changed) {
  if (field?.enum)
    return selectControl(
      value ?? '',
      label,
      [['', t('form.choose')], ...field.enum.map((each) => [each, String(each)])],
      changed,
    );
  if (field?.type === 'boolean') {
    const control = selectControl(
      value === undefined ? '' : String(value),
      label,
      [
        ['', t('form.choose')],
        ['true', t('form.yes')],
        ['false', t('form.no')],
      ],
      changed,
    );
    return {
      element: control.element,
      read: () => (control.read() === '' ? undefined : control.read() === 'true'),
    };
  }
  const control = textControl(typeof value === 'object' ? JSON.stringify(value) : value, label, changed, {
    placeholder:
      field?.example === undefined
        ? undefined
        : String(field.const ?? (typeof field.example === 'object' ? '' : field.example)),
  });
  return {
    element: control.element,
    read() {
      const text = control.read();
      if (text === '') return undefined;
      if ((field?.type === 'number' || field?.type === 'integer') && Number.isFinite(Number(text)))
        return Number(text);
      return text;
    },
  };
}

const operandKinds = ['const', 'from', 'context', 'result'];

/** A value that a transform takes: a text, a field, a member of the context, something made above. */
export function operandControl(session, value, label, changed) {
  const isObject = value !== null && typeof value === 'object';
  const kind = isObject ? (sourceKind(value) ?? 'from') : value === undefined ? 'from' : 'const';
  if (isObject && (value.transforms || value.jsonata || Array.isArray(value.from)))
    return jsonControl(value, label, changed);
  let current = isObject ? value[kind] : value;
  let inner;
  const slot = el('div.operand-value');
  const which = selectControl(
    kind,
    t('form.kindOf', { label }),
    operandKinds.map((each) => [each, t(`source.kind.${each}`)]),
    () => {
      current = undefined;
      draw();
    },
  );
  function draw() {
    const now = which.read();
    inner =
      now === 'from'
        ? pathControl(session, current, label, changed)
        : now === 'context'
          ? selectControl(
              current ?? 'channel',
              label,
              contextNames.map((name) => [name, name]),
              changed,
            )
          : textControl(current, label, changed);
    slot.replaceChildren(inner.element);
    if (now === 'context' && current === undefined) changed();
  }
  draw();
  return {
    element: el('div.operand', {}, which.element, slot),
    read() {
      const text = inner.read();
      if (text === '' && which.read() !== 'const') return undefined;
      if (which.read() !== 'const') return { [which.read()]: text };
      return typeof value === 'number' && String(value) === text ? value : text;
    },
  };
}

/** Any number of the same control, one below the other. `make(value)` gives a control. */
export function listControl(values, make, addLabel, changed) {
  let controls = [];
  const element = el('div.list-control');
  function draw() {
    element.replaceChildren(
      ...controls.map((control) =>
        el(
          'div.list-entry',
          {},
          control.element,
          controls.length > 1 &&
            button(
              '',
              () => {
                controls = controls.filter((each) => each !== control);
                draw();
                changed();
              },
              { glyph: 'times', kind: 'bare', name: t('form.removeEntry') },
            ),
        ),
      ),
      button(
        addLabel,
        () => {
          controls.push(make(undefined));
          draw();
          controls.at(-1).element.querySelector('input, select')?.focus();
        },
        { glyph: 'plus', kind: 'link' },
      ),
    );
  }
  controls = (values.length > 0 ? values : [undefined]).map((value) => make(value));
  draw();
  return {
    element,
    read: () =>
      controls.map((control) => control.read()).filter((value) => value !== undefined && value !== ''),
  };
}

/**
 * Pairs "theirs -> ours". The sender's values of the sample are offered as rows of their own, so that a table of codes
 * is filled by choosing.
 */
export function pairsControl(values, { seen, field, changed }) {
  const pairs = Object.entries(values ?? {});
  for (const value of seen) if (!pairs.some(([from]) => from === value)) pairs.push([value, undefined]);
  const control = listControl(
    pairs,
    (pair) => {
      const [from, to] = pair ?? ['', undefined];
      const left = textControl(from, t('form.theirs'), changed);
      const right = constantControl(field, to, t('form.ours'), changed);
      return {
        element: el('div.pair', {}, left.element, el('span', { 'aria-hidden': 'true' }, '→'), right.element),
        read: () =>
          left.read() === '' || right.read() === undefined || right.read() === ''
            ? undefined
            : [left.read(), right.read()],
      };
    },
    t('form.addPair'),
    changed,
  );
  return {
    element: el(
      'div.pairs',
      {},
      el(
        'div.pair.pair-head',
        {},
        el('span', {}, t('form.theirs')),
        el('span'),
        el('span', {}, t('form.ours')),
      ),
      control.element,
    ),
    read: () => Object.fromEntries(control.read()),
  };
}
