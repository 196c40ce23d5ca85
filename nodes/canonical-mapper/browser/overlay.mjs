/**
 * The window over the editor that the table lives in. It behaves as a tray does (Cancel, Done, Escape), but takes the
 * whole width: a tray ends at the sidebar, which leaves too little for three columns.
 */
import { button, el, icon } from '../../console/browser/dom.mjs';
import { t } from './words.mjs';

/**
 * @param options `{ title, done, cancel, onEscape }`: `onEscape` may take the key for something that is open and gives
 *   true then
 */
export function openOverlay({ title, done, cancel, onEscape }) {
  const editor = document.getElementById('red-ui-editor');
  const before = document.activeElement;
  const heading = el('h2', { id: 'crossdock-mapper-title' }, icon('random'), el('span', {}, title));
  const body = el('div.window-body');
  const spoken = el('div.spoken', { role: 'status', 'aria-live': 'polite' });
  const element = el(
    'div.crossdock-mapper',
    { role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'crossdock-mapper-title', tabindex: -1 },
    el(
      'div.window',
      {},
      el(
        'header.window-head',
        {},
        heading,
        el(
          'div.window-actions',
          {},
          button(t('action.cancel'), cancel, { name: t('action.cancel') }),
          button(t('action.done'), done, { kind: 'main', name: t('action.done') }),
        ),
      ),
      body,
      spoken,
    ),
  );

  element.addEventListener('keydown', (event) => {
    // Node-RED listens on the window for its own shortcuts: delete, undo, select all.
    event.stopPropagation();
    if (
      event.key !== 'Escape' ||
      event.defaultPrevented ||
      event.target.closest('.monaco-editor .suggest-widget')
    )
      return;
    event.preventDefault();
    if (!onEscape()) cancel();
  });
  for (const kind of ['keyup', 'keypress', 'paste', 'copy', 'cut', 'dragenter', 'dragover', 'drop']) {
    element.addEventListener(kind, (event) => event.stopPropagation());
  }

  function show() {
    element.hidden = false;
    if (editor) editor.inert = true;
  }
  function hide() {
    element.hidden = true;
    if (editor) editor.inert = false;
  }
  document.body.append(element);
  show();

  return {
    element,
    body,
    /** Says it to those who listen instead of looking. */
    say(text) {
      spoken.textContent = '';
      setTimeout(() => {
        spoken.textContent = text;
      }, 30);
    },
    /** Out of the way of a tray of Node-RED's that is opened meanwhile, and back. */
    hide,
    show,
    close() {
      hide();
      element.remove();
      if (before?.isConnected) before.focus();
    },
  };
}
