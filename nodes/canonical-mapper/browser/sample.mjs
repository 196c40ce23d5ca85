/** The left side: the sample message. Empty, being pasted, or a tree of its fields. */
import { button, el, fill, icon } from '../../console/browser/dom.mjs';
import { showRecent } from './recent.mjs';
import { createTree } from './tree.mjs';
import { counted, number, percent, t } from './words.mjs';

const largest = 1_900_000;

/** @param context `{ session, desk, sheets, say, startFrom, focusTable }` */
export function createSamplePane({ session, desk, sheets, say, startFrom, focusTable }) {
  const { state } = session;
  let pasting = false;
  let filter = '';
  let only = '';
  const stage = el('div.pane-stage');
  const element = el('section.pane.sample', { 'aria-label': t('sample.heading') }, stage);

  const used = () => (state.trial === undefined ? new Set() : undefined);
  const sourcePaths = () => {
    const paths = new Set();
    for (const rule of session.spec.rules) {
      for (const path of [rule.from, rule.each].flat()) if (typeof path === 'string') paths.add(path);
    }
    return paths;
  };
  let direct = sourcePaths();
  const tree = createTree({
    label: t('sample.tree'),
    isUsed: (path) => (used() === undefined ? !state.trial.unused.has(path) : direct.has(path)),
    armed: () => state.armed,
    arm(path, jump) {
      session.arm(state.armed === path ? undefined : path);
      if (state.armed !== undefined) {
        say(t('sample.armed', { path }));
        if (jump) focusTable();
      }
    },
  });

  const file = el('input', {
    type: 'file',
    accept: '.json,.csv,.txt,.ndjson,.jsonl',
    hidden: true,
    tabindex: -1,
    'aria-label': t('sample.file'),
  });
  file.addEventListener('change', () => {
    if (file.files[0]) void readFile(file.files[0]);
    file.value = '';
  });

  async function readFile(from) {
    if (from.size > largest) {
      say(t('sample.tooLarge'));
      state.failure = t('sample.tooLarge');
      draw();
      return;
    }
    pasting = false;
    await session.readSample(await from.text());
  }

  element.addEventListener('dragover', (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    element.classList.add('over');
  });
  element.addEventListener('dragleave', () => element.classList.remove('over'));
  element.addEventListener('drop', (event) => {
    element.classList.remove('over');
    const [dropped] = event.dataTransfer.files;
    if (dropped === undefined) return;
    event.preventDefault();
    void readFile(dropped);
  });

  function pickRecent() {
    showRecent({ desk, sheets }, (text) => {
      pasting = false;
      void session.readSample(text);
    });
  }

  function pasteForm() {
    const text = el('textarea.paste', {
      'aria-label': t('sample.pasteLabel'),
      placeholder: t('sample.placeholder'),
      spellcheck: 'false',
      'data-first': true,
    });
    text.value = state.sample.text;
    const read = () => {
      pasting = false;
      void session.readSample(text.value);
    };
    // A paste is read at once: that it is JSON or CSV is found out, not asked.
    text.addEventListener('paste', () => setTimeout(() => text.value.length > 1 && read(), 0));
    text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        read();
      }
    });
    const errors = state.sample.errors.map((error) => el('p.problem', { role: 'alert' }, error.message));
    return [
      ...errors,
      text,
      el(
        'div.actions',
        {},
        button(t('sample.read'), read, { kind: 'main', name: t('sample.read') }),
        button(t('sample.choose'), () => file.click(), { glyph: 'folder-open-o', name: t('sample.choose') }),
        button(t('sample.recent'), pickRecent, { glyph: 'envelope-o', name: t('sample.recent') }),
        state.sample.format !== null &&
          button(t('action.cancel'), () => {
            pasting = false;
            draw();
          }),
      ),
    ];
  }

  function emptyState() {
    return el(
      'div.empty',
      {},
      icon('file-code-o'),
      el('h4', {}, t('sample.emptyTitle')),
      el('p', {}, t('sample.emptyText')),
    );
  }

  function contracts() {
    const [best] = state.sample.contracts ?? [];
    if (best === undefined || session.spec.from.contract === best.name) return undefined;
    const mapping = best.mappings?.[0];
    return el(
      'div.hint-box',
      {},
      icon('magic'),
      el('span', {}, t('sample.looksLike', { title: best.title, fit: percent(best.fit) })),
      mapping &&
        session.spec.rules.length === 0 &&
        button(t('sample.startFrom'), () => startFrom(mapping), { kind: 'small' }),
    );
  }

  function treeView() {
    const search = el('input', {
      type: 'search',
      placeholder: t('sample.filter'),
      'aria-label': t('sample.filter'),
    });
    search.value = filter;
    search.addEventListener('input', () => {
      filter = search.value;
      tree.filter(filter, only);
    });
    const which = el(
      'select',
      { 'aria-label': t('sample.which') },
      ['', 'unused', 'used'].map((value) =>
        el('option', { value, selected: value === only }, t(`sample.only.${value || 'all'}`)),
      ),
    );
    which.addEventListener('change', () => {
      only = which.value;
      tree.filter(filter, only);
    });
    return [
      el('div.tree-tools', {}, el('div.glass', {}, icon('search'), search), which),
      contracts(),
      tree.element,
    ];
  }

  function draw() {
    const there = state.sample.format !== null && !pasting;
    const leaves = state.sample.fields.filter(({ leaf }) => leaf).length;
    const head = el(
      'div.pane-head',
      {},
      el('h3', {}, t('sample.heading')),
      there &&
        el(
          'span.meta',
          {},
          `${state.sample.format.toUpperCase()} · ${counted('sample.fields', leaves)}${state.sample.more ? '+' : ''}`,
        ),
      there &&
        button(
          '',
          () => {
            pasting = true;
            draw();
            element.querySelector('textarea')?.focus();
          },
          { glyph: 'pencil', kind: 'bare', name: t('sample.edit') },
        ),
      there &&
        button(
          '',
          () => {
            pasting = false;
            void session.readSample('');
          },
          { glyph: 'trash-o', kind: 'bare', name: t('sample.remove') },
        ),
    );
    if (state.reading)
      fill(
        stage,
        head,
        el('div.loading', { role: 'status' }, icon('spinner', 'fa-spin'), t('sample.reading')),
      );
    else if (there) fill(stage, head, treeView(), file);
    else
      fill(
        stage,
        head,
        el(
          'div.pane-scroll',
          {},
          state.sample.errors.length === 0 && !pasting && emptyState(),
          pasteForm(),
          file,
        ),
      );
  }

  session.listen((what) => {
    if (what === 'spec') direct = sourcePaths();
    if (what === 'sample') {
      tree.show(state.sample.fields);
      tree.filter(filter, only);
    }
    if (['sample', 'reading', 'failure'].includes(what)) draw();
    else if (['trial', 'armed', 'spec'].includes(what)) tree.update();
  });
  draw();

  return {
    element,
    get hasSample() {
      return state.sample.format !== null;
    },
    count: number,
    close: () => tree.close(),
  };
}
