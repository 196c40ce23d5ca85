/**
 * A list of any length with a bounded number of elements: only the rows in sight exist. It is a listbox with a roving
 * tabindex: arrows, Page, Home and End move; Enter opens; Space and Shift+arrows select; Ctrl+A selects all.
 */
import { el } from './dom.mjs';

const overscan = 6;
// Browsers stop at about 17 million pixels; beyond this many rows a search is the better way anyway.
const tallest = 12_000_000;

/** The rows to draw, [first, last]: what is in sight and a few more on both sides. */
export function windowOf(scrollTop, height, rowHeight, total) {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const last = Math.min(total - 1, Math.ceil((scrollTop + height) / rowHeight) + overscan);
  return [Math.min(first, Math.max(0, total - 1)), last];
}

/**
 * @param options.label accessible name
 * @param options.rowHeight px
 * @param options.source `{ total, at(index), want(first, last) }`
 * @param options.draw `(item, index) => { key, stamp, children, classes?, name? }`: a row is drawn anew when its key
 *   or stamp changes
 * @param options.open `(item, index)`: Enter or click
 * @param options.selection a Selection, when rows can be selected
 */
export function createList({ label, rowHeight, source, draw, open, selection }) {
  const inner = el('div.rows', { role: 'presentation' });
  const element = el(
    'div.list',
    {
      role: 'listbox',
      tabindex: -1,
      'aria-label': label,
      'aria-multiselectable': selection ? 'true' : undefined,
    },
    inner,
  );
  const drawn = new Map();
  let active = 0;
  let anchor = 0;
  let frame = 0;
  let awaitsFocus = false;
  let scrolledTo = 0;

  const total = () => Math.min(source.total ?? 0, Math.floor(tallest / rowHeight));

  function rowFor(index) {
    const item = source.at(index);
    const look = item === undefined ? { key: 'pending', stamp: '' } : draw(item, index);
    const selected = selection !== undefined && item !== undefined && selection.has(item);
    const stamp = `${look.key} ${look.stamp} ${selected} ${index === active}`;
    let row = drawn.get(index);
    if (row === undefined) {
      row = { element: el('div.row', { role: 'option' }), stamp: undefined };
      row.element.style.top = `${index * rowHeight}px`;
      row.element.style.height = `${rowHeight}px`;
      row.element.dataset.index = String(index);
      drawn.set(index, row);
      inner.append(row.element);
    }
    if (row.stamp !== stamp) {
      row.stamp = stamp;
      row.element.className = ['row', item === undefined && 'pending', ...(look.classes ?? [])]
        .filter(Boolean)
        .join(' ');
      row.element.setAttribute('aria-selected', String(selection ? selected : index === active));
      row.element.tabIndex = index === active ? 0 : -1;
      if (look.name) row.element.setAttribute('aria-label', look.name);
      const box = selection && el('span.box', { 'aria-hidden': 'true' });
      row.element.replaceChildren(...[box, ...(look.children ?? [])].filter(Boolean));
    }
    row.element.setAttribute('aria-posinset', String(index + 1));
    row.element.setAttribute('aria-setsize', String(source.total ?? 0));
    return row;
  }

  function update() {
    cancelAnimationFrame(frame);
    frame = 0;
    // Nobody looks at it: nothing is to be fetched.
    if (!element.isConnected) return;
    const count = total();
    inner.style.height = `${count * rowHeight}px`;
    // An element that was out of the page comes back scrolled to its top.
    if (element.scrollTop === 0 && scrolledTo > 0) scrollTo(scrolledTo);
    if (count === 0) {
      for (const row of drawn.values()) row.element.remove();
      drawn.clear();
      // Nothing to draw, but the first rows are what is looked at.
      source.want(0, 0);
      return;
    }
    active = Math.min(active, count - 1);
    const [first, last] = windowOf(element.scrollTop, element.clientHeight, rowHeight, count);
    // The row with the focus lives on while it is out of sight, or the keyboard would lose its place.
    for (const [index, row] of drawn) {
      if ((index < first || index > last) && index !== active) {
        row.element.remove();
        drawn.delete(index);
      }
    }
    for (let index = first; index <= last; index += 1) rowFor(index);
    rowFor(active);
    source.want(first, last, active);
    if (awaitsFocus && document.activeElement === element) moveTo(active, false);
  }

  function soon() {
    if (frame === 0) frame = requestAnimationFrame(update);
  }

  function scrollTo(top) {
    element.scrollTop = top;
    scrolledTo = element.scrollTop;
  }

  function reveal(index) {
    const top = index * rowHeight;
    if (top < element.scrollTop) scrollTo(top);
    else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      scrollTo(top + rowHeight - element.clientHeight);
    }
  }

  function moveTo(index, extend) {
    const count = total();
    awaitsFocus = count === 0;
    if (awaitsFocus) {
      // The rows are still on their way; the focus waits here for them.
      element.focus();
      return;
    }
    active = Math.max(0, Math.min(count - 1, index));
    if (!extend) anchor = active;
    reveal(active);
    update();
    drawn.get(active)?.element.focus({ preventScroll: true });
    if (extend && selection) selectRange(anchor, active);
  }

  function selectRange(from, to) {
    const items = [];
    for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
      const item = source.at(index);
      if (item !== undefined) items.push(item);
    }
    selection.replace(items);
    update();
  }

  function toggle(index) {
    const item = source.at(index);
    if (item === undefined) return;
    selection.toggle(item);
    anchor = index;
    update();
  }

  const perPage = () => Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1);
  const moves = {
    ArrowDown: () => active + 1,
    ArrowUp: () => active - 1,
    PageDown: () => active + perPage(),
    PageUp: () => active - perPage(),
    Home: () => 0,
    End: () => total() - 1,
  };

  element.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (move && !event.altKey && !event.ctrlKey && !event.metaKey) moveTo(move(), event.shiftKey);
    else if (event.key === 'Enter' && source.at(active) !== undefined) open?.(source.at(active), active);
    else if (event.key === ' ' && selection) toggle(active);
    else if (event.key === ' ' && source.at(active) !== undefined) open?.(source.at(active), active);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && selection) selection.all();
    else return;
    event.preventDefault();
    // Node-RED's own shortcuts (select all nodes, delete) must not hear it.
    event.stopPropagation();
  });

  element.addEventListener('click', (event) => {
    const row = event.target.closest('.row');
    if (row === null) return;
    const index = Number(row.dataset.index);
    active = index;
    if (selection && event.shiftKey) selectRange(anchor, index);
    else if (selection && (event.target.closest('.box') || event.ctrlKey || event.metaKey)) toggle(index);
    else {
      anchor = index;
      update();
      if (source.at(index) !== undefined) open?.(source.at(index), index);
      return;
    }
    drawn.get(index)?.element.focus({ preventScroll: true });
  });

  element.addEventListener(
    'scroll',
    () => {
      scrolledTo = element.scrollTop;
      soon();
    },
    { passive: true },
  );
  const watcher = new ResizeObserver(soon);
  watcher.observe(element);

  return {
    element,
    update,
    /** Puts the focus on the row where the keyboard was. */
    focus: () => moveTo(active, false),
    toTop() {
      active = 0;
      anchor = 0;
      scrollTo(0);
      update();
    },
    close() {
      watcher.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}

/**
 * What is selected of a list, by id. `all()` means everything that the list stands for, also what was never read: it
 * is kept as "all", not as ids.
 */
export function createSelection(changed) {
  let ids = new Set();
  let everything = false;
  const set = (next, all) => {
    ids = next;
    everything = all;
    changed();
  };
  return {
    has: (item) => everything || ids.has(item.id),
    get ids() {
      return [...ids];
    },
    get everything() {
      return everything;
    },
    get size() {
      return ids.size;
    },
    toggle(item) {
      const next = everything ? new Set() : new Set(ids);
      if (!everything && next.delete(item.id)) return set(next, false);
      next.add(item.id);
      return set(next, false);
    },
    replace: (items) => set(new Set(items.map(({ id }) => id)), false),
    all: () => set(new Set(), true),
    clear: () => set(new Set(), false),
  };
}
