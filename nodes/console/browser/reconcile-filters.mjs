/** What the differences of a run can be narrowed by, each choice with how many there are: kind, cause, source, correction, key. */
import { button, el, field, icon, refill } from './dom.mjs';
import { number, t } from './text.mjs';

const typingPauseMs = 300;
const facets = ['kind', 'cause', 'side', 'correction'];
const corrections = ['proposed', 'approved', 'none'];

/** How many each value of a facet has, given what the other facets are narrowed to. */
export function facetCounts(tally, chosen, facet) {
  const others = facets.filter((name) => name !== facet && chosen[name]);
  const counts = new Map();
  for (const entry of tally) {
    if (others.some((name) => entry[name] !== chosen[name])) continue;
    counts.set(entry[facet], (counts.get(entry[facet]) ?? 0) + entry.count);
  }
  return counts;
}

/** How many corrections wait among what the facets let through; a search is not in the tally. */
export function waitingIn(tally, chosen) {
  if (chosen.correction && chosen.correction !== 'proposed') return 0;
  return facetCounts(tally, { ...chosen, correction: undefined }, 'correction').get('proposed') ?? 0;
}

/** @param changed called when the person has chosen, or has stopped typing */
export function createDifferenceFilters(changed) {
  let tally = [];
  let chosen = {};
  let timer;
  const now = () => {
    clearTimeout(timer);
    draw();
    changed();
  };
  const search = el('input', {
    type: 'search',
    placeholder: t('reconcile.search'),
    'aria-label': t('reconcile.search'),
    spellcheck: 'false',
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(now, typingPauseMs);
    },
    onkeydown: (event) => {
      if (event.key === 'Enter') now();
      else if (event.key === 'Escape' && search.value !== '') clear();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  });
  const selects = Object.fromEntries(
    facets.map((facet) => [
      facet,
      el('select', {
        onchange: (event) => {
          chosen = { ...chosen, [facet]: event.target.value || undefined };
          now();
        },
      }),
    ]),
  );
  const panel = el(
    'div.panel',
    { hidden: true, id: 'crossdock-console-difference-filters' },
    facets.map((facet) => field(t(`reconcile.facet.${facet}`), selects[facet])),
  );
  const more = button('', toggle, { glyph: 'filter', name: t('action.filter') });
  more.setAttribute('aria-expanded', 'false');
  more.setAttribute('aria-controls', panel.id);
  const chips = el('div.chips', { role: 'group', 'aria-label': t('reconcile.facet.kind') });

  function toggle() {
    panel.hidden = !panel.hidden;
    more.setAttribute('aria-expanded', String(!panel.hidden));
    if (!panel.hidden) selects.kind.focus();
  }

  function textOf(facet, value) {
    if (facet === 'correction') return t(`reconcile.correction.${value}`);
    const texts = tally
      .filter((entry) => entry[facet] === value)
      .map((entry) => entry[`${facet}Label`] ?? entry[`${facet}Text`]);
    return [...new Set(texts)].join(' / ') || value;
  }

  function choicesOf(facet) {
    const counts = facetCounts(tally, chosen, facet);
    const known = new Set(facet === 'correction' ? corrections : tally.map((entry) => entry[facet]));
    if (chosen[facet]) known.add(chosen[facet]);
    return [...known].map((value) => ({ value, text: textOf(facet, value), count: counts.get(value) ?? 0 }));
  }

  function draw() {
    for (const facet of facets) {
      const select = selects[facet];
      const options = [
        el('option', { value: '' }, t('reconcile.any')),
        ...choicesOf(facet).map(({ value, text, count }) =>
          el('option', { value }, `${text} (${number(count)})`),
        ),
      ];
      // An open list of choices must not close under the person's hand.
      const stamp = options.map(({ textContent }) => textContent).join('\n');
      if (select.dataset.stamp !== stamp) {
        select.dataset.stamp = stamp;
        select.replaceChildren(...options);
      }
      select.value = chosen[facet] ?? '';
    }
    more.classList.toggle(
      'selected',
      facets.some((facet) => chosen[facet]),
    );
    const kinds = choicesOf('kind');
    chips.hidden = kinds.length < 2 && !chosen.kind;
    // What is pending is no difference: it stands last, and apart.
    const order = [
      ...kinds.filter(({ value }) => value !== 'pending'),
      ...kinds.filter(({ value }) => value === 'pending'),
    ];
    refill(chips, order.map(chip));
  }

  function chip({ value, text, count }) {
    const pressed = chosen.kind === value;
    return el(
      `button.chip${value === 'pending' ? '.apart' : ''}`,
      {
        type: 'button',
        'aria-pressed': String(pressed),
        onclick: () => {
          chosen = { ...chosen, kind: pressed ? undefined : value };
          now();
        },
      },
      text,
      ' ',
      el('b', {}, number(count)),
    );
  }

  function read() {
    const filter = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value));
    const q = search.value.trim();
    return q === '' ? filter : { ...filter, q };
  }

  function clear() {
    chosen = {};
    search.value = '';
    now();
  }

  return {
    element: el(
      'div.search',
      {},
      el('div.line', {}, el('span.glass', {}, icon('search'), search), more),
      panel,
      chips,
    ),
    read,
    clear,
    /** What the run's differences are by now. */
    take(next) {
      tally = next;
      draw();
    },
    waiting: () => waitingIn(tally, chosen),
    narrowed: () => Object.keys(read()).length > 0,
    close: () => clearTimeout(timer),
  };
}
