/** One replay basket: what was frozen, what a dry run says, the replay's progress, its letters. */
import { basketButtons, rateOf, saveReport } from './basket-actions.mjs';
import { button, el, field, fill, icon, refill } from './dom.mjs';
import { createItemView } from './item.mjs';
import { dryRunMark, stateBadge, stateMark, trialWords } from './kinds.mjs';
import { createPages } from './pages.mjs';
import { percentOf, progressBar, progressWords } from './progress.mjs';
import { counted, dateTime, duration, number, shortTime, t } from './text.mjs';
import { createList } from './windowed-list.mjs';

const defaultRate = 50;
const fastest = 1000;
const editable = ['draft', 'paused'];
const over = ['finished', 'cancelled'];

export function createBasketView(context, id) {
  const head = el('header.title');
  const summary = el('div.basket-summary');
  const body = el('div.body');
  const element = el('section.view', { 'aria-label': t('label.basket') }, head, summary, body);
  const items = createPages(
    (after, limit) => context.api.items(id, after, limit),
    (error) => {
      if (error) context.fail(error);
      list.update();
    },
  );
  const list = createList({
    label: t('label.items'),
    rowHeight: 46,
    source: items,
    draw: drawItem,
    open(item) {
      inList = true;
      context.push(createItemView(context, { id, item, editable: editable.includes(basket?.state) }));
    },
  });
  let basket;
  let inList = false;
  let drawnStamp = '';
  fill(body, list.element);

  async function refresh() {
    take(await context.api.basket(id));
    // Items keep their places, so only what is in sight is read again.
    await items.reload({ stable: true });
  }

  function take(next) {
    basket = next;
    context.ok();
    const stamp = JSON.stringify(next);
    if (stamp === drawnStamp) return;
    drawnStamp = stamp;
    draw();
    context.settle();
  }

  function draw() {
    refill(
      head,
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('action.backTo.baskets') }),
      el(
        'div',
        {},
        el('h3', {}, basket.name),
        el('p.meta', {}, stateBadge(basket.state), ` · ${frozen(basket)}`),
      ),
    );
    const buttons = basketButtons(basket, act, { why: context.whyNot('write'), announce: context.announce });
    if (over.includes(basket.state)) {
      buttons.push(button(t('action.report'), report, { glyph: 'download', announce: context.announce }));
    }
    refill(
      summary,
      basket.state === 'draft' ? el('p', {}, counted('label.frozen', basket.progress.total)) : advance(),
      dryRun(basket),
      basket.problem &&
        el(
          'p.notice.error',
          { role: 'alert' },
          icon('exclamation-triangle', 'mark', 'error'),
          el('span', {}, basket.problem),
        ),
      buttons.length > 0 && el('div.actions', {}, buttons),
    );
  }

  function advance() {
    const { progress, state } = basket;
    const percent = state === 'dry-run' ? undefined : `${percentOf(progress)} %`;
    const left = Math.max(0, progress.pending) / Math.max(1, basket.ratePerSecond ?? 1);
    const note = state === 'running' && `${rateOf(basket)} · ${t('label.left', { time: duration(left) })}`;
    if (state === 'dry-run') return el('p', {}, counted('label.frozen', progress.total));
    return [
      el('div.line.spread', {}, el('b', {}, percent), el('span.meta', {}, note)),
      progressBar(progress),
      progressWords(progress),
    ];
  }

  function act(action) {
    if (action === 'start') return askStart(context, basket, run);
    if (action === 'cancel') return askCancel(context, basket, run);
    return run(action).catch(context.fail);
  }

  async function run(action, options) {
    take(await context.api.act(id, action, options));
    context.announce(t(`state.${basket.state}`));
    context.live.changed();
  }

  function report() {
    context.api.report(id).then(saveReport).catch(context.fail);
  }

  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    /** Back on the letter that was opened; at first not on what sends: a key held too long must not start anything. */
    focus: () => (inList ? list.focus() : head.querySelector('button')?.focus()),
    close() {
      items.close();
      list.close();
    },
  };
}

function frozen({ createdAt, createdBy }) {
  const made = el(
    'span',
    { title: dateTime(createdAt) },
    t('label.madeBy', { who: createdBy, when: shortTime(createdAt) }),
  );
  return made.textContent;
}

/** What the trial said: in parts, as long as nothing was sent it is what the decision rests on. */
function dryRun({ dryRun: { checked, ok, failing, unknown }, progress, state }) {
  if (state !== 'dry-run' && checked === 0) {
    return state === 'draft' && el('p.hint', {}, t('label.noDryRun'));
  }
  const words = [
    ['ok', ok],
    ['error', failing],
    ['unknown', unknown],
  ].filter(([, n]) => n > 0);
  return el(
    'div.dry-run',
    {},
    el(
      'p.meta',
      {},
      t('label.dryRun'),
      checked < progress.total &&
        ` ${t('label.checkedOf', { n: number(checked), total: number(progress.total) })}`,
    ),
    el(
      'ul.words',
      {},
      words.map(([key, n]) => el('li', {}, dryRunMark(key), el('b', {}, number(n)), ' ', t(`dryRun.${key}`))),
    ),
  );
}

function drawItem(item) {
  const { letter, dryRun: trial } = item;
  const title = letter.businessKey ?? letter.id;
  const tried = item.state === 'pending' && trial !== null;
  const ended = item.state === 'done' ? shortTime(item.endedAt) : letter.reason;
  const says = item.note ?? (tried ? trialWords(trial) : ended);
  return {
    key: String(item.item),
    stamp: JSON.stringify([item.state, item.edited, item.note, trial?.result]),
    classes: ['letter'],
    name: `${title}, ${t(`state.${item.state}`)}, ${says}`,
    children: [
      tried ? dryRunMark(trial.result) : stateMark(item.state),
      el(
        'span.text',
        {},
        el('span.first', {}, el('b', {}, title), item.edited && el('span.tag', {}, t('label.edited'))),
        el('span.meta', {}, tried ? says : `${t(`state.${item.state}`)} · ${says}`),
      ),
      icon('chevron-right', 'go'),
    ],
  };
}

/** Sending is the one thing that cannot be taken back: it asks, with the number, the rate and how long it takes. */
function askStart(context, basket, run) {
  const { total } = basket.progress;
  const rate = el('input', { type: 'number', min: 1, max: fastest, value: defaultRate, oninput: estimate });
  const takes = el('p.meta', { role: 'status' });
  const nodes = context.store.replayNodes ?? [];
  const into = el(
    'select',
    {},
    el('option', { value: '' }, t('label.ownInboxOnly')),
    nodes.map(({ id, name }) => el('option', { value: id }, name || id)),
  );
  if (nodes.length === 1) into.value = nodes[0].id;

  function estimate() {
    const perSecond = Number(rate.value);
    takes.textContent = perSecond > 0 ? t('label.takes', { time: duration(total / perSecond) }) : '';
  }

  estimate();
  context.ask({
    title: counted('question.start', total),
    fields: [
      basket.dryRun.failing > 0 &&
        el('p.problem', {}, counted('question.startFailing', basket.dryRun.failing)),
      basket.dryRun.checked === 0 && el('p', {}, t('question.startUntried')),
      field(t('label.rate'), rate),
      takes,
      nodes.length > 0 && field(t('label.into'), into, t('hint.into')),
    ].filter(Boolean),
    confirm: t('action.send', { n: number(total) }),
    async act() {
      const perSecond = Number(rate.value);
      if (!Number.isInteger(perSecond) || perSecond < 1 || perSecond > fastest) {
        rate.focus();
        throw new Error(t('error.rate', { most: number(fastest) }));
      }
      return run('start', { ratePerSecond: perSecond, ...(into.value === '' ? {} : { into: into.value }) });
    },
  });
}

function askCancel(context, basket, run) {
  context.ask({
    title: t('question.cancel'),
    fields: [el('p', {}, counted('question.cancelText', basket.progress.pending))],
    confirm: t('action.cancelBasket'),
    danger: true,
    act: () => run('cancel'),
  });
}
