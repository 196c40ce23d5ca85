/** The search field, and behind its button what else letters can be narrowed by. */
import { button, el, field, icon } from './dom.mjs';
import { t } from './text.mjs';

const typingPauseMs = 300;
const states = ['parked', 'replayed', 'discarded'];

/** Midnight of a day as a date field gives it, in the browser's zone, in ms; undefined for none. */
function midnight(day, daysLater = 0) {
  const [year, month, date] = day.split('-').map(Number);
  return year > 0 ? new Date(year, month - 1, date + daysLater).getTime() : undefined;
}

/** @param changed `(filter)`: called when the person has stopped typing */
export function createFilters(changed) {
  let timer;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(now, typingPauseMs);
  };
  const now = () => {
    clearTimeout(timer);
    mark();
    changed(read());
  };

  const search = el('input', {
    type: 'search',
    placeholder: t('placeholder.search'),
    'aria-label': t('placeholder.search'),
    spellcheck: 'false',
    oninput: soon,
    onkeydown: (event) => {
      if (event.key === 'Enter') now();
      else if (event.key === 'Escape' && search.value !== '') clear();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  });
  const state = el(
    'select',
    { onchange: now },
    states.map((value) => el('option', { value }, t(`state.${value}`))),
  );
  const source = el('input', { type: 'text', oninput: soon, spellcheck: 'false' });
  const from = el('input', { type: 'date', onchange: now });
  const to = el('input', { type: 'date', onchange: now });
  const panel = el(
    'div.panel',
    { hidden: true, id: 'crossdock-console-filters' },
    field(t('label.state'), state),
    field(t('label.source'), source),
    field(t('label.from'), from),
    field(t('label.to'), to),
  );
  const more = button('', toggle, { glyph: 'filter', name: t('action.filter') });
  more.setAttribute('aria-expanded', 'false');
  more.setAttribute('aria-controls', panel.id);

  function toggle() {
    panel.hidden = !panel.hidden;
    more.setAttribute('aria-expanded', String(!panel.hidden));
    if (!panel.hidden) state.focus();
  }

  function mark() {
    const narrowed = state.value !== 'parked' || [source, from, to].some(({ value }) => value !== '');
    more.classList.toggle('selected', narrowed);
  }

  function read() {
    const filter = { state: state.value };
    if (search.value.trim() !== '') filter.q = search.value.trim();
    if (source.value.trim() !== '') filter.source = source.value.trim();
    const [begin, end] = [midnight(from.value), midnight(to.value, 1)];
    if (begin !== undefined) filter.from = begin;
    if (end !== undefined) filter.to = end;
    return filter;
  }

  function clear() {
    for (const input of [search, source, from, to]) input.value = '';
    state.value = 'parked';
    now();
  }

  return {
    element: el(
      'div.search',
      {},
      el('div.line', {}, el('span.glass', {}, icon('search'), search), more),
      panel,
    ),
    read,
    clear,
    /** Whether anything but the state narrows the letters. */
    narrowed: () => Object.keys(read()).length > 1,
    close: () => clearTimeout(timer),
  };
}
