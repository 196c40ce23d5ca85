/** A list of items, as long as the catalogue: pages by cursor, only the rows in sight. Wide it is a table, narrow it is cards. */
import { el, fill, icon } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { createPages, pageSize } from './pages.mjs';
import { createStockItemView } from './stock-item.mjs';
import { channelName } from './stock-live.mjs';
import { heldOf, heldWords, itemState, toldWords } from './stock-words.mjs';
import { ago, counted, dateTime, quantity, shortTime, t } from './text.mjs';
import { createList } from './windowed-list.mjs';

const wideFrom = 620;
const columns = ['item', 'stock', 'held', 'sell', 'told', 'read'];

/**
 * @param options.filter `() => ({ q, view, channel })`
 * @param options.channels `() => [channel]`: for their names, where items of several are shown
 * @param options.changed called when something has come
 * @param options.cleared takes the search and the filter back
 */
export function createItemList(context, { filter, channels, changed, cleared }) {
  const element = el('div.items');
  const head = el(
    'div.row.heads',
    { 'aria-hidden': 'true' },
    columns.map((name) => el(`span.cell.${name}`, {}, el('span', {}, t(`stock.column.${name}`)))),
  );
  const pages = createPages(
    (after, limit) => context.api.stockItems(filter(), after, limit),
    (error) => {
      if (error) context.fail(error);
      else context.ok();
      draw();
      changed();
    },
    {
      marks: filter().channel === undefined ? undefined : () => context.api.stockMarks(filter(), pageSize),
    },
  );
  let wide = false;
  let shown;
  let list = makeList();

  function makeList() {
    return createList({
      label: t('stock.items'),
      rowHeight: wide ? 44 : 66,
      source: pages,
      draw: (item) => (wide ? drawWide : drawNarrow)(item, nameOf(item)),
      open: (item) => context.push(createStockItemView(context, item.sku)),
    });
  }

  const nameOf = (item) => {
    if (filter().channel !== undefined) return undefined;
    const known = channels().find(({ id }) => id === item.channel);
    return channelName(known ?? { id: item.channel });
  };

  const watcher = new ResizeObserver(() => {
    const now = element.clientWidth >= wideFrom;
    if (element.clientWidth === 0 || now === wide) return;
    wide = now;
    list.close();
    list.element.remove();
    list = makeList();
    element.classList.toggle('wide', wide);
    draw();
  });
  watcher.observe(element);

  function draw() {
    const { q, view } = filter();
    const next = pages.total !== 0 ? list : q === undefined ? `noStock-${view}` : 'noStockMatch';
    // An unchanged answer that there is nothing keeps its button, and who is on it.
    if (next !== shown) {
      shown = next;
      if (next === list) fill(element, wide && head, list.element);
      else {
        const action = { label: t('action.clearSearch'), act: cleared };
        fill(element, emptyState(next, view === 'all' && q === undefined ? {} : { action }));
      }
    }
    list.update();
  }

  return {
    element,
    words: () => (pages.total === undefined ? t('label.loading') : counted('stock.count', pages.total)),
    get total() {
      return pages.total;
    },
    draw,
    /** The filter is another. */
    reset() {
      list.toTop();
      void pages.reset();
      draw();
      changed();
    },
    /** Items by SKU keep their places; those that wait do not, and whoever reads far down is not disturbed. */
    async reload() {
      if (filter().view !== 'waiting') await pages.reload({ stable: true });
      else if (pages.nearTop) await pages.reload();
    },
    focus: () => list.focus(),
    close() {
      watcher.disconnect();
      pages.close();
      list.close();
    },
  };
}

function lookOf(item, channel) {
  const state = itemState(item);
  const read = ago(item.readAt);
  const name = [
    item.sku,
    channel,
    item.site,
    t('stock.maySell', { n: quantity(item.quantity) }),
    toldWords(item),
    t('stock.read', { ago: read }),
  ];
  return {
    state,
    read,
    look: {
      key: `${item.channel} ${item.site} ${item.sku}`,
      stamp: `${read} ${JSON.stringify(item)}`,
      classes: ['stock-item'],
      name: name.filter(Boolean).join(', '),
    },
  };
}

function sold(item) {
  return el(item.quantity === '0' ? 'b.sell.zero' : 'b.sell', {}, quantity(item.quantity));
}

function drawNarrow(item, channel) {
  const { state, read, look } = lookOf(item, channel);
  const [, tone, glyph] = state;
  const held = heldOf(item).map(heldWords);
  const where = [channel, item.site, item.set && t('stock.set')].filter(Boolean).join(' · ');
  return {
    ...look,
    children: [
      el(
        'span.text',
        {},
        el('span.first', {}, el('b', { title: item.description ?? item.sku }, item.sku), sold(item)),
        el(
          'span.first',
          {},
          el('span.meta', {}, where),
          el(
            'span.meta.sum',
            { title: held.join(', ') },
            [
              t('stock.available', { n: quantity(item.available) }),
              ...held.slice(0, 1),
              held.length > 1 && '…',
            ]
              .filter(Boolean)
              .join(' '),
          ),
        ),
        el(
          'span.first',
          {},
          el('span.meta', { title: item.refused ?? undefined }, icon(glyph, 'mark', tone), toldWords(item)),
          el('time', { title: dateTime(item.readAt) }, t('stock.read', { ago: read })),
        ),
      ),
    ],
  };
}

function drawWide(item, channel) {
  const { state, read, look } = lookOf(item, channel);
  const [, tone, glyph] = state;
  const [first, ...more] = heldOf(item).map(heldWords);
  const where = [channel, item.site, item.description ?? (item.set && t('stock.set'))]
    .filter(Boolean)
    .join(' · ');
  const cell = (name, top, below, title) =>
    el(`span.cell.${name}`, { title }, el('span', {}, top), below && el('span.meta', {}, below));
  return {
    ...look,
    children: [
      cell('item', el('b', {}, item.sku), where, item.description ?? item.sku),
      cell('stock', quantity(item.available), t('stock.onHand', { n: quantity(item.onHand) })),
      cell('held', first ?? '–', more.join(', '), [first, ...more].filter(Boolean).join(', ')),
      cell('sell', sold(item), item.unit === 'C62' ? '' : item.unit),
      cell(
        'told',
        [icon(glyph, 'mark', tone), toldWords(item)],
        item.told === null
          ? t('stock.never')
          : t('stock.lastTold', { n: quantity(item.told.quantity), sequence: item.told.sequence }),
        item.refused ?? (item.told === null ? undefined : dateTime(item.told.at)),
      ),
      cell(
        'read',
        read,
        item.silentSince === null ? '' : t('stock.silentSince', { at: shortTime(item.silentSince) }),
        dateTime(item.readAt),
      ),
    ],
  };
}
