/** The cross-references: what was taught, by whom, its history, what is in conflict; files in and out. */
import { button, el, field, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { createPages, createRows } from './pages.mjs';
import { dateTime, number, shortTime, t } from './text.mjs';
import { createList } from './windowed-list.mjs';

const typingPauseMs = 300;
const permission = 'crossdock-cross-references';

export function createReferencesView(context) {
  let timer;
  let conflicting = false;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, typingPauseMs);
  };
  const search = el('input', {
    type: 'search',
    placeholder: t('reference.search'),
    'aria-label': t('reference.search'),
    spellcheck: 'false',
    oninput: soon,
  });
  const partner = el('input', { type: 'text', spellcheck: 'false', oninput: soon });
  const state = el(
    'select',
    { onchange: changed },
    ['active', 'replaced', 'retired', 'conflicts'].map((value) =>
      el('option', { value }, t(`reference.state.${value}`)),
    ),
  );
  const body = el('div.body');
  const why = context.whyNot('write', permission);
  const actions = el(
    'div.actions',
    {},
    button('', () => askForFile(context, reload), {
      glyph: 'upload',
      name: t('reference.import'),
      why,
      announce: context.announce,
    }),
    button('', () => context.api.exportReferences(filter()).catch(context.fail), {
      glyph: 'download',
      name: t('reference.export'),
    }),
  );
  const element = el(
    'section.view.references',
    { 'aria-label': t('tab.references') },
    el(
      'div.search',
      {},
      el('div.line', {}, el('span.glass', {}, icon('search'), search), actions),
      el('div.panel', {}, field(t('reference.partner'), partner), field(t('label.state'), state)),
    ),
    body,
  );
  const pages = createPages(
    (after, limit) => context.api.references(filter(), after, limit),
    (error) => {
      if (error) context.fail(error);
      draw();
    },
  );
  const conflicts = createRows();
  const open = (one) => context.push(createReferenceView(context, one));
  const list = createList({
    label: t('tab.references'),
    rowHeight: 58,
    source: pages,
    draw: drawReference,
    open,
  });
  const conflictList = createList({
    label: t('reference.state.conflicts'),
    rowHeight: 74,
    source: conflicts,
    draw: drawConflict,
    open: ({ references }) => open(references[0]),
  });

  const filter = () => ({
    q: search.value.trim(),
    partner: partner.value.trim(),
    state: conflicting ? undefined : state.value,
  });

  const narrowed = () => search.value !== '' || partner.value !== '' || state.value !== 'active';

  function changed() {
    clearTimeout(timer);
    conflicting = state.value === 'conflicts';
    list.toTop();
    void reload();
  }

  async function reload() {
    if (conflicting) {
      conflicts.set(await context.api.conflicts());
      context.ok();
      draw();
    } else await pages.reset();
  }

  function draw() {
    const shown = conflicting ? conflictList : list;
    const source = conflicting ? conflicts : pages;
    if (source.total === 0) {
      fill(body, emptyState(conflicting ? 'noConflicts' : narrowed() ? 'noReferenceMatch' : 'noReferences'));
    } else if (shown.element.parentNode !== body) fill(body, shown.element);
    shown.update();
  }

  draw();
  return {
    element,
    refresh: async () => {
      if (conflicting) await reload();
      else if (pages.nearTop) await pages.reload();
    },
    shown() {
      draw();
      if (!conflicting && pages.total !== undefined) void pages.reload();
    },
    focus: () => search.focus(),
    close() {
      clearTimeout(timer);
      pages.close();
      list.close();
      conflictList.close();
    },
  };
}

/** "sku A-1 as XCS of 24 EA". */
function meaning({ targetScheme, target, packLevel, quantityPerUnit, ofUnit }) {
  const name = targetScheme === 'rec20' ? target : `${targetScheme} ${target}`;
  const level = packLevel ? ` · ${packLevel}` : '';
  return `${name}${level}${quantityPerUnit ? ` = ${quantityPerUnit} ${ofUnit ?? ''}` : ''}`;
}

function drawReference(one) {
  const what = one.item ? `${one.code} (${one.item})` : one.code;
  return {
    key: String(one.id),
    stamp: `${one.state} ${one.version} ${one.validTo}`,
    classes: ['reference'],
    name: `${what}, ${meaning(one)}, ${one.partner}`,
    children: [
      icon(one.kind === 'unit' ? 'balance-scale' : 'cube', 'mark', 'calm'),
      el(
        'span.text',
        {},
        el(
          'span.first',
          {},
          el('b', {}, `${what} → ${meaning(one)}`),
          el('time', {}, shortTime(one.createdAt)),
        ),
        el(
          'span.meta',
          {},
          [one.partner, one.scheme, t('reference.version', { n: one.version }), one.steward]
            .filter(Boolean)
            .join(' · '),
        ),
      ),
    ],
  };
}

function drawConflict({ type, references }) {
  const [first] = references;
  const codes = references.map((one) => `${one.code} → ${meaning(one)}`).join(' | ');
  return {
    key: `${type} ${first.id}`,
    stamp: codes,
    classes: ['group'],
    name: `${t(`reference.conflict.${type}`)}: ${codes}`,
    children: [
      icon(
        type === 'ambiguous' ? 'exclamation-triangle' : 'clone',
        'mark',
        type === 'ambiguous' ? 'warning' : 'calm',
      ),
      el(
        'span.text',
        {},
        el('span.reason', { title: codes }, codes),
        el('span.meta', {}, `${first.partner} · ${t(`reference.conflict.${type}`)}`),
      ),
    ],
  };
}

/** One code with all of its versions. */
function createReferenceView(context, one) {
  const body = el('div.body.scroll', { tabindex: -1 });
  const element = el(
    'section.view',
    { 'aria-label': t('reference.one') },
    el(
      'header.title',
      {},
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('action.backTo.list') }),
      el(
        'div',
        {},
        el('h3.selectable', {}, one.code),
        el('p.meta', {}, `${one.partner} · ${t(`reference.kind.${one.kind}`)}`),
      ),
    ),
    body,
  );

  async function refresh() {
    const versions = await context.api.referenceHistory(one.id);
    context.ok();
    refill(
      body,
      el(
        'ol.history',
        {},
        versions.map((version) =>
          el(
            'li',
            {},
            el(
              'span.dot',
              {},
              icon(
                version.state === 'active' ? 'check-circle' : 'circle-o',
                'mark',
                version.state === 'active' ? 'success' : 'calm',
              ),
            ),
            el(
              'span.text',
              {},
              el(
                'span.first',
                {},
                el('b', {}, meaning(version)),
                el('span.state', {}, t(`reference.state.${version.state}`)),
              ),
              el(
                'span.meta',
                {},
                t('reference.madeBy', {
                  n: version.version,
                  who: version.createdBy,
                  when: dateTime(version.createdAt),
                }),
              ),
              version.endedBy &&
                el(
                  'span.meta',
                  {},
                  t('reference.endedBy', { who: version.endedBy, when: dateTime(version.endedAt) }),
                ),
              el('span.meta', {}, validity(version)),
              version.note && el('q', {}, version.note),
            ),
            version.state === 'active' &&
              button(t('reference.retire'), () => askToRetire(context, version, refresh), {
                glyph: 'ban',
                kind: 'small',
                why: context.whyNot('write', permission),
                announce: context.announce,
              }),
          ),
        ),
      ),
    );
    context.settle();
  }
  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: () => element.querySelector('button')?.focus(),
  };
}

function validity({ validFrom, validTo }) {
  const from = dateTime(validFrom);
  return validTo === null
    ? t('reference.since', { from })
    : t('reference.between', { from, to: dateTime(validTo) });
}

function askToRetire(context, version, done) {
  const reason = el('textarea', { rows: 2, maxlength: 500 });
  context.ask({
    title: t('reference.retireTitle', { code: version.code, partner: version.partner }),
    fields: [el('p', {}, t('reference.retireText')), field(t('reference.reason'), reason)],
    confirm: t('reference.retire'),
    danger: true,
    async act() {
      await context.api.retireReference(version.id, reason.value.trim());
      await done();
    },
  });
}

/** The Odoo servers of the flows, to import from. */
function odooServers() {
  const found = [];
  RED.nodes.eachConfig((node) => {
    if (node.type === 'crossdock-odoo-server')
      found.push({ id: node.id, name: RED.utils.getNodeLabel(node, node.id) });
  });
  return found;
}

/** First what the import would change, then, on the same sheet, the button that does it. */
function askForFile(context, done) {
  const servers = odooServers();
  const from = el(
    'select',
    {},
    el('option', { value: '' }, t('reference.fromFile')),
    servers.map(({ id, name }) => el('option', { value: id }, t('reference.fromOdoo', { name }))),
  );
  const file = el('input', { type: 'file', accept: '.csv,text/csv' });
  const ofFile = el('div', {}, el('p.hint', {}, t('reference.columns')), field(t('reference.file'), file));
  const ofOdoo = el('p.hint', { hidden: true }, t('reference.odooText'));
  from.addEventListener('change', () => {
    ofFile.hidden = from.value !== '';
    ofOdoo.hidden = from.value === '';
    forget();
  });
  const replace = el('input', { type: 'checkbox', 'aria-label': t('reference.replace'), onchange: forget });
  const report = el('div.report', { role: 'status' });
  let tried;
  file.addEventListener('change', forget);

  function forget() {
    tried = undefined;
    fill(report);
  }

  context.ask({
    title: t('reference.import'),
    fields: [
      servers.length > 0 && field(t('reference.from'), from),
      ofFile,
      ofOdoo,
      el('label.check', {}, replace, ' ', t('reference.replace')),
      report,
    ],
    confirm: t('reference.importNow'),
    async act() {
      const chosen = from.value === '' ? file.files[0] : from.value;
      if (chosen === undefined) throw new Error(t('reference.noFile'));
      const dryRun = tried !== chosen;
      const options = { replace: replace.checked, dryRun };
      const answer = await (from.value === ''
        ? context.api.importReferences(chosen, options)
        : context.api.importFromOdoo(chosen, options));
      fill(report, shownReport(answer));
      if (dryRun) {
        tried = chosen;
        return false;
      }
      context.announce(t('reference.imported', { n: number(answer.added + answer.replaced) }));
      await done();
      return true;
    },
  });
}

function shownReport(answer) {
  const figures = ['added', 'replaced', 'unchanged', 'conflicts', 'faulty'].map((key) =>
    t(`reference.report.${key}`, { n: number(answer[key]) }),
  );
  const lines = [...answer.problems, ...answer.changes].slice(0, 50);
  return [
    el(
      'p',
      {},
      el('b', {}, t(answer.dryRun ? 'reference.wouldDo' : 'reference.done')),
      ` ${figures.join(' · ')}`,
    ),
    el(
      'ul.problems',
      {},
      lines.map(({ line, message }) => el('li', {}, t('reference.line', { n: number(line) }), ' ', message)),
    ),
    answer.dryRun && el('p.hint', {}, t('reference.again')),
  ];
}
