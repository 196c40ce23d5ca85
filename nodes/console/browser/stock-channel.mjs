/** One channel's items: search, what is up with them, the list as a file, and everything told once more. */
import { button, el, refill } from './dom.mjs';
import { createItemList } from './stock-items.mjs';
import { channelName, followStock } from './stock-live.mjs';
import { createStockSearch } from './stock-search.mjs';
import { channelState, stateWords, waitingWords } from './stock-words.mjs';
import { counted, number, t } from './text.mjs';

const views = ['all', 'waiting', 'refused', 'age', 'held', 'soldOut'];

export function createChannelView(context, { channel: given, view }) {
  let channel = given;
  const search = createStockSearch({
    label: t('stock.search'),
    views,
    view,
    changed: () => list.reset(),
  });
  const state = el('p.meta');
  const summary = el('div.summary', { role: 'status' });
  const filter = () => ({ ...search.read(), channel: channel.id });
  const list = createItemList(context, {
    filter,
    channels: () => [channel],
    changed: () => refill(summary, list.words()),
    cleared: search.clear,
  });
  const why = context.whyNot('write', 'crossdock-inventory');
  const element = el(
    'section.view.stock',
    { 'aria-label': channelName(channel) },
    el(
      'header.title',
      {},
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('stock.back') }),
      el('div', {}, el('h3.selectable', {}, channelName(channel)), state),
    ),
    search.element,
    el(
      'div.bar',
      {},
      summary,
      el(
        'div.actions',
        {},
        button('', () => context.api.exportStock(filter(), RED.i18n.lang()).catch(context.fail), {
          glyph: 'download',
          name: t('stock.export'),
        }),
        button(t('stock.snapshot'), askForSnapshot, {
          glyph: 'bullhorn',
          why,
          announce: context.announce,
        }),
      ),
    ),
    el('div.body', {}, list.element),
  );
  const stop = followStock(context, element);
  list.draw();
  draw();

  function draw() {
    refill(state, [
      stateWords(channelState(channel), channel),
      channel.waiting > 0 && ` · ${waitingWords(channel)}`,
    ]);
  }

  async function refresh() {
    const channels = await context.api.stockChannels();
    channel = channels.find(({ id }) => id === channel.id) ?? channel;
    context.ok();
    draw();
    await list.reload();
  }

  function askForSnapshot() {
    context.ask({
      title: t('stock.snapshotTitle', { channel: channelName(channel) }),
      fields: [el('p', {}, counted('stock.snapshotText', channel.keys))],
      confirm: t('stock.snapshotNow', { n: number(channel.keys) }),
      async act() {
        const { marked, connected } = await context.api.stockSnapshot(channel.id);
        context.announce(counted(connected ? 'stock.snapshotDone' : 'stock.snapshotHeld', marked));
        await refresh();
      },
    });
  }

  return {
    element,
    refresh,
    shown() {
      list.draw();
      refresh().catch(context.fail);
    },
    focus: () => list.focus(),
    close() {
      stop();
      search.close();
      list.close();
    },
  };
}
