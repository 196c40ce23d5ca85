/** The replay baskets, newest first. */
import { createBasketView } from './basket.mjs';
import { el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { stateBadge } from './kinds.mjs';
import { createRows } from './pages.mjs';
import { progressBar } from './progress.mjs';
import { counted, dateTime, shortTime, t } from './text.mjs';
import { createList } from './windowed-list.mjs';

export function createBasketsView(context) {
  const summary = el('div.summary', { role: 'status' });
  const body = el('div.body');
  const element = el('section.view', { 'aria-label': t('tab.baskets') }, el('div.bar', {}, summary), body);
  const rows = createRows();
  const list = createList({
    label: t('tab.baskets'),
    rowHeight: 72,
    source: rows,
    draw: drawBasket,
    open: (basket) => context.push(createBasketView(context, basket.id)),
  });

  function draw() {
    if (rows.total === 0) fill(body, emptyState('noBaskets'));
    else if (list.element.parentNode !== body) fill(body, list.element);
    refill(
      summary,
      rows.total === undefined ? t('label.loading') : rows.total > 0 && counted('count.baskets', rows.total),
    );
    list.update();
  }

  async function refresh() {
    rows.set(await context.api.baskets());
    context.ok();
    draw();
  }

  draw();
  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: list.focus,
    close: list.close,
  };
}

function drawBasket(basket) {
  const { progress } = basket;
  return {
    key: basket.id,
    stamp: JSON.stringify([basket.state, progress]),
    classes: ['basket'],
    name: `${basket.name}, ${t(`state.${basket.state}`)}, ${counted('count.letters', progress.total)}`,
    children: [
      el(
        'span.text',
        {},
        el(
          'span.first',
          {},
          el('b', {}, basket.name),
          el('time', { title: dateTime(basket.createdAt) }, shortTime(basket.createdAt)),
        ),
        el(
          'span.meta',
          {},
          stateBadge(basket.state),
          ` · ${counted('count.letters', progress.total)}`,
          ` · ${basket.createdBy}`,
        ),
        progressBar(progress),
      ),
      icon('chevron-right', 'go'),
    ],
  };
}
