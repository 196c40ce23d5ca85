/** A sheet over the table for what takes more room than a popover: versions, impact, questions. */
import { button, el, fill, icon } from '../../console/browser/dom.mjs';
import { t } from './words.mjs';

export function createSheets(host) {
  let open;

  function close() {
    if (open === undefined) return false;
    open.shade.remove();
    const { before } = open;
    open = undefined;
    if (before?.isConnected) before.focus();
    return true;
  }

  function show(title, content, { narrow = false } = {}) {
    close();
    const before = document.activeElement;
    const body = el('div.sheet-body', {}, content);
    const sheet = el(
      `div.sheet${narrow ? '.narrow' : ''}`,
      { role: 'dialog', 'aria-modal': 'true', 'aria-label': title, tabindex: -1 },
      el(
        'div.sheet-head',
        {},
        el('h3', {}, title),
        button('', close, { glyph: 'times', kind: 'bare', name: t('action.close') }),
      ),
      body,
    );
    const shade = el('div.sheet-shade', {}, sheet);
    shade.addEventListener('pointerdown', (event) => {
      if (event.target === shade) close();
    });
    sheet.addEventListener('keydown', (event) => {
      if (event.key !== 'Tab') return;
      const all = [...sheet.querySelectorAll('button, input, select, textarea, [tabindex="0"]')].filter(
        (each) => each.getClientRects().length > 0,
      );
      const last = event.shiftKey ? all[0] : all.at(-1);
      if (
        document.activeElement !== last &&
        sheet.contains(document.activeElement) &&
        document.activeElement !== sheet
      )
        return;
      event.preventDefault();
      (event.shiftKey ? all.at(-1) : all[0])?.focus();
    });
    host.append(shade);
    open = { shade, before, body };
    (sheet.querySelector('[data-first]') ?? sheet).focus();
    return {
      /** Replaces what the sheet shows, if it is still open. */
      fill(...children) {
        if (open?.body === body) fill(body, ...children);
      },
    };
  }

  function loading(text) {
    return el('div.loading', { role: 'status' }, icon('spinner', 'fa-spin'), text);
  }

  return {
    show,
    close,
    loading,
    get isOpen() {
      return open !== undefined;
    },
    /** A question with one way forward and one back. */
    ask({ title, text, confirm, danger = false, act }) {
      show(
        title,
        [
          el('p', {}, text),
          el(
            'div.actions.end',
            {},
            button(t('action.back'), close),
            button(
              confirm,
              () => {
                close();
                act();
              },
              { kind: danger ? 'danger' : 'main' },
            ),
          ),
        ],
        { narrow: true },
      );
      open.body.querySelector('.push:last-child')?.focus();
    },
    failed: (message) => el('div.notice.error', { role: 'alert' }, icon('warning'), el('span', {}, message)),
  };
}
