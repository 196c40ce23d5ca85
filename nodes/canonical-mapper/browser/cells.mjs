/** How one row of the table looks. Texts of partners become text nodes, never markup. */
import { el, icon } from '../../console/browser/dom.mjs';
import { chipText, conditionText, sourceText } from './describe.mjs';
import { groupOf, nameOf, stepsOf } from './paths.mjs';
import { sourceKind } from './spec-edit.mjs';
import { counted, percent, shown, t } from './words.mjs';

export const columns = ['target', 'source', 'steps', 'default', 'result'];

const kindGlyphs = {
  from: 'dot-circle-o',
  const: 'quote-right',
  context: 'cog',
  result: 'level-up',
  jsonata: 'code',
  each: 'repeat',
  none: 'circle-o',
};

function titleOf(row) {
  if (row.kind === 'variable') return nameOf(row.target);
  if (row.target === '[]') return t('cell.eachResult');
  return row.field?.title ?? nameOf(row.target);
}

export function rowName(row) {
  const group = groupOf(row.target);
  return group === '' ? titleOf(row) : `${titleOf(row)} · ${group}`;
}

function targetCell(row) {
  const { field } = row;
  const about = [
    row.target,
    field?.description,
    field?.standard,
    field?.example !== undefined && t('cell.example', { example: shown(field.example) }),
  ]
    .filter(Boolean)
    .join('\n');
  const mark = row.required
    ? el('span.required', { title: t('cell.required'), 'aria-label': t('cell.required') }, '*')
    : undefined;
  return [
    el(
      'div.cell-lines',
      { title: about },
      el(
        'span.target-title',
        {},
        row.kind === 'list' && icon('list-ul', 'target-glyph'),
        row.kind === 'variable' && icon('superscript', 'target-glyph'),
        row.nth > 0 && el('span.otherwise', {}, t('cell.otherwise')),
        el('span.target-name', {}, rowName(row)),
        mark,
      ),
      el('span.target-path', {}, row.kind === 'variable' ? t('source.helper') : stepsOf(row.target).at(-1)),
    ),
  ];
}

function confidence(suggestion) {
  const level = suggestion.confidence >= 0.8 ? 'high' : suggestion.confidence >= 0.5 ? 'medium' : 'low';
  return el(`span.confidence.${level}`, {}, percent(suggestion.confidence));
}

export function reasonText(suggestion) {
  return suggestion.reasons.map(({ text }) => text).join(' ');
}

function ghost(suggestion, accept) {
  const { text } = sourceText(suggestion.rule);
  return [
    el(
      'div.ghost',
      { title: reasonText(suggestion) },
      el('div.ghost-line', {}, el('span.ghost-source', {}, text), confidence(suggestion)),
      el('div.ghost-reason', {}, reasonText(suggestion)),
    ),
    el(
      'button.tick',
      {
        type: 'button',
        tabindex: -1,
        'aria-label': t('suggestion.accept', { source: text }),
        title: t('suggestion.accept', { source: text }),
        onclick: accept,
      },
      icon('check'),
    ),
  ];
}

function sourceCell(row, look, acts) {
  if (row.rule !== undefined) {
    const { kind, text } = sourceText(row.rule);
    return [
      icon(kindGlyphs[kind], 'source-kind', kind),
      el(`span.source-text.is-${kind}`, { title: text }, text),
    ];
  }
  if (row.kind === 'object') return [];
  if (look.suggestion) return ghost(look.suggestion, acts.accept);
  return [el('span.unset', {}, t(row.kind === 'list' ? 'cell.chooseList' : 'cell.choose'))];
}

function stepsCell(row, look) {
  const { rule } = row;
  if (rule === undefined) {
    return look.suggestion
      ? (look.suggestion.rule.transforms ?? []).map((step) =>
          el('span.chip.ghosted', {}, chipText(step, look.catalogue)),
        )
      : [];
  }
  return [
    ...(rule.where ?? []).map((condition) =>
      el(
        'span.chip.condition',
        { title: conditionText(condition) },
        icon('filter'),
        conditionText(condition),
      ),
    ),
    rule.groupBy !== undefined &&
      el('span.chip', {}, t('cell.groupBy', { by: [rule.groupBy].flat().join(', ') })),
    ...(rule.transforms ?? []).map((step) =>
      el('span.chip', { title: chipText(step, look.catalogue) }, chipText(step, look.catalogue)),
    ),
    row.kind !== 'object' && el('span.add-step', { 'aria-hidden': 'true' }, icon('plus')),
  ];
}

function resultCell(row, look) {
  if (look.problems.length > 0)
    return [icon('exclamation-circle', 'bad'), el('span.bad', {}, t('cell.error'))];
  const { result } = look;
  if (result === undefined) {
    if (row.rule === undefined && look.isMissing) return [el('span.missing', {}, t('cell.missing'))];
    if (look.suggestion?.values?.length > 0)
      return [el('span.value.ghosted', {}, shown(look.suggestion.values[0]))];
    return [];
  }
  if (row.rule?.each !== undefined) return [el('span.value', {}, counted('cell.entries', result.count))];
  // A row that only says when something is made gives nothing itself.
  if (sourceKind(row.rule) === undefined) return [];
  const [first] = result.values;
  if (first === undefined) return [el('span.nothing', {}, t('cell.nothing'))];
  return [
    el(
      'span.value',
      { title: result.values.map((value) => shown(value, 400)).join('\n') },
      result.values.map((value) => shown(value, 80)).join(', '),
    ),
    result.count > result.values.length && el('span.more', {}, `+${result.count - result.values.length}`),
    result.missing > 0 &&
      el(
        'span.some-missing',
        { title: counted('cell.someMissing', result.missing) },
        icon('minus-circle'),
        String(result.missing),
      ),
  ];
}

/**
 * @param look `{ suggestion, problems, result, isMissing, catalogue }`
 * @param acts `{ accept, menu, step(index) }`
 * @returns the row's cells, in the order of `columns`, and its note
 */
export function drawRow(row, look, acts) {
  const { rule } = row;
  const contents = {
    target: targetCell(row),
    source: sourceCell(row, look, acts),
    steps: stepsCell(row, look),
    default: rule?.default === undefined ? [] : [el('span.default-value', {}, shown(rule.default))],
    result: resultCell(row, look),
  };
  const cells = columns.map((name, index) =>
    el(
      `div.cell.${name}${name === 'default' && rule?.default === undefined ? '.unset-default' : ''}`,
      { role: 'gridcell', 'aria-colindex': index + 1, tabindex: -1, 'data-column': index },
      contents[name],
    ),
  );
  cells[0].setAttribute('role', 'rowheader');
  cells[0].append(
    el(
      'button.row-menu',
      {
        type: 'button',
        tabindex: -1,
        'aria-label': t('cell.menu', { name: rowName(row) }),
        title: t('cell.menu', { name: rowName(row) }),
        onclick: acts.menu,
      },
      icon('ellipsis-v'),
    ),
  );
  const note =
    look.problems.length > 0
      ? el(
          'div.row-note.bad',
          { role: 'gridcell' },
          icon('exclamation-circle'),
          el('span', {}, look.problems.map(({ message }) => message).join(' ')),
        )
      : rule?.note
        ? el('div.row-note', { role: 'gridcell' }, icon('sticky-note-o'), el('span', {}, rule.note))
        : undefined;
  return { cells, note };
}
