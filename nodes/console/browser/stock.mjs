/** Stock by channel: at a glance how each is doing, and any item of all of them by its SKU. */
import { button, el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { createChannelView } from './stock-channel.mjs';
import { createItemList } from './stock-items.mjs';
import { channelName, followStock } from './stock-live.mjs';
import { createStockSearch } from './stock-search.mjs';
import { channelState, siteWords, stateWords, waitingWords } from './stock-words.mjs';
import { ago, counted, dateTime, number, t } from './text.mjs';

/** Nothing tells that time has passed. */
const everyMs = 10_000;
const figures = [
  ['all', ({ keys }) => keys, 'calm'],
  ['waiting', ({ waiting }) => waiting, 'warning'],
  ['refused', ({ refused }) => refused, 'error'],
  ['age', ({ reduced, zeroed }) => reduced + zeroed, 'warning'],
  ['soldOut', ({ soldOut }) => soldOut, 'calm'],
];

export function createStockView(context) {
  const search = createStockSearch({ label: t('stock.searchAll'), changed: searched });
  const summary = el('div.summary', { role: 'status' });
  const body = el('div.body.scroll', { tabindex: -1 });
  const found = el('div.body', { hidden: true });
  const element = el(
    'section.view.stock',
    { 'aria-label': t('tab.stock') },
    search.element,
    el('div.bar', {}, summary),
    body,
    found,
  );
  const stop = followStock(context, element);
  let channels;
  let stamp = '';
  let timer;
  let list;

  /** The items of a search take the place of the cards. */
  function searched() {
    const { q } = search.read();
    const searching = q !== undefined;
    body.hidden = searching;
    found.hidden = !searching;
    if (!searching) {
      list?.close();
      list = undefined;
      draw();
      return;
    }
    list ??= createItemList(context, {
      filter: () => search.read(),
      channels: () => channels ?? [],
      changed: drawSummary,
      cleared: search.clear,
    });
    if (list.element.parentNode !== found) fill(found, list.element);
    list.reset();
  }

  function drawSummary() {
    if (list !== undefined) refill(summary, list.words());
    else if (channels === undefined) refill(summary, t('label.loading'));
    else {
      const apart = channels.filter(
        ({ connection }) => connection !== null && connection.status !== 'connected',
      ).length;
      refill(
        summary,
        [
          channels.length > 0 && counted('stock.channels', channels.length),
          apart > 0 && counted('stock.notConnected', apart),
        ]
          .filter(Boolean)
          .join(' · '),
      );
    }
  }

  function draw() {
    drawSummary();
    if (channels?.length === 0) fill(body, emptyState('noStock'));
    else if (channels !== undefined) refill(body, el('div.channels', {}, channels.map(card)));
  }

  function card(channel) {
    const state = channelState(channel);
    const [, tone, glyph] = state;
    const { connection, sites, oldestReadAt, snapshotAt, reduced, zeroed, waiting } = channel;
    return el(
      'section.channel',
      {},
      el(
        'h3',
        {},
        icon(glyph, 'mark', tone),
        button(channelName(channel), () => open(channel, 'all'), { kind: 'link' }),
      ),
      el('p.meta', {}, stateWords(state, channel), connection?.message && `: ${connection.message}`),
      el(
        'div.figures',
        {},
        figures.map(([view, of, alert]) => figure(channel, view, of(channel), alert)),
      ),
      waiting > 0 && el('p', {}, waitingWords(channel)),
      el(
        'ul.sites',
        {},
        sites.map((site) =>
          el(
            site.silent ? 'li.silent' : 'li',
            { title: dateTime(site.heardAt) },
            icon(site.silent ? 'bell-slash-o' : 'home', 'mark', site.silent ? 'warning' : 'calm'),
            el('span', {}, siteWords(site)),
          ),
        ),
      ),
      reduced + zeroed > 0 && el('p', {}, silenceWords(channel)),
      el(
        'p.meta',
        {},
        [
          oldestReadAt !== null && t('stock.oldest', { ago: ago(oldestReadAt) }),
          t('stock.snapshotTaken', { ago: ago(snapshotAt) }),
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    );
  }

  function figure(channel, view, n, alert) {
    const words = t(`stock.figure.${view}`);
    return el(
      n === 0 ? 'button.figure.none' : 'button.figure',
      {
        type: 'button',
        'aria-label': t('stock.openView', { n: number(n), words, channel: channelName(channel) }),
        onclick: () => open(channel, view),
      },
      el(n > 0 && alert !== 'calm' ? `b.${alert}` : 'b', {}, number(n)),
      el('span', {}, words),
    );
  }

  function open(channel, view) {
    context.push(createChannelView(context, { channel, view }));
  }

  async function refresh() {
    const next = await context.api.stockChannels();
    context.ok();
    next.sort((a, b) => channelName(a).localeCompare(channelName(b)));
    // Drawn anew when something changed, or when "3 min ago" is no longer true.
    const nextStamp = JSON.stringify([
      next,
      next.map(({ sites }) => sites.map(({ heardAt }) => ago(heardAt))),
    ]);
    channels = next;
    if (list !== undefined) await list.reload();
    else if (nextStamp !== stamp) draw();
    stamp = nextStamp;
    context.settle();
  }

  draw();
  return {
    element,
    refresh,
    shown() {
      timer ??= setInterval(() => {
        if (document.visibilityState === 'visible' && element.getClientRects().length > 0) {
          refresh().catch(context.fail);
        }
      }, everyMs);
      refresh().catch(context.fail);
    },
    focus: () => (list === undefined ? (body.querySelector('button') ?? body) : list).focus(),
    close() {
      stop();
      clearInterval(timer);
      search.close();
      list?.close();
    },
  };
}

/** "1,200 items are shown reduced and 30 as sold out, since they may be out of date." */
function silenceWords({ reduced, zeroed }) {
  if (zeroed === 0) return counted('stock.reduced', reduced);
  if (reduced === 0) return counted('stock.zeroed', zeroed);
  return t('stock.reducedAndZeroed', { n: number(reduced), zero: number(zeroed) });
}
