/** Small windows at what they are about. One at a time; focus stays inside; Escape or a click elsewhere closes. */
import { el } from '../../console/browser/dom.mjs';

const focusable = 'button:not([disabled]), input:not([disabled]), select, textarea, [tabindex="0"]';

export function createPopovers(host) {
  let open;

  function place(element, anchor, wide) {
    const frame = host.getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    const width = Math.min(wide, frame.width - 24);
    element.style.width = `${width}px`;
    const left = Math.max(12, Math.min(at.left - frame.left, frame.width - width - 12));
    const height = element.offsetHeight;
    const under = at.bottom - frame.top + 4;
    const over = at.top - frame.top - height - 4;
    const top =
      under + height > frame.height - 12 && over > 12
        ? over
        : Math.max(12, Math.min(under, frame.height - height - 12));
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  }

  function close(refocus = true) {
    if (open === undefined) return false;
    const { element, anchor, back, watcher } = open;
    open = undefined;
    watcher.disconnect();
    element.remove();
    if (refocus) {
      if (back) back();
      else anchor.focus({ preventScroll: true });
    }
    return true;
  }

  /** @param options `back`: puts the focus where it came from when the anchor may be drawn anew meanwhile */
  function show(anchor, { label, content, width = 380, back, classes = [] }) {
    close(false);
    const element = el(
      ['div.popover', ...classes].join('.'),
      { role: 'dialog', 'aria-label': label },
      content,
    );
    element.addEventListener('keydown', (event) => {
      if (event.key !== 'Tab') return;
      const all = [...element.querySelectorAll(focusable)].filter(
        (each) => each.getClientRects().length > 0 && each.tabIndex >= 0,
      );
      const last = event.shiftKey ? all[0] : all.at(-1);
      if (document.activeElement !== last) return;
      event.preventDefault();
      (event.shiftKey ? all.at(-1) : all[0])?.focus();
    });
    host.append(element);
    const watcher = new ResizeObserver(() => {
      if (anchor.isConnected) place(element, anchor, width);
    });
    watcher.observe(element);
    open = { element, anchor, back, watcher };
    place(element, anchor, width);
    (element.querySelector('[data-first]') ?? element.querySelector(focusable))?.focus();
    return element;
  }

  host.addEventListener('pointerdown', (event) => {
    if (open && !open.element.contains(event.target) && !open.anchor.contains(event.target)) close(false);
  });

  return {
    show,
    close,
    get isOpen() {
      return open !== undefined;
    },
  };
}

/** A list of commands at a button. @param items `{ label, hint?, glyph?, act, danger? }` or `{ heading }` */
export function showMenu(popovers, anchor, label, items, back) {
  const list = el('div.menu', { role: 'menu', 'aria-label': label });
  for (const item of items) {
    if (item.heading) {
      list.append(el('div.menu-heading', {}, item.heading));
      continue;
    }
    list.append(
      el(
        `button.menu-item${item.danger ? '.danger' : ''}`,
        {
          type: 'button',
          role: 'menuitem',
          onclick: () => {
            popovers.close();
            item.act();
          },
        },
        el('span', {}, item.label),
        item.hint && el('small', {}, item.hint),
      ),
    );
  }
  list.addEventListener('keydown', (event) => {
    const all = [...list.querySelectorAll('button')];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    all[(next + all.length) % all.length]?.focus();
  });
  return popovers.show(anchor, { label, content: list, width: 300, classes: ['menu-popover'], back });
}
