/** The whole spec as text, for those who like that better. What is no mapping is not taken over. */
import { button, el, fill, icon } from '../../console/browser/dom.mjs';
import { readSpec, specText } from './files.mjs';
import { t } from './words.mjs';

/** @param context `{ session, say }` */
export function createJsonTab({ session, say }) {
  const problem = el('p.json-problem', { role: 'alert' });
  const place = el('div.json-editor.node-text-editor', { id: 'crossdock-mapper-json' });
  const element = el(
    'section.pane.json-tab',
    { 'aria-label': t('head.tab.json') },
    el(
      'div.table-tools',
      {},
      el('span.meta', {}, t('json.hint')),
      el('span.spring'),
      button(t('json.apply'), () => apply(), { kind: 'main' }),
    ),
    problem,
    place,
  );
  let editor;
  let shown = '';

  function apply() {
    if (editor === undefined) return true;
    const text = editor.getValue();
    if (text === shown) return true;
    try {
      const spec = readSpec(text);
      shown = text;
      fill(problem);
      session.load(spec);
      say(t('said.jsonApplied'));
      return true;
    } catch (error) {
      fill(problem, icon('exclamation-circle'), error.message);
      return false;
    }
  }

  return {
    element,
    /** Takes over what was typed; false when it is no mapping. */
    apply,
    open() {
      shown = specText(session.spec);
      fill(problem);
      if (editor === undefined)
        editor = RED.editor.createEditor({
          id: 'crossdock-mapper-json',
          mode: 'ace/mode/json',
          value: shown,
        });
      else editor.setValue(shown, -1);
      editor.resize();
      editor.focus();
    },
    text: () => editor?.getValue(),
    close() {
      editor?.destroy();
      editor = undefined;
    },
  };
}
