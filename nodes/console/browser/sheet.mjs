/** A small form that slides over the bottom of the console: it asks once more, and for what is missing. */
import { button, el } from './dom.mjs';
import { t } from './text.mjs';

/**
 * @param options.title what will happen
 * @param options.fields elements, the first field gets the focus
 * @param options.confirm label of the button that does it
 * @param options.act `() => Promise`: the sheet closes when it succeeds and shows the error when it fails; one that
 *   resolves to false keeps it open
 */
export function createSheet({ title, fields, confirm, danger, act, closed }) {
  const before = document.activeElement;
  const problem = el('p.problem', { role: 'alert' });
  let busy = false;

  async function run() {
    if (busy) return;
    busy = true;
    doIt.classList.add('disabled');
    problem.textContent = '';
    try {
      if ((await act()) !== false) close();
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      busy = false;
      doIt.classList.remove('disabled');
    }
  }

  function close() {
    element.remove();
    if (before?.isConnected) before.focus();
    closed();
  }

  const doIt = button(confirm, run, { kind: danger ? 'danger' : 'main' });
  const heading = el('h4', { id: 'crossdock-console-sheet-title' }, title);
  const element = el(
    'form.sheet',
    {
      role: 'dialog',
      'aria-labelledby': heading.id,
      onsubmit: (event) => {
        event.preventDefault();
        void run();
      },
      onkeydown: (event) => {
        // Typing is not for Node-RED's shortcuts.
        event.stopPropagation();
        if (event.key === 'Escape') close();
        else if (event.key === 'Enter' && event.target.matches('input')) {
          event.preventDefault();
          void run();
        }
      },
    },
    heading,
    fields,
    problem,
    el('div.actions', {}, button(t('action.back'), close), doIt),
  );
  return {
    element,
    close,
    focus() {
      (element.querySelector('input, textarea, select') ?? doIt).focus();
    },
  };
}
