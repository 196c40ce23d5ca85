/** Who did what and when to letters and baskets; nothing here can be changed. */
import { el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { createPages } from './pages.mjs';
import { counted, dateTime, shortTime, t, tOr } from './text.mjs';
import { createList } from './windowed-list.mjs';

const glyphs = {
  'letter.shown': 'eye',
  'letters.discarded': 'trash-o',
  'letters.dropped': 'hourglass-end',
  'basket.created': 'shopping-basket',
  'basket.dryRun': 'flask',
  'basket.edited': 'pencil',
  'basket.started': 'play',
  'basket.paused': 'pause',
  'basket.resumed': 'play',
  'basket.cancelled': 'ban',
  'basket.finished': 'check',
  'reference.taught': 'graduation-cap',
  'reference.retired': 'ban',
  'references.imported': 'upload',
  'stock.toldAgain': 'bullhorn',
  'stock.snapshot': 'bullhorn',
  'corrections.approved': 'check',
  'corrections.withdrawn': 'ban',
  'corrections.redirected': 'share',
  'correction.shown': 'eye',
  'reconciliation.cancelled': 'ban',
};

/** What an action's number counts, where it is not letters. */
const counts = {
  'corrections.approved': 'reconcile.count.corrections',
  'corrections.withdrawn': 'reconcile.count.corrections',
  'corrections.redirected': 'reconcile.count.corrections',
  'correction.shown': 'reconcile.count.corrections',
};

export function createAuditView(context) {
  const summary = el('div.summary', { role: 'status' });
  const body = el('div.body');
  const element = el('section.view', { 'aria-label': t('tab.audit') }, el('div.bar', {}, summary), body);
  const entries = createPages(
    (after, limit) => context.api.audit(after, limit),
    (error) => {
      if (error) context.fail(error);
      draw();
    },
  );
  const list = createList({ label: t('tab.audit'), rowHeight: 58, source: entries, draw: drawEntry });

  function draw() {
    if (entries.total === 0) fill(body, emptyState('noAudit'));
    else if (list.element.parentNode !== body) fill(body, list.element);
    refill(
      summary,
      entries.total === undefined
        ? t('label.loading')
        : entries.total > 0 && counted('count.entries', entries.total),
    );
    list.update();
  }

  draw();
  return {
    element,
    /** Entries are only added; who reads far down is not disturbed. */
    refresh: async () => {
      if (entries.nearTop) await entries.reload();
    },
    shown() {
      draw();
      if (entries.total !== undefined) void entries.reload();
    },
    focus: list.focus,
    close() {
      entries.close();
      list.close();
    },
  };
}

function drawEntry({ id, at, who, action, letters, note }) {
  const what = tOr(`audit.${action.replace('.', '-')}`, action);
  const about = [letters > 0 && counted(counts[action] ?? 'count.letters', letters), note]
    .filter(Boolean)
    .join(' · ');
  return {
    key: String(id),
    stamp: '',
    classes: ['entry'],
    name: `${who}, ${what}, ${about}, ${dateTime(at)}`,
    children: [
      icon(glyphs[action] ?? 'circle-o', 'mark', 'calm'),
      el(
        'span.text',
        {},
        el('span.first', {}, el('b', {}, what), el('time', { title: dateTime(at) }, shortTime(at))),
        el('span.meta', {}, el('span', {}, who), about && ` · ${about}`),
      ),
    ],
  };
}
