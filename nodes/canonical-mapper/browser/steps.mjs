/** The window at a row's transforms: conditions above, then the transforms in order, each with its small form. */
import { button, el, fill } from '../../console/browser/dom.mjs';
import { rowName } from './cells.mjs';
import { combo } from './combo.mjs';
import { labelled, operandControl, selectControl, textControl } from './controls.mjs';
import { argumentText, testOf, transformName, transformTitle } from './describe.mjs';
import { stepForm } from './step-forms.mjs';
import { t } from './words.mjs';

/** Values that the row's own field has in the sample: what a table of codes starts from. */
function seenValues(session, rule) {
  const [path] = [rule.from].flat();
  const field = session.state.sample.fields.find((each) => each.path === path);
  return field?.examples ?? [];
}

const operandTests = new Set(['equals', 'notEquals', 'greaterThan', 'lessThan']);

function readTest(test, text) {
  if (test === 'in' || test === 'notIn')
    return text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  if (text === 'true' || text === 'false') return text === 'true';
  return test === 'greaterThan' || test === 'lessThan'
    ? Number.isFinite(Number(text)) && text !== ''
      ? Number(text)
      : text
    : text;
}

function conditionForm(session, condition, changed) {
  const { exists, equals, notEquals, in: within, notIn, greaterThan, lessThan, ...source } = condition;
  const values = { exists, equals, notEquals, in: within, notIn, greaterThan, lessThan };
  const test = testOf(condition);
  const left = operandControl(
    session,
    Object.keys(source).length === 0 ? { from: '' } : source,
    t('condition.value'),
    changed,
  );
  const isComplex = operandTests.has(test) && values[test] !== null && typeof values[test] === 'object';
  const which = selectControl(
    test === 'exists' ? (exists === false ? 'missing' : 'exists') : test,
    t('condition.test'),
    ['exists', 'missing', 'equals', 'notEquals', 'in', 'notIn', 'greaterThan', 'lessThan'].map((each) => [
      each,
      t(`condition.test-${each}`),
    ]),
    () => {
      drawRight();
      changed();
    },
  );
  const right = textControl(
    isComplex ? '' : Array.isArray(values[test]) ? values[test].join(', ') : values[test],
    t('condition.compared'),
    changed,
  );
  const slot = el('div');
  function drawRight() {
    const now = which.read();
    fill(
      slot,
      now === 'exists' || now === 'missing' || (isComplex && now === test) ? undefined : right.element,
    );
  }
  drawRight();
  return {
    element: el('div.condition-form', {}, left.element, which.element, slot),
    read() {
      const value = left.read();
      const now = which.read();
      if (value === undefined || typeof value !== 'object') return undefined;
      if (now === 'exists' || now === 'missing') return { ...value, exists: now === 'exists' };
      if (isComplex && now === test) return { ...value, [now]: values[now] };
      return { ...value, [now]: readTest(now, right.read()) };
    },
  };
}

/** @param tools `{ session, popovers, back() }` */
export function editSteps(tools, row, anchor) {
  const { session, popovers } = tools;
  let { rule } = row;
  const content = el('div.steps-editor');
  const { catalogue } = session.state;
  // What stands in the window; unfinished steps are kept here and not in the spec.
  const steps = [...(rule.transforms ?? [])];
  const conditions = [...(rule.where ?? [])];

  function save() {
    const { transforms: _old, where: _before, ...rest } = rule;
    const finished = steps.filter((step) =>
      step !== undefined && typeof step === 'string' ? true : step?.unfinished === undefined,
    );
    const next = { ...rest };
    if (conditions.length > 0)
      next.where = conditions.filter((condition) => Object.keys(condition).length > 0);
    if (finished.length > 0) next.transforms = finished;
    if (JSON.stringify(next) === JSON.stringify(rule)) return;
    session.replace(rule, next);
    rule =
      session.spec.rules.find(
        (each) =>
          each.target === rule.target &&
          JSON.stringify(each.transforms ?? []) === JSON.stringify(next.transforms ?? []) &&
          JSON.stringify(each.where ?? []) === JSON.stringify(next.where ?? []),
      ) ?? rule;
  }

  function move(index, by) {
    const [step] = steps.splice(index, 1);
    steps.splice(index + by, 0, step);
    save();
    draw();
    content.querySelectorAll('.step')[index + by]?.querySelector('button')?.focus();
  }

  function stepElement(step, index) {
    const name = step?.unfinished ?? transformName(step);
    const about = catalogue.transforms.find((each) => each.name === name) ?? {
      name,
      argument: typeof step === 'string' ? 'none' : 'json',
    };
    const form = stepForm(about, step?.unfinished ? name : step, {
      session,
      field: row.field,
      seen: name === 'enum' ? seenValues(session, rule) : [],
      changed() {
        steps[index] = form.read() ?? { unfinished: name };
        save();
      },
    });
    return el(
      'div.step',
      {},
      el(
        'div.step-head',
        {},
        el('span.step-number', { 'aria-hidden': 'true' }, String(index + 1)),
        el('b', {}, transformTitle(name, catalogue)),
        step?.unfinished && el('span.unfinished', {}, t('steps.unfinished')),
        index > 0 &&
          button('', () => move(index, -1), {
            glyph: 'arrow-up',
            kind: 'bare',
            name: t('steps.up', { name: transformTitle(name, catalogue) }),
          }),
        index < steps.length - 1 &&
          button('', () => move(index, 1), {
            glyph: 'arrow-down',
            kind: 'bare',
            name: t('steps.down', { name: transformTitle(name, catalogue) }),
          }),
        button(
          '',
          () => {
            steps.splice(index, 1);
            save();
            draw();
            content.querySelector('.add-transform input')?.focus();
          },
          {
            glyph: 'times',
            kind: 'bare',
            name: t('steps.remove', { name: transformTitle(name, catalogue) }),
          },
        ),
      ),
      form && el('div.step-form', {}, form.element),
    );
  }

  function add(title) {
    const about = catalogue.transforms.find(
      (each) => transformTitle(each.name, catalogue) === title || each.name === title,
    );
    if (about === undefined) return;
    const ready = about.argument === 'none' || about.optional === true;
    steps.push(ready ? about.name : { unfinished: about.name });
    // Choosing a value of a list of the step's form settles it; what needs no choice is settled now.
    if (!ready) settle(about);
    save();
    draw();
    const last = [...content.querySelectorAll('.step')].at(-1);
    (
      last?.querySelector('.step-form input, .step-form select, .step-form textarea') ??
      content.querySelector('.add-transform input')
    )?.focus();
  }

  function settle(about) {
    const form = stepForm(about, about.name, { session, field: row.field, seen: [], changed() {} });
    const value = form?.read();
    if (value !== undefined) steps[steps.length - 1] = value;
  }

  function conditionElement(condition, index) {
    const form = conditionForm(session, condition, () => {
      conditions[index] = form.read() ?? {};
      save();
    });
    return el(
      'div.step.is-condition',
      {},
      el(
        'div.step-head',
        {},
        el('b', {}, t('steps.onlyWhen')),
        button(
          '',
          () => {
            conditions.splice(index, 1);
            save();
            draw();
          },
          { glyph: 'times', kind: 'bare', name: t('steps.removeCondition') },
        ),
      ),
      form.element,
    );
  }

  function draw() {
    const adder = combo({
      label: t('steps.add'),
      placeholder: t('steps.addPlaceholder'),
      clears: true,
      strict: true,
      first: true,
      open: steps.length + conditions.length === 0,
      options: () =>
        catalogue.transforms.map((about) => ({
          value: transformTitle(about.name, catalogue),
          hint: typeof about.example === 'object' ? argumentText(about.example) : '',
          more: `${about.name} ${about.title}`,
        })),
      chosen: add,
    });
    const onlyList = row.kind === 'object' || (row.kind === 'list' && rule.each !== undefined);
    fill(
      content,
      el('div.popover-head', {}, el('b', {}, rowName(row)), el('span.mono', {}, row.target)),
      conditions.map(conditionElement),
      onlyList ? undefined : steps.map(stepElement),
      onlyList ? undefined : el('div.add-transform', {}, labelled(t('steps.add'), adder.element)),
      el(
        'div.actions',
        {},
        button(
          t('steps.addCondition'),
          () => {
            conditions.push({});
            draw();
            [...content.querySelectorAll('.is-condition')].at(-1)?.querySelector('input')?.focus();
          },
          { glyph: 'filter', kind: 'link' },
        ),
        el('span.spring'),
        button(t('action.close'), () => popovers.close(), { kind: 'main' }),
      ),
    );
  }
  draw();
  popovers.show(anchor, {
    label: t('steps.editorOf', { name: rowName(row) }),
    content,
    width: 440,
    back: tools.back,
  });
}
