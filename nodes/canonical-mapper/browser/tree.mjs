/** The sample's fields as a tree: any length, only the rows in sight exist. A field can be dragged, or picked up. */
import { el, icon } from '../../console/browser/dom.mjs';
import { isBelow, nameOf } from './paths.mjs';
import { number, shown, t } from './words.mjs';

const rowHeight = 26;
const overscan = 8;
const glyphs = {
  text: 'font',
  number: 'hashtag',
  boolean: 'toggle-on',
  object: 'folder-o',
  list: 'list',
  mixed: 'random',
  null: 'circle-o',
};
const looksGlyphs = {
  time: 'clock-o',
  date: 'calendar',
  decimal: 'hashtag',
  integer: 'hashtag',
  email: 'at',
  phone: 'phone',
  country: 'globe',
  currency: 'money',
  gtin: 'barcode',
  gln: 'barcode',
};

/** The holder of a field in this list: the longest other path that it lies below. */
function withDepth(fields) {
  const open = [];
  return fields.map((field) => {
    while (open.length > 0 && !isBelow(field.path, open.at(-1))) open.pop();
    const depth = open.length;
    if (!field.leaf) open.push(field.path);
    return { field, depth, parents: [...open.slice(0, depth)] };
  });
}

/** @param options `{ label, isUsed(path), arm(path), armed() }` */
export function createTree({ label, isUsed, arm, armed }) {
  const inner = el('div.tree-rows', { role: 'presentation' });
  const element = el('div.tree', { role: 'tree', 'aria-label': label, tabindex: 0 }, inner);
  let all = [];
  let visible = [];
  let filter = '';
  let only = '';
  let active = 0;
  const folded = new Set();

  function look() {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ field }) =>
      words.every((word) => `${field.path} ${field.examples.join(' ')}`.toLowerCase().includes(word)) &&
      (only === '' || (field.leaf && isUsed(field.path) === (only === 'used')));
    if (words.length > 0 || only !== '') {
      const kept = new Set();
      for (const entry of all)
        if (fits(entry)) for (const path of [...entry.parents, entry.field.path]) kept.add(path);
      visible = all.filter(({ field }) => kept.has(field.path));
    } else visible = all.filter(({ parents }) => !parents.some((path) => folded.has(path)));
    active = Math.max(0, Math.min(active, visible.length - 1));
    draw();
  }

  function row({ field, depth }, index) {
    const used = field.leaf && isUsed(field.path);
    const isOpen = !folded.has(field.path);
    const [example = ''] = field.examples;
    const kind = t(`type.${field.type}`);
    const element = el(
      `div.tree-row${field.leaf ? '' : '.branch'}${index === active ? '.active' : ''}${armed() === field.path ? '.armed' : ''}${used ? '.used' : ''}`,
      {
        role: 'treeitem',
        id: `crossdock-mapper-source-${index}`,
        'aria-level': depth + 1,
        'aria-expanded': field.leaf ? undefined : String(isOpen),
        'aria-selected': String(armed() === field.path),
        'aria-label': `${field.path}, ${field.looks ? tLooks(field.looks) : kind}${example ? `, ${example}` : ''}${field.leaf ? `, ${t(used ? 'sample.used' : 'sample.unused')}` : ''}`,
        title: `${field.path}\n${field.examples.join('\n')}`,
        draggable: 'true',
        'data-path': field.path,
        'data-index': index,
      },
      el(
        'span.tree-fold',
        { 'aria-hidden': 'true' },
        !field.leaf && icon(isOpen ? 'caret-down' : 'caret-right'),
      ),
      icon(looksGlyphs[field.looks] ?? glyphs[field.type] ?? 'circle-o', 'tree-kind'),
      el(
        'span.tree-name',
        {},
        field.type === 'list' || field.path.endsWith(']') ? nameIn(field.path) : nameOf(field.path),
      ),
      el('span.tree-example', {}, field.leaf ? shown(example, 60) : field.type === 'list' ? example : ''),
      el(`span.tree-mark${used ? '.on' : ''}`, { 'aria-hidden': 'true' }),
    );
    element.style.top = `${index * rowHeight}px`;
    element.style.paddingLeft = `${6 + Math.min(depth, 8) * 13}px`;
    return element;
  }

  function draw() {
    inner.style.height = `${visible.length * rowHeight}px`;
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - overscan);
    const last = Math.min(
      visible.length - 1,
      Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + overscan,
    );
    const rows = [];
    for (let index = first; index <= last; index += 1) rows.push(row(visible[index], index));
    if (visible[active] !== undefined && (active < first || active > last))
      rows.push(row(visible[active], active));
    inner.replaceChildren(...rows);
    if (visible.length > 0)
      element.setAttribute('aria-activedescendant', `crossdock-mapper-source-${active}`);
    else element.removeAttribute('aria-activedescendant');
  }

  function moveTo(index) {
    active = Math.max(0, Math.min(visible.length - 1, index));
    const top = active * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight;
    draw();
  }

  function fold(entry, closed) {
    if (entry === undefined || entry.field.leaf) return false;
    if (folded.has(entry.field.path) === closed) return false;
    if (closed) folded.add(entry.field.path);
    else folded.delete(entry.field.path);
    look();
    return true;
  }

  element.addEventListener('keydown', (event) => {
    const entry = visible[active];
    const page = Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1);
    const moves = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: visible.length - 1,
    };
    if (moves[event.key] !== undefined) moveTo(moves[event.key]);
    else if (event.key === 'ArrowRight') fold(entry, false) || moveTo(active + 1);
    else if (event.key === 'ArrowLeft')
      fold(entry, true) || moveTo(visible.findIndex(({ field }) => field.path === entry?.parents.at(-1)));
    else if (event.key === 'Enter' || event.key === ' ') {
      if (entry) arm(entry.field.path, event.key === 'Enter');
    } else return;
    event.preventDefault();
  });
  element.addEventListener('click', (event) => {
    const found = event.target.closest('.tree-row');
    if (found === null) return;
    active = Number(found.dataset.index);
    const entry = visible[active];
    if (event.target.closest('.tree-fold') && fold(entry, !folded.has(entry.field.path))) return;
    arm(entry.field.path, false);
  });
  element.addEventListener('dragstart', (event) => {
    const found = event.target.closest('.tree-row');
    if (found === null) return;
    event.dataTransfer.setData('text/crossdock-path', found.dataset.path);
    event.dataTransfer.setData('text/plain', found.dataset.path);
    event.dataTransfer.effectAllowed = 'copy';
    element.classList.add('dragging');
  });
  element.addEventListener('dragend', () => element.classList.remove('dragging'));
  element.addEventListener('scroll', draw, { passive: true });
  const watcher = new ResizeObserver(draw);
  watcher.observe(element);

  return {
    element,
    show(fields) {
      all = withDepth(fields);
      folded.clear();
      active = 0;
      look();
    },
    /** Marks may have changed. */
    update: () => (only === '' ? draw() : look()),
    filter(text, kind) {
      filter = text;
      only = kind;
      look();
    },
    get count() {
      return number(visible.length);
    },
    close: () => watcher.disconnect(),
  };
}

function nameIn(path) {
  return (
    /[^.]*$/
      .exec(path.replaceAll(/\[[^\]]*\]/g, (part) => part.replaceAll('.', '\u2024')))?.[0]
      .replaceAll('\u2024', '.') ?? path
  );
}

export function tLooks(looks) {
  const key = looks.replace('/', '-');
  return t(`looks.${key}`);
}
