/** The mapping table as a whole: head, sample, table, result, and what is shared between them. */
import { el, fill } from '../../console/browser/dom.mjs';
import { createDesk } from './desk.mjs';
import { createHead } from './head.mjs';
import { createJsonTab } from './json-tab.mjs';
import { openOverlay } from './overlay.mjs';
import { createPopovers } from './popover.mjs';
import { createResultPane } from './result.mjs';
import { createSamplePane } from './sample.mjs';
import { createSession } from './session.mjs';
import { createSheets } from './sheet-window.mjs';
import { emptySpec } from './spec-edit.mjs';
import { createTable } from './table.mjs';
import { t } from './words.mjs';

/** The sample of each node, as long as the page lives: it may hold personal data and is kept nowhere. */
const samples = new Map();

/**
 * Opens the table for a node.
 * @param options `{ id, title, spec?, name, context(), done(spec) }`: `done` gets the spec when somebody presses Done
 */
export function openWorkbench({ id, title, spec, name, context, done }) {
  const desk = createDesk(id);
  const start =
    spec ??
    emptySpec(name, { contract: 'any-object', version: '1.0' }, { contract: 'order', version: '1.0' });
  const session = createSession(desk, { spec: start, context, sampleText: samples.get(id) });
  let tab = 'table';
  const overlay = openOverlay({
    title,
    done: () => finish(true),
    cancel,
    onEscape: () => sheets.close() || popovers.close() || disarm(),
  });
  const frame = overlay.element.querySelector('.window');
  const popovers = createPopovers(frame);
  const sheets = createSheets(frame);
  const say = (text) => overlay.say(text);

  function disarm() {
    if (session.state.armed === undefined) return false;
    session.arm(undefined);
    return true;
  }

  function finish(keep) {
    if (keep && tab === 'json' && !json.apply()) return;
    samples.set(id, session.state.sample.text);
    json.close();
    sample.close();
    session.close();
    overlay.close();
    if (keep) done(session.spec);
  }

  function cancel() {
    if (!session.dirty) return finish(false);
    return sheets.ask({
      title: t('leave.title'),
      text: t('leave.text'),
      confirm: t('leave.confirm'),
      danger: true,
      act: () => finish(false),
    });
  }

  function startFrom(mapping) {
    popovers.close(false);
    desk.ready(mapping).then(
      (ready) => {
        session.change({ ...ready, name: session.spec.name || ready.name, version: session.spec.version });
        say(t('said.started', { name: ready.title ?? ready.name }));
      },
      (error) => sheets.show(t('head.start'), sheets.failed(error.message), { narrow: true }),
    );
  }

  /** Node-RED's expression editor is a tray: the table steps aside for it. */
  function editExpression(value, complete) {
    overlay.hide();
    const back = () =>
      setTimeout(() => {
        overlay.show();
        table.focus();
      }, 0);
    RED.editor.editExpression({
      value,
      focus: true,
      complete(edited) {
        complete(edited);
        back();
      },
      cancel: back,
    });
  }

  function showTab(next) {
    if (next === tab) return;
    if (tab === 'json' && !json.apply()) return;
    tab = next;
    fill(middle, tab === 'json' ? json.element : table.element);
    if (tab === 'json') json.open();
    else table.focus();
    head.draw();
  }

  const shared = { session, desk, sheets, popovers, say, startFrom, showTab, editExpression, tab: () => tab };
  const table = createTable(shared);
  const json = createJsonTab(shared);
  const sample = createSamplePane({ ...shared, focusTable: table.focus });
  const result = createResultPane({ ...shared, goTo: table.goTo, goToRule: table.goToRule });
  const head = createHead(shared);
  const middle = el('div.middle', {}, table.element);
  overlay.body.append(head.element, el('div.panes', {}, sample.element, middle, result.element));

  overlay.element.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const letter = event.key.toLowerCase();
    if (letter === 's') {
      event.preventDefault();
      finish(true);
      return;
    }
    if (event.target.closest('input, textarea, .monaco-editor, .ace_editor')) return;
    if (letter === 'z') (event.shiftKey ? session.redo : session.undo)();
    else if (letter === 'y') session.redo();
    else return;
    event.preventDefault();
  });

  session.listen(() => overlay.element.setAttribute('data-busy', String(session.busy)));
  void session.begin();
  // A node that is not deployed yet has no archive: then the table is compared with what it was opened with.
  desk.versions().then(
    async ({ versions, mapping }) => {
      if (versions.length === 0 || (mapping && mapping !== session.spec.name)) return;
      session.compareWith(await desk.version(versions[0].version));
    },
    () => undefined,
  );
  if (session.state.sample.format === null && !samples.get(id))
    sample.element.querySelector('textarea')?.focus();
  else table.focus();
}
