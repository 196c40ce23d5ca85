/** The editor for a letter of a basket, in a tray of its own. The original stays as it arrived. */
import { el } from './dom.mjs';
import { t } from './text.mjs';
import { closeTray } from './tray.mjs';

/**
 * @param save `(value) => Promise`: a JSON value or a text; null takes the edit back
 * @param closed takes the focus back, which Node-RED gives to the canvas
 */
export function openEditor({ content, edited, save, closed }) {
  const json = content.type === 'json';
  const problem = el('p.problem', { role: 'alert' });
  const place = el('div.editor', { id: 'crossdock-console-editor' });
  let editor;

  async function finish(read) {
    problem.textContent = '';
    try {
      await save(read());
      closeTray(closed);
    } catch (error) {
      problem.textContent =
        error instanceof SyntaxError ? t('error.json', { error: error.message }) : error.message;
    }
  }

  const takeBack = { text: t('action.takeBack'), click: () => finish(() => null) };
  RED.tray.show({
    title: t('label.editTitle'),
    width: 720,
    buttons: [
      ...(edited ? [takeBack] : []),
      { text: t('action.back'), click: () => closeTray(closed) },
      {
        text: t('action.saveEdit'),
        class: 'primary',
        click: () => finish(() => (json ? JSON.parse(editor.getValue()) : editor.getValue())),
      },
    ],
    open(tray) {
      tray
        .find('.red-ui-tray-body')
        .append(el('div.crossdock-console.in-tray', {}, el('p.hint', {}, t('hint.edit')), problem, place));
      editor = RED.editor.createEditor({
        id: place.id,
        mode: json ? 'ace/mode/json' : 'ace/mode/text',
        value: json ? JSON.stringify(content.value, null, 2) : String(content.value ?? ''),
        focus: true,
      });
    },
    close: () => editor?.destroy(),
  });
}
