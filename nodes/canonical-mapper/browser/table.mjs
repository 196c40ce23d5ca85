/** The middle: a grid with one row for each target field. Arrows move, Enter edits, Ctrl+Space suggests. */
import { el, icon } from '../../console/browser/dom.mjs';
import { columns, drawRow, rowName } from './cells.mjs';
import { acceptDrops } from './drops.mjs';
import { put, rulesOf } from './fill.mjs';
import { inContract } from './paths.mjs';
import { editDefault, showDetails, showRowMenu } from './row-windows.mjs';
import { editSource } from './source-editor.mjs';
import { moveRule } from './spec-edit.mjs';
import { editSteps } from './steps.mjs';
import { createTableTools } from './table-tools.mjs';
import { t } from './words.mjs';

const page = 10;

/** @param context `{ session, popovers, say, editExpression }` */
export function createTable({ session, popovers, say, editExpression }) {
  const { state } = session;
  const drawn = new Map();
  let rows = [];
  let active = { key: '', column: 1 };
  const body = el('div.grid-body', { role: 'rowgroup' });
  const head = el(
    'div.grid-head',
    { role: 'row' },
    columns.map((name, index) =>
      el(`div.cell.${name}`, { role: 'columnheader', 'aria-colindex': index + 1 }, t(`column.${name}`)),
    ),
  );
  const grid = el(
    'div.grid',
    {
      role: 'grid',
      'aria-label': t('table.heading'),
      'aria-colcount': columns.length,
      'aria-describedby': 'crossdock-mapper-keys',
    },
    el('div', { role: 'rowgroup' }, head),
    body,
  );
  const tools = createTableTools({ session, say, goTo, focus: () => focus() });
  const keys = el('p.spoken', { id: 'crossdock-mapper-keys' }, t('table.keys'));
  const element = el(
    'section.pane.table',
    { 'aria-label': t('table.heading') },
    tools.element,
    tools.banner,
    grid,
    keys,
  );
  const editing = { session, popovers, say, editExpression, back: () => focus() };

  function look(row) {
    const { trial } = state;
    const result = row.rule && trial?.row(row.rule);
    return {
      catalogue: state.catalogue,
      suggestion: session.suggestionsFor(row)[0],
      problems: row.rule && trial ? trial.problemsOf(row.rule) : [],
      result,
      isMissing:
        row.rule === undefined && trial !== undefined && (trial.missing.has(row.target) || row.required),
    };
  }

  function stamp(row, seen) {
    const { catalogue, ...rest } = seen;
    return JSON.stringify([row.rule, row.required, row.nth, row.of, rest, catalogue.transforms.length]);
  }

  function classes(row, seen) {
    return [
      'grid-row',
      `kind-${row.kind}`,
      row.head && 'is-head',
      row.rule === undefined && !(row.kind === 'object') && 'is-open',
      seen.problems.length > 0 && 'is-bad',
      seen.isMissing && 'is-missing',
      seen.suggestion && 'has-ghost',
    ]
      .filter(Boolean)
      .join(' ');
  }

  function rowElement(row, index) {
    const seen = look(row);
    const now = stamp(row, seen);
    let there = drawn.get(row.key);
    if (there === undefined || there.stamp !== now) {
      const hadFocus = there?.element.contains(document.activeElement);
      const { cells, note } = drawRow(row, seen, {
        accept: (event) => {
          event.stopPropagation();
          accept(rowOf(row.key));
        },
        menu: (event) => {
          event.stopPropagation();
          menu(rowOf(row.key), event.currentTarget);
        },
      });
      const fresh = el('div', { role: 'row', 'data-key': row.key, 'aria-label': rowName(row) }, cells, note);
      fresh.style.setProperty('--depth', String(Math.min(row.depth, 4)));
      there = { element: fresh, stamp: now, hadFocus };
      drawn.set(row.key, there);
    }
    there.element.className = classes(row, seen);
    there.element.setAttribute('aria-rowindex', String(index + 2));
    return there;
  }

  const rowOf = (key) => rows.find((row) => row.key === key);

  function draw() {
    rows = session.rows;
    const keysNow = new Set(rows.map(({ key }) => key));
    for (const key of [...drawn.keys()]) if (!keysNow.has(key)) drawn.delete(key);
    if (!keysNow.has(active.key)) {
      // A row that is filled gets a rule's key: the place stays.
      const target = active.key.split(' ')[1];
      active = {
        ...active,
        key:
          (
            rows.find((row) => row.target === target && row.kind !== 'object') ??
            rows.find(({ kind }) => kind !== 'object')
          )?.key ?? '',
      };
    }
    const inside = body.contains(document.activeElement);
    const elements = rows.map((row, index) => rowElement(row, index).element);
    if (
      elements.length !== body.children.length ||
      elements.some((each, index) => body.children[index] !== each)
    ) {
      const top = grid.scrollTop;
      body.replaceChildren(...elements);
      grid.scrollTop = top;
    }
    grid.setAttribute('aria-rowcount', String(rows.length + 1));
    rove();
    if (inside && !popovers.isOpen) focus();
    grid.classList.toggle('armed', state.armed !== undefined);
    tools.draw();
    drawEmpty();
  }

  function drawEmpty() {
    body.querySelector('.loading')?.remove();
    if (state.fields.length > 0) return;
    body.append(
      state.failure === ''
        ? el('div.loading', { role: 'status' }, icon('spinner', 'fa-spin'), t('table.loading'))
        : el('div.loading', {}, icon('warning'), el('span', {}, state.failure)),
    );
  }

  function rove() {
    for (const cell of grid.querySelectorAll('.cell[tabindex="0"]')) cell.tabIndex = -1;
    const cell = cellOf(active);
    if (cell) cell.tabIndex = 0;
  }

  function cellOf({ key, column }) {
    return drawn.get(key)?.element.children[column];
  }

  function focus() {
    const cell = cellOf(active);
    if (cell === undefined) return grid.focus();
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: 'nearest' });
    return undefined;
  }

  function moveTo(key, column) {
    active = { key, column };
    rove();
    focus();
  }

  /** Goes to the row of a target, or the nearest above it. */
  function goTo(target) {
    const row =
      rows.find((each) => each.target === target && each.kind !== 'object') ??
      rows.find((each) => inContract(each.target) === target) ??
      rows.find((each) => target.startsWith(each.target));
    if (row) moveTo(row.key, 1);
  }

  function step(by) {
    const at = rows.findIndex(({ key }) => key === active.key);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (next) moveTo(next.key, active.column);
  }

  /** The next row that still needs something, so that Enter after Enter fills the table. */
  function nextOpen(from) {
    const at = rows.findIndex(({ key }) => key === from);
    const next = rows
      .slice(at + 1)
      .find(
        (row) =>
          row.rule === undefined &&
          row.kind !== 'object' &&
          (row.required || session.suggestionsFor(row).length > 0),
      );
    if (next) moveTo(next.key, 1);
    else focus();
  }

  function accept(row) {
    const [best] = session.suggestionsFor(row);
    if (best === undefined) return;
    const { key } = row;
    const at = rows.findIndex((each) => each.key === key);
    session.addAll(rulesOf(best));
    say(t('said.accepted', { name: rowName(row) }));
    nextOpen(rows[at]?.key ?? key);
  }

  function remove(row) {
    if (row.rule !== undefined) {
      session.remove([row.rule]);
      say(t('said.cleared', { name: rowName(row) }));
    } else session.unwant(row.target);
  }

  function menu(row, anchor) {
    active = { key: row.key, column: active.column };
    showRowMenu(editing, row, anchor, {
      details: () => showDetails(editing, row, cellOf({ key: row.key, column: 0 }) ?? anchor, look(row)),
      alternative: () => alternative(row),
      remove: () => remove(row),
    });
  }

  /** One more rule for the same field, tried when those above give nothing. */
  function alternative(row) {
    session.add({ target: row.target, const: '', note: undefined });
    const fresh = session.rows.filter(({ target }) => target === row.target).at(-1);
    draw();
    moveTo(fresh.key, 1);
    editSource(editing, fresh, cellOf(active));
  }

  function edit(row, column, start) {
    const cell = cellOf({ key: row.key, column });
    if (cell === undefined) return;
    active = { key: row.key, column };
    rove();
    const name = columns[column];
    if (name === 'target' || name === 'result') showDetails(editing, row, cell, look(row));
    else if (row.kind === 'object') menu(row, cell);
    else if (name === 'source') editSource(editing, row, cell, start);
    else if (row.rule === undefined) editSource(editing, row, cell, start);
    else if (name === 'steps') editSteps(editing, row, cell);
    else editDefault(editing, row, cell);
  }

  function mapArmed(row) {
    if (state.armed === undefined || row.kind === 'object') return false;
    const path = state.armed;
    session.arm(undefined);
    put(session, row, path);
    say(t('said.mapped', { name: rowName(row) }));
    return true;
  }

  function onEnter(row, column, force) {
    if (!force && mapArmed(row)) return;
    if (
      !force &&
      row.rule === undefined &&
      columns[column] === 'source' &&
      session.suggestionsFor(row).length > 0
    )
      accept(row);
    else edit(row, column);
  }

  grid.addEventListener('keydown', (event) => {
    const cell = event.target.closest('.cell[data-column]');
    if (cell === null || event.target !== cell) return;
    const row = rowOf(active.key);
    if (row === undefined) return;
    const { column } = active;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown') && row.rule) {
      session.change(moveRule(session.spec, row.rule, event.key === 'ArrowUp' ? -1 : 1));
    } else if (event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowUp') step(-1);
    else if (event.key === 'PageDown') step(page);
    else if (event.key === 'PageUp') step(-page);
    else if (event.key === 'ArrowRight') moveTo(active.key, Math.min(columns.length - 1, column + 1));
    else if (event.key === 'ArrowLeft') moveTo(active.key, Math.max(0, column - 1));
    else if (event.key === 'Home') event.ctrlKey ? moveTo(rows[0].key, column) : moveTo(active.key, 0);
    else if (event.key === 'End')
      event.ctrlKey ? moveTo(rows.at(-1).key, column) : moveTo(active.key, columns.length - 1);
    else if (event.key === 'Enter') onEnter(row, column, event.ctrlKey);
    else if (event.key === 'F2') edit(row, column);
    else if (event.key === ' ' && event.ctrlKey)
      editSource(editing, row, cellOf({ key: row.key, column: 1 }), { suggestions: true });
    else if (event.key === 'Delete' || event.key === 'Backspace') remove(row);
    else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) menu(row, cell);
    else if (
      plain &&
      event.key.length === 1 &&
      event.key !== ' ' &&
      columns[column] === 'source' &&
      row.kind !== 'object'
    )
      edit(row, 1, { text: event.key });
    else return;
    event.preventDefault();
  });

  grid.addEventListener('click', (event) => {
    const cell = event.target.closest('.cell[data-column]');
    if (cell === null) return;
    const row = rowOf(cell.parentElement.dataset.key);
    const column = Number(cell.dataset.column);
    active = { key: row.key, column };
    rove();
    if (mapArmed(row)) return;
    if (column === 0 || (columns[column] === 'result' && look(row).result === undefined)) focus();
    else edit(row, column);
  });
  grid.addEventListener('focusin', (event) => {
    const cell = event.target.closest('.cell[data-column]');
    if (cell && event.target === cell)
      active = { key: cell.parentElement.dataset.key, column: Number(cell.dataset.column) };
  });

  acceptDrops(grid, (key, path) => {
    const row = rowOf(key);
    if (row === undefined) return;
    active = { key, column: 1 };
    put(session, row, path);
    say(t('said.mapped', { name: rowName(row) }));
    focus();
  });

  session.listen((what) => {
    if (['trying', 'reading', 'suggesting', 'rest'].includes(what)) return;
    draw();
  });
  draw();

  return {
    element,
    focus,
    goTo,
    goToRule(rule) {
      const row = rows.find((each) => each.rule === rule);
      if (row) moveTo(row.key, 1);
    },
  };
}
