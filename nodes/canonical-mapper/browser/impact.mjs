/** What the table as it stands does to the last real messages, before it goes live. */
import { el, icon } from '../../console/browser/dom.mjs';
import { counted, number, shortTime, shown, t } from './words.mjs';

const outcomes = ['newlyFailing', 'newlyPassing', 'changed', 'stillFailing', 'same'];
const glyphs = {
  newlyFailing: 'times-circle',
  newlyPassing: 'check-circle',
  changed: 'pencil',
  stillFailing: 'exclamation-circle',
  same: 'check',
};

function changeTable({ changes, moreChanges }) {
  if (changes.length === 0) return undefined;
  return el(
    'table.changes',
    {},
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['path', 'before', 'after'].map((name) => el('th', { scope: 'col' }, t(`impact.${name}`))),
      ),
    ),
    el(
      'tbody',
      {},
      changes.map(({ path, before, after }) =>
        el(
          'tr',
          {},
          el('td.mono', {}, path),
          el('td.old', {}, shown(before)),
          el('td.new', {}, shown(after)),
        ),
      ),
    ),
    moreChanges > 0 &&
      el('tfoot', {}, el('tr', {}, el('td', { colspan: 3 }, counted('impact.more', moreChanges)))),
  );
}

function messageView(message) {
  const { outcome, id, receivedAt, after, before } = message;
  const fault = outcome === 'newlyPassing' ? before : after;
  const detail = [
    fault && el('p', {}, fault.message),
    fault?.problems &&
      el(
        'ul.plain',
        {},
        fault.problems.map((problem) =>
          el('li', {}, el('span.mono', {}, problem.path), ' ', problem.message),
        ),
      ),
    changeTable(message),
  ].filter(Boolean);
  const head = [
    icon(glyphs[outcome], 'outcome-glyph'),
    el('b', {}, id),
    el('span.outcome', {}, t(`impact.outcome.${outcome}`)),
    el('span.meta', {}, shortTime(receivedAt)),
  ];
  if (detail.length === 0) return el(`div.impact-message.${outcome}`, {}, el('div.impact-head', {}, head));
  return el(
    `details.impact-message.${outcome}`,
    { open: outcome !== 'same' && outcome !== 'stillFailing' },
    el('summary.impact-head', {}, head),
    el('div.impact-detail', {}, detail),
  );
}

/** @param context `{ session, desk, sheets }` */
export function showImpact({ session, desk, sheets }) {
  let last = 50;
  function run() {
    const count = el(
      'select',
      { 'aria-label': t('impact.last') },
      [20, 50, 100, 200].map((n) =>
        el('option', { value: n, selected: n === last }, counted('impact.messages', n)),
      ),
    );
    count.addEventListener('change', () => {
      last = Number(count.value);
      run();
    });
    const head = el('div.line', {}, el('label', {}, t('impact.last')), count);
    const sheet = sheets.show(t('impact.heading'), [head, sheets.loading(t('impact.loading'))]);
    desk.impact(session.spec, last).then(
      (answer) => {
        const { tried, summary, messages, notes } = answer;
        const noteList = notes.map((text) => el('p.hint', {}, text));
        if (tried === 0) {
          sheet.fill(
            head,
            el(
              'div.empty',
              {},
              icon('inbox'),
              el('h4', {}, t('impact.noneTitle')),
              el('p', {}, t('impact.noneText')),
              noteList,
            ),
          );
          return;
        }
        sheet.fill(
          head,
          el(
            'div.tiles',
            {},
            outcomes.map((kind) =>
              el(
                `div.tile.${kind}${summary[kind] > 0 ? '' : '.zero'}`,
                {},
                el('b', {}, number(summary[kind])),
                el('span', {}, t(`impact.outcome.${kind}`)),
              ),
            ),
          ),
          noteList,
          el(
            'div.impact-list',
            {},
            outcomes.flatMap((kind) => messages.filter(({ outcome }) => outcome === kind)).map(messageView),
          ),
        );
      },
      (error) =>
        sheet.fill(
          head,
          error.code === 'NODE_UNKNOWN'
            ? el(
                'div.empty',
                {},
                icon('inbox'),
                el('h4', {}, t('impact.noneTitle')),
                el('p', {}, t('impact.notDeployed')),
              )
            : sheets.failed(error.message),
        ),
    );
  }
  run();
}
