/** One item across all channels, side by side: what each is told, how that comes about, and what it rests on. */
import { button, el, icon, refill } from './dom.mjs';
import { channelName, followStock } from './stock-live.mjs';
import { billOf, differenceWords, itemState, toldWords } from './stock-words.mjs';
import { ago, counted, dateTime, day, quantity, shortTime, t } from './text.mjs';

export function createStockItemView(context, sku) {
  const head = el('div', {}, el('h3.selectable', {}, sku));
  const body = el('div.body.scroll', { tabindex: -1 });
  const element = el(
    'section.view.stock',
    { 'aria-label': sku },
    el(
      'header.title',
      {},
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('action.backTo.list') }),
      head,
    ),
    body,
  );
  const stop = followStock(context, element);
  /** What of the readings is unfolded stays so. */
  const unfolded = new Set();
  let stamp = '';

  async function refresh() {
    const detail = await context.api.stockItem(sku);
    context.ok();
    const { levels } = detail;
    const nextStamp = JSON.stringify([detail, levels.map(({ readAt }) => ago(readAt))]);
    if (nextStamp === stamp) return;
    stamp = nextStamp;
    const description = levels.find((level) => level.description !== null)?.description;
    refill(head, el('h3.selectable', {}, sku), description && el('p.meta', {}, description));
    const difference = differenceWords(levels);
    refill(
      body,
      difference && el('p.lead', {}, difference),
      el(
        'div.channels',
        {},
        levels.map((level) =>
          card(
            level,
            detail.channels.find(({ id }) => id === level.channel),
          ),
        ),
      ),
    );
    context.settle();
  }

  function card(level, channel) {
    const [, tone, glyph] = itemState(level);
    const { explanation, told } = level;
    const gone = channel.connection === null;
    return el(
      'section.channel',
      {},
      el('h3', {}, icon(glyph, 'mark', tone), el('span.selectable', {}, channelName(channel))),
      el(
        'p.meta',
        {},
        [level.site, level.unit !== 'C62' && level.unit, level.set && t('stock.set')]
          .filter(Boolean)
          .join(' · '),
      ),
      explanation === null ? el('p.hint', {}, t('stock.noReasons')) : bill(level, explanation),
      explanation?.kept &&
        el('p.hint', {}, t(`stock.kept.${explanation.kept}`, { n: quantity(level.quantity) })),
      el(
        'p',
        { title: told === null ? undefined : dateTime(told.at) },
        told === null
          ? t('stock.never')
          : t('stock.toldThen', {
              n: quantity(told.quantity),
              at: shortTime(told.at),
              sequence: told.sequence,
            }),
      ),
      (level.waiting !== null || level.refused !== null) &&
        el('p', {}, icon(glyph, 'mark', tone), toldWords(level)),
      el(
        'div.actions',
        {},
        button(t('stock.tellAgain'), () => again(level), {
          glyph: 'bullhorn',
          kind: 'small',
          why: context.whyNot('write', 'crossdock-inventory') ?? (gone ? t('stock.state.none') : undefined),
          announce: context.announce,
        }),
      ),
      explanation !== null && readings(level, explanation),
    );
  }

  /** The calculation, as a bill. */
  function bill(level, explanation) {
    return el(
      'table.bill',
      {},
      el(
        'tbody',
        {},
        billOf(explanation).map(({ words, taken, rest, scarce }) =>
          el(
            scarce ? 'tr.scarce' : 'tr',
            {},
            el('td', {}, words),
            el('td.number', {}, taken ?? ''),
            el('td.number', {}, rest ?? ''),
          ),
        ),
        el(
          'tr.total',
          {},
          el('th', { scope: 'row' }, t('stock.column.sell')),
          el('td'),
          el('td.number', {}, quantity(level.quantity)),
        ),
      ),
    );
  }

  function readings(level, explanation) {
    const key = `${level.channel} ${level.site}`;
    const list = explanation.readings;
    return el(
      'details.readings',
      {
        open: unfolded.has(key),
        ontoggle: (event) => {
          if (event.target.open) unfolded.add(key);
          else unfolded.delete(key);
        },
      },
      el(
        'summary',
        {},
        counted('stock.readings', list.length),
        ' · ',
        t('stock.read', { ago: ago(level.readAt) }),
      ),
      el(
        'ul',
        {},
        list.map((reading) =>
          el(
            reading.counts === 'yes' ? 'li' : 'li.out',
            {},
            el(
              'span.first',
              {},
              el('b', {}, placeOf(reading, level)),
              el('b', {}, quantity(reading.available)),
            ),
            el(
              'span.meta',
              {},
              t('stock.reading', {
                onHand: quantity(reading.onHand),
                reserved: quantity(reading.reserved),
                authority: reading.authority,
              }),
              ' · ',
              el('time', { title: dateTime(reading.readAt) }, ago(reading.readAt)),
            ),
            reading.counts !== 'yes' && el('span.meta', {}, t(`stock.counts.${reading.counts}`)),
          ),
        ),
      ),
    );
  }

  async function again({ channel, site }) {
    try {
      const { connected } = await context.api.tellAgain({ channel, site, sku });
      context.announce(t(connected ? 'stock.toldAgain' : 'stock.toldLater'));
      await refresh();
    } catch (error) {
      context.fail(error);
    }
  }

  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: () => element.querySelector('button')?.focus(),
    close: stop,
  };
}

function placeOf({ sku, site, lot, condition, expiry }, level) {
  return [
    sku !== level.sku && sku,
    site,
    lot && t('stock.lot', { lot }),
    condition !== 'sellable' && condition,
    expiry && t('stock.expires', { day: day(expiry) }),
  ]
    .filter(Boolean)
    .join(' · ');
}
