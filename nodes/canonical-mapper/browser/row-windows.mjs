/** The small windows of a row beside source and transforms: its default, its note, its details, its menu. */
import { button, el } from '../../console/browser/dom.mjs';
import { rowName } from './cells.mjs';
import { constantControl, labelled, textControl } from './controls.mjs';
import { showMenu } from './popover.mjs';
import { editSource } from './source-editor.mjs';
import { moveRule } from './spec-edit.mjs';
import { editSteps } from './steps.mjs';
import { shown, t } from './words.mjs';

/** A window with one control; Enter or Apply hands its value to `done`. */
function askFor({ popovers, back }, anchor, { label, hint, control, width, done }) {
  const apply = () => {
    popovers.close();
    done(control.read());
  };
  const content = el(
    'div.source-editor',
    {},
    labelled(label, control.element, hint),
    el('div.actions.end', {}, button(t('action.apply'), apply, { kind: 'main' })),
  );
  content.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    apply();
  });
  popovers.show(anchor, { label, content, width, back });
}

export function editDefault(tools, { rule, field }, anchor) {
  const label = t('column.default');
  const control = constantControl(field, rule.default, label, () => undefined);
  const done = (value) => tools.session.replace(rule, { ...rule, default: value });
  askFor(tools, anchor, { label, hint: t('table.defaultHint'), control, width: 280, done });
}

function editNote(tools, { rule }, anchor) {
  const label = t('table.note');
  const control = textControl(rule.note, label, () => undefined, { maxlength: 1000 });
  const done = (note) => tools.session.replace(rule, { ...rule, note });
  askFor(tools, anchor, { label, control, width: 380, done });
}

/** Everything about a row's field and what it gave. @param seen `{ problems, result }` */
export function showDetails({ popovers, back }, row, anchor, seen) {
  const { field } = row;
  const about = [
    ['path', row.target],
    ['description', field?.description],
    ['type', field && [field.type, field.format].filter(Boolean).join(', ')],
    ['values', field?.enum?.join(', ')],
    ['example', field?.example === undefined ? undefined : shown(field.example)],
    ['standard', field?.standard],
    ['class', field?.class],
    ['result', seen.result?.values.map((value) => shown(value, 2000)).join('\n')],
    ['problems', seen.problems.map(({ message }) => message).join('\n') || undefined],
  ].filter(([, text]) => text !== undefined && text !== '');
  const content = el(
    'div.details',
    { tabindex: 0 },
    el('div.popover-head', {}, el('b', {}, rowName(row))),
    el(
      'dl',
      {},
      about.map(([name, text]) => [el('dt', {}, t(`detail.${name}`)), el('dd', {}, text)]),
    ),
  );
  popovers.show(anchor, {
    label: t('cell.details', { name: rowName(row) }),
    content,
    width: 420,
    back,
  });
}

/** @param acts `{ details, alternative, remove }` of the table */
export function showRowMenu(tools, row, anchor, acts) {
  const { session, popovers, back } = tools;
  const { rule } = row;
  const items = [
    {
      label: t('menu.details'),
      act: acts.details,
    },
  ];
  if (rule !== undefined) {
    items.push({ label: t('menu.condition'), act: () => editSteps(tools, row, anchor) });
    if (row.kind === 'field' || row.kind === 'variable') {
      items.push(
        { label: t('menu.alternative'), hint: t('menu.alternativeHint'), act: acts.alternative },
        {
          label: t(rule.required ? 'menu.optional' : 'menu.required'),
          act: () => session.replace(rule, { ...rule, required: !rule.required }),
        },
      );
    }
    items.push({ label: t('menu.note'), act: () => editNote(tools, row, anchor) });
    if (row.nth > 0)
      items.push({ label: t('menu.before'), act: () => session.change(moveRule(session.spec, rule, -1)) });
    if (row.nth < row.of - 1)
      items.push({ label: t('menu.after'), act: () => session.change(moveRule(session.spec, rule, 1)) });
  }
  if (row.kind === 'list' && row.rule?.each === undefined && row.field)
    items.push({ label: t('menu.named'), act: () => editSource(tools, row, anchor) });
  if (rule !== undefined || !row.required)
    items.push({ label: t('menu.clear'), danger: true, act: acts.remove });
  showMenu(popovers, anchor, t('cell.menu', { name: rowName(row) }), items, back);
}
