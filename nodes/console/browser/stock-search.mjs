/** The search by SKU, and where a list can be narrowed, by what is up with its items. */
import { el, icon } from './dom.mjs';
import { t } from './text.mjs';

const typingPauseMs = 300;
let ids = 0;

/**
 * @param options.views names of `stock.view.*` to choose from, the first of them chosen; none for a search alone
 * @param options.changed called when the person has stopped typing, or has chosen
 */
export function createStockSearch({ label, views = [], view, changed }) {
  let timer;
  const now = () => {
    clearTimeout(timer);
    changed();
  };
  const search = el('input', {
    type: 'search',
    placeholder: label,
    'aria-label': label,
    spellcheck: 'false',
    maxlength: 200,
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(changed, typingPauseMs);
    },
    onkeydown: (event) => {
      if (event.key === 'Enter') now();
      else if (event.key === 'Escape' && search.value !== '') clear();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  });
  ids += 1;
  const select = el(
    'select',
    { id: `crossdock-stock-view-${ids}`, onchange: now },
    views.map((name) => el('option', { value: name }, t(`stock.view.${name}`))),
  );
  if (view !== undefined) select.value = view;

  function clear() {
    search.value = '';
    if (views.length > 0) select.value = views[0];
    now();
  }

  return {
    element: el(
      'div.search',
      {},
      el(
        'div.line',
        {},
        el('span.glass', {}, icon('search'), search),
        views.length > 0 && [el('label.spoken', { for: select.id }, t('stock.show')), select],
      ),
    ),
    read: () => ({
      q: search.value.trim() === '' ? undefined : search.value.trim(),
      view: views.length > 0 ? select.value : undefined,
    }),
    clear,
    focus: () => search.focus(),
    close: () => clearTimeout(timer),
  };
}
