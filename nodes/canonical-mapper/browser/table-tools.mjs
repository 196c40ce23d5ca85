/** The line above the grid: find or add a field, optional ones, what is open, and the sure suggestions in one click. */
import { button, el, fill, icon } from '../../console/browser/dom.mjs';
import { rowName } from './cells.mjs';
import { combo } from './combo.mjs';
import { rulesOf, sureOnes } from './fill.mjs';
import { counted, t } from './words.mjs';

/** From this confidence on, suggestions can be accepted together. */
const sure = 0.8;

/** @param table `{ session, say, goTo(target), focus() }` */
export function createTableTools({ session, say, goTo, focus }) {
  const { state } = session;
  const banner = el('div.table-banner', { hidden: true });
  const rest = el('div.table-tools-rest');
  let stamp = '';

  const adder = combo({
    label: t('table.add'),
    placeholder: t('table.addPlaceholder'),
    clears: true,
    strict: true,
    options: () => [
      ...session.addable.map(({ path, title }) => ({ value: path, hint: title, more: t('table.optional') })),
      ...session.rows
        .filter(({ kind }) => kind !== 'object')
        .map((row) => ({ value: row.target, hint: rowName(row) })),
    ],
    chosen(path) {
      if (path === '') return;
      if (!session.rows.some(({ target }) => target === path)) session.want(path);
      goTo(path);
    },
  });
  const all = el('input', { type: 'checkbox' });
  all.addEventListener('change', () => session.showAll(all.checked));
  const element = el(
    'div.table-tools',
    {},
    el('div.glass.adder', {}, icon('search'), adder.element),
    el('label.toggle', {}, all, t('table.all')),
    rest,
  );

  function acceptSure() {
    const found = sureOnes(session, sure);
    session.addAll(found.flatMap(({ suggestion }) => rulesOf(suggestion)));
    say(counted('said.acceptedAll', found.length));
  }

  function drawBanner() {
    banner.hidden = state.armed === undefined;
    if (banner.hidden) return;
    const putBack = button('', () => session.arm(undefined), {
      glyph: 'times',
      kind: 'bare',
      name: t('table.disarm'),
    });
    fill(banner, icon('hand-o-right'), el('span', {}, t('table.armed', { path: state.armed })), putBack);
  }

  return {
    element,
    banner,
    draw() {
      drawBanner();
      const count = sureOnes(session, sure).length;
      const open = session.rows.filter((row) => row.rule === undefined && row.required).length;
      if (stamp === `${count} ${open}`) return;
      stamp = `${count} ${open}`;
      const label = counted('suggestion.acceptAll', count);
      const hadFocus = rest.contains(document.activeElement);
      fill(
        rest,
        el('span.meta', {}, open === 0 ? t('table.allMapped') : counted('table.open', open)),
        count > 0 && button(label, acceptSure, { glyph: 'magic', kind: 'accept', name: label }),
      );
      if (hadFocus) focus();
    },
  };
}
