/** One dead letter: why, what was tried, where from, and the message as it arrived and as it failed. */
import { contents } from './contents.mjs';
import { button, el, refill } from './dom.mjs';
import { kindMark, nodeName, stateBadge } from './kinds.mjs';
import { createNeighbours } from './neighbours.mjs';
import { askForBasket, askForDiscard } from './questions.mjs';
import { counted, dateTime, number, shortTime, t } from './text.mjs';

/** @param letters the pages that the letter stands in at `index`, for the neighbours */
export function createLetterView(context, { letter, index, letters }) {
  const body = el('div.body.scroll', { tabindex: -1 });
  const head = el('header.title');
  const element = el('section.view', { 'aria-label': t('label.letter') }, head, body);
  let personal = false;
  let shownStamp = '';

  function drawHead() {
    const title = letter.businessKey ?? letter.deliveryId ?? letter.id;
    refill(
      head,
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('action.backTo.list') }),
      el('div', {}, el('h3.selectable', {}, title), el('p.meta', {}, stateBadge(letter.state))),
      neighbours(),
    );
  }

  const neighbours = createNeighbours(context, {
    items: letters,
    index,
    names: { previous: t('action.previous'), next: t('action.next') },
    why: t('label.noNeighbour'),
    move(next) {
      letter = next;
      personal = false;
      shownStamp = '';
      drawHead();
      refresh().catch(context.fail);
    },
  });

  async function refresh() {
    const asked = letter.id;
    const detail = await context.api.letter(letter.id, personal);
    if (asked !== letter.id) return;
    context.ok();
    // An unchanged letter is not drawn anew: the reader's place and selection stay.
    const stamp = JSON.stringify([personal, detail.state, detail.lastAt, detail.baskets]);
    if (stamp === shownStamp) return;
    shownStamp = stamp;
    letter = detail;
    drawHead();
    refill(body, sections(detail));
    context.settle();
  }

  function sections(detail) {
    return [
      el('p.lead', {}, kindMark(detail.kind), detail.reason),
      el('p.meta', {}, el('code', {}, detail.code), ` · ${t(`kind.${detail.kind}`)}`),
      el('p.hint', {}, t(`kindText.${detail.kind}`)),
      problems(detail),
      detail.handled && handled(detail),
      detail.state === 'parked' && actions(detail),
      section('where', origin(context, detail)),
      section('history', history(detail)),
      section('contents', masked(detail), contents(sidesOf(detail)).flat()),
      Object.keys(detail.headers).length > 0 && section('headers', facts(Object.entries(detail.headers))),
    ];
  }

  function actions(detail) {
    const why = context.whyNot('write');
    const { announce } = context;
    const one = { ids: [detail.id], count: 1 };
    const title = detail.businessKey ?? detail.code;
    return el(
      'div.actions',
      {},
      button(t('action.replayOne'), () => askForBasket(context, { ...one, title }), {
        glyph: 'shopping-basket',
        kind: 'main',
        why,
        announce,
      }),
      button(t('action.discardOne'), () => askForDiscard(context, { ...one, done: context.pop }), {
        glyph: 'trash-o',
        why,
        announce,
      }),
    );
  }

  function masked(detail) {
    const n = detail.original.redacted + detail.failedAs.redacted;
    const hidden = [detail.original, detail.failedAs].some(({ type }) => type === 'hidden');
    if (!personal && n === 0 && !hidden) return undefined;
    const label = personal ? t('action.hidePersonal') : t('action.showPersonal');
    return el(
      'div.line.spread',
      {},
      el('span.hint', {}, personal ? t('label.personalShown') : hidden ? '' : counted('count.masked', n)),
      button(label, togglePersonal, {
        glyph: personal ? 'eye-slash' : 'eye',
        kind: 'small',
        why: context.whyNot('personal'),
        announce: context.announce,
      }),
    );
  }

  function togglePersonal() {
    personal = !personal;
    refresh().catch((error) => {
      personal = !personal;
      context.fail(error);
    });
  }

  drawHead();
  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: () => head.querySelector('button')?.focus(),
  };
}

function section(key, ...children) {
  return el('section.part', {}, el('h4', {}, t(`section.${key}`)), children);
}

function sidesOf({ original, failedAs }) {
  return [
    { label: t('label.original'), content: original },
    { label: t('label.failedAs'), content: failedAs },
  ];
}

function problems({ problems: list, facts: known }) {
  const entries = Object.entries(known).map(([key, value]) => [key, String(value)]);
  return [
    list.length > 0 &&
      el(
        'ul.problems',
        {},
        list.map(({ path, message }) => el('li', {}, path && el('code', {}, path), ' ', message)),
      ),
    entries.length > 0 && facts(entries),
  ];
}

function facts(entries) {
  return el(
    'dl.facts',
    {},
    entries.filter(([, value]) => value).map(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]),
  );
}

function handled({ state, handled: { at, by, note } }) {
  const text = t(`label.handled.${state}`, { who: by, when: dateTime(at) });
  return el('p.note', {}, text, state === 'discarded' && note && el('q', {}, note));
}

/** Where the message came from, and where it failed, with a way to the node on the canvas. */
function origin(context, detail) {
  const { node } = detail;
  const known = RED.nodes.node(node.id);
  const where = [node.flowName || RED.nodes.workspace(node.flow)?.label, nodeName(node)]
    .filter(Boolean)
    .join(' › ');
  const reveal = button(where, () => RED.view.reveal(node.id), {
    glyph: 'crosshairs',
    kind: 'link',
    name: t('action.reveal', { node: where }),
    why: known ? undefined : t('label.nodeGone'),
    announce: context.announce,
  });
  return facts([
    [t('fact.failedAt'), reveal],
    [t('fact.source'), detail.source],
    [t('fact.businessKey'), detail.businessKey],
    [t('fact.deliveryId'), detail.deliveryId],
    [t('fact.partitionKey'), detail.partitionKey],
    [t('fact.receivedAt'), detail.receivedAt && dateTime(detail.receivedAt)],
    [t('fact.firstAt'), dateTime(detail.firstAt)],
    [
      t('fact.lastAt'),
      detail.occurrences > 1 && `${dateTime(detail.lastAt)} (${counted('count.times', detail.occurrences)})`,
    ],
    [
      t('fact.baskets'),
      detail.baskets.map(({ name, state }) => `${name} (${t(`state.${state}`)})`).join(', '),
    ],
  ]);
}

function history({ history: attempts, attempts: total }) {
  if (attempts.length === 0) return el('p.hint', {}, t('label.noHistory'));
  const left = total - attempts.length;
  return [
    left > 0 && el('p.hint', {}, t('label.olderAttempts', { n: number(left) })),
    el(
      'ol.history',
      {},
      attempts.map((entry) =>
        el(
          'li',
          {},
          el('span.dot', {}, kindMark(entry.kind)),
          el(
            'span.text',
            {},
            el(
              'span.first',
              {},
              el('b', {}, t('label.attempt', { n: number(entry.attempt) })),
              el('time', { title: dateTime(entry.at) }, shortTime(entry.at)),
            ),
            el('span.meta', {}, entry.message),
          ),
        ),
      ),
    ),
  ];
}
