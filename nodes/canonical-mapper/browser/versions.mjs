/** Versions that went live: what each would change, row by row, and the way back in one click. */
import { button, el, fill, icon } from '../../console/browser/dom.mjs';
import { counted, shortTime, t } from './words.mjs';

const glyphs = { added: 'plus-circle', removed: 'minus-circle', changed: 'pencil', moved: 'arrows-v' };

/** A difference in words, as POST diff gives it. */
export function diffView({ head, rows, summary }) {
  if (rows.length === 0 && head.length === 0) return el('p.hint', {}, t('versions.same'));
  const parts = ['added', 'changed', 'removed', 'moved']
    .filter((kind) => summary[kind] > 0)
    .map((kind) => counted(`versions.${kind}`, summary[kind]));
  return el(
    'div.diff',
    {},
    parts.length > 0 && el('p.meta', {}, parts.join(' · ')),
    el(
      'ul',
      {},
      head.map((text) => el('li', {}, icon('info-circle'), el('span', {}, text))),
      rows.map(({ change, text }) =>
        el(`li.${change}`, {}, icon(glyphs[change] ?? 'circle'), el('span', {}, text)),
      ),
    ),
  );
}

/** @param context `{ session, desk, sheets, say }` */
export function showVersions({ session, desk, sheets, say }) {
  const sheet = sheets.show(t('versions.heading'), sheets.loading(t('versions.loading')));
  desk.versions().then(
    ({ versions, live }) => {
      if (versions.length === 0) {
        sheet.fill(
          el(
            'div.empty',
            {},
            icon('history'),
            el('h4', {}, t('versions.noneTitle')),
            el('p', {}, t('versions.noneText')),
          ),
        );
        return;
      }
      const detail = el('div.version-detail', { 'aria-live': 'polite' });
      const list = el('div.version-list', { role: 'listbox', 'aria-label': t('versions.heading') });
      const rows = versions.map((each) => {
        const row = el(
          'button.version',
          { type: 'button', role: 'option', 'aria-selected': 'false', onclick: () => choose(each, row) },
          el('b', {}, each.version),
          each.version === live && el('span.badge', {}, t('versions.live')),
          el('span.meta', {}, `${shortTime(each.at)} · ${counted('versions.rows', each.rules)}`),
        );
        return row;
      });
      list.append(...rows);
      list.addEventListener('keydown', (event) => {
        const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(document.activeElement) + by))]?.focus();
      });

      function choose(version, row) {
        for (const each of rows) each.setAttribute('aria-selected', String(each === row));
        fill(detail, sheets.loading(t('versions.comparing')));
        desk
          .version(version.version)
          .then(async (spec) => {
            const diff = await desk.diff(session.spec, spec);
            fill(
              detail,
              el('h4', {}, t('versions.would', { version: version.version })),
              diffView(diff),
              el(
                'div.actions',
                {},
                button(
                  t('versions.rollBack', { version: version.version }),
                  () => {
                    sheets.close();
                    session.load(spec);
                    say(t('said.rolledBack', { version: version.version }));
                  },
                  { kind: 'main', glyph: 'history' },
                ),
              ),
              el('p.hint', {}, t('versions.thenDeploy')),
            );
          })
          .catch((error) => fill(detail, sheets.failed(error.message)));
      }

      sheet.fill(el('div.versions', {}, list, detail));
      choose(versions[0], rows[0]);
      rows[0].focus();
    },
    (error) =>
      sheet.fill(
        error.code === 'NODE_UNKNOWN'
          ? el(
              'div.empty',
              {},
              icon('history'),
              el('h4', {}, t('versions.noneTitle')),
              el('p', {}, t('versions.notDeployed')),
            )
          : sheets.failed(error.message),
      ),
  );
}
