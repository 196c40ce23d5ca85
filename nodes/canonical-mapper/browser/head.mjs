/** The line above the table: which contract to which, name, version, and what can be done with the whole. */
import { button, el, fill } from '../../console/browser/dom.mjs';
import { download, fileInput, readSpec } from './files.mjs';
import { showImpact } from './impact.mjs';
import { showMenu } from './popover.mjs';
import { showVersions } from './versions.mjs';
import { t } from './words.mjs';

const anyContract = { name: 'any-object', version: '1.0' };

/** @param context `{ session, desk, sheets, popovers, say, tabs, startFrom }` */
export function createHead(context) {
  const { session, sheets, popovers, say, showTab, startFrom } = context;
  const { state } = session;
  const element = el('div.table-head');
  const file = fileInput((text) => {
    try {
      const spec = readSpec(text);
      session.load(spec);
      say(t('said.imported', { name: spec.name }));
    } catch (error) {
      sheets.show(t('head.import'), sheets.failed(error.message), { narrow: true });
    }
  });

  const key = ({ contract, version }) => `${contract} ${version}`;
  function contractSelect(side) {
    const ref = session.spec[side];
    const contracts = [...state.catalogue.contracts];
    if (side === 'from' && !contracts.some(({ name }) => name === anyContract.name))
      contracts.unshift({ ...anyContract, title: t('head.anyObject'), canonical: false });
    if (!contracts.some(({ name, version }) => name === ref.contract && version === ref.version))
      contracts.push({ name: ref.contract, version: ref.version, title: ref.contract, canonical: false });
    const group = (canonical) => {
      const options = contracts
        .filter((each) => Boolean(each.canonical) === canonical)
        .map(({ name, version, title }) =>
          el(
            'option',
            { value: `${name} ${version}`, selected: `${name} ${version}` === key(ref) },
            version === '1.0' ? title : `${title} ${version}`,
          ),
        );
      return (
        options.length > 0 &&
        el('optgroup', { label: t(canonical ? 'head.canonical' : 'head.partner') }, options)
      );
    };
    const select = el(
      'select',
      { id: `crossdock-mapper-${side}`, title: key(ref) },
      side === 'to' ? [group(true), group(false)] : [group(false), group(true)],
    );
    select.addEventListener('change', () => {
      const [contract, version] = select.value.split(' ');
      session.change({ ...session.spec, [side]: { contract, version } });
    });
    return el('div.head-field', {}, el('label', { for: select.id }, t(`head.${side}`)), select);
  }

  function textField(name, value, changed, extra) {
    const input = el('input', {
      type: 'text',
      id: `crossdock-mapper-${name}`,
      autocomplete: 'off',
      spellcheck: 'false',
      ...extra,
    });
    input.value = value;
    input.addEventListener('change', () => changed(input.value.trim(), input));
    return el(`div.head-field.is-${name}`, {}, el('label', { for: input.id }, t(`head.${name}`)), input);
  }

  function start(anchor) {
    const ready = state.catalogue.mappings.map((mapping) => ({
      label: mapping.title,
      hint: `${mapping.from} → ${mapping.to}`,
      act: () => startFrom(mapping.name),
    }));
    showMenu(
      popovers,
      anchor,
      t('head.start'),
      [
        {
          label: t('head.startEmpty'),
          hint: t('head.startEmptyHint'),
          act: () => session.change({ ...session.spec, rules: [] }),
        },
        ...(ready.length > 0 ? [{ heading: t('head.readyMappings') }, ...ready] : []),
      ],
      () => anchor.isConnected && anchor.focus(),
    );
  }

  function draw() {
    const { spec, base } = session;
    const focused = element.contains(document.activeElement) ? document.activeElement : undefined;
    const id = focused?.id || focused?.dataset.act;
    const act = (name, glyph, work, options = {}) => {
      const made = button(t(`head.${name}`), work, { glyph, name: t(`head.${name}`), ...options });
      made.dataset.act = name;
      return made;
    };
    fill(
      element,
      el(
        'div.head-fields',
        {},
        contractSelect('from'),
        el('span.head-arrow', { 'aria-hidden': 'true' }, '→'),
        contractSelect('to'),
        textField(
          'name',
          spec.name ?? '',
          (name, input) => {
            const good = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
            input.setAttribute('aria-invalid', String(!good));
            input.title = good ? '' : t('head.badName');
            if (good) session.change({ ...session.spec, name });
          },
          { maxlength: 60 },
        ),
        textField(
          'version',
          spec.version ?? '',
          (version, input) => {
            const good = version === '' || /^\d+\.\d+\.\d+$/.test(version);
            input.setAttribute('aria-invalid', String(!good));
            input.title = good ? '' : t('head.badVersion');
            if (good) session.setVersion(version);
          },
          { title: spec.version === base.version ? undefined : t('head.bumped', { from: base.version }) },
        ),
      ),
      el(
        'div.head-actions',
        {},
        el(
          'div.group',
          {},
          act('undo', 'undo', session.undo, {
            kind: 'icon',
            why: session.canUndo ? undefined : t('head.nothingToUndo'),
            announce: say,
          }),
          act('redo', 'repeat', session.redo, {
            kind: 'icon',
            why: session.canRedo ? undefined : t('head.nothingToRedo'),
            announce: say,
          }),
        ),
        el(
          'div.group',
          {},
          act('start', 'clone', (event) => start(event.currentTarget)),
          act('import', 'upload', () => file.click()),
          act('export', 'download', () => download(session.spec)),
        ),
        el(
          'div.group',
          {},
          act('versions', 'history', () => showVersions(context)),
          act('impact', 'bar-chart', () => showImpact(context)),
        ),
        el(
          'div.segments.tabs',
          { role: 'tablist', 'aria-label': t('head.views') },
          ['table', 'json'].map((tab) =>
            el(
              'button.segment',
              {
                type: 'button',
                role: 'tab',
                'data-act': `tab-${tab}`,
                'aria-selected': String(context.tab() === tab),
                'aria-checked': String(context.tab() === tab),
                onclick: () => showTab(tab),
              },
              t(`head.tab.${tab}`),
            ),
          ),
        ),
      ),
      file,
    );
    if (id) (document.getElementById(id) ?? element.querySelector(`[data-act="${id}"]`))?.focus();
  }

  session.listen((what) => {
    if (['spec', 'catalogue', 'contract'].includes(what)) draw();
  });
  draw();
  return { element, draw };
}
