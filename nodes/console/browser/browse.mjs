/**
 * Dead letters: the groups by cause, and the letters of a group or of a search. What is selected, or else everything
 * that the view stands for, goes into a replay basket or is discarded.
 */
import { button, el, fill, icon, refill } from './dom.mjs';
import { emptyState, hasDeadLetterNode } from './empty.mjs';
import { createFilters } from './filters.mjs';
import { kindMark, nodeName, stateMark } from './kinds.mjs';
import { createLetterView } from './letter.mjs';
import { createPages, createRows } from './pages.mjs';
import { askForBasket, askForDiscard } from './questions.mjs';
import { createTeachPanel, mayTeach } from './teach.mjs';
import { ago, counted, dateTime, number, t } from './text.mjs';
import { createList, createSelection } from './windowed-list.mjs';

const mostSelected = 1000;

/** @param group the group to show; without one the groups themselves, or the letters of a search */
export function createBrowseView(context, { group }) {
  const filters = createFilters(filterChanged);
  const summary = el('div.summary', { role: 'status' });
  const actions = el('div.actions');
  const body = el('div.body');
  const teach = group && mayTeach(group) ? createTeachPanel(context, group) : undefined;
  const element = el(
    'section.view.browse',
    { 'aria-label': group ? group.reason : t('tab.letters') },
    group && groupHead(context, group),
    teach?.element,
    filters.element,
    el('div.bar', {}, summary, actions),
    body,
  );
  const selection = createSelection(() => {
    letterList.update();
    drawBar();
  });
  const groups = createRows();
  const letters = createPages(
    async (after, limit) => {
      const page = await context.api.letters(filter(), after, limit);
      if (after === '') newest = page.items[0]?.id;
      return page;
    },
    (error) => {
      if (error) context.fail(error);
      draw();
    },
  );
  const groupList = createList({
    label: t('label.groups'),
    rowHeight: 74,
    source: groups,
    draw: drawGroup,
    open: (opened) => context.push(createBrowseView(context, { group: opened })),
  });
  const letterList = createList({
    label: t('label.letters'),
    rowHeight: 46,
    source: letters,
    draw: (letter) => drawLetter(letter, group !== undefined),
    open: (letter, index) => context.push(createLetterView(context, { letter, index, letters })),
    selection,
  });
  let moved = false;
  let newest;

  const filter = () => ({ ...filters.read(), cause: group?.cause });
  const showsLetters = () => group !== undefined || filters.narrowed();

  function filterChanged() {
    moved = false;
    selection.clear();
    if (showsLetters()) {
      letterList.toTop();
      void letters.reset();
    } else void refresh();
    draw();
  }

  function draw() {
    const list = showsLetters() ? letterList : groupList;
    const source = showsLetters() ? letters : groups;
    if (source.total === 0) fill(body, nothing());
    else if (list.element.parentNode !== body) fill(body, list.element);
    list.update();
    drawBar();
  }

  function nothing() {
    if (showsLetters() || filters.read().state !== 'parked') {
      return emptyState('noMatch', { action: { label: t('action.clearSearch'), act: filters.clear } });
    }
    return emptyState(hasDeadLetterNode() ? 'noLetters' : 'noDeadLetterNode');
  }

  function drawBar() {
    const { total } = showsLetters() ? letters : groups;
    if (total === undefined) refill(summary, t('label.loading'));
    else if (!showsLetters()) {
      const sum = Array.from({ length: total }, (_, index) => groups.at(index).count).reduce(
        (a, b) => a + b,
        0,
      );
      refill(summary, total > 0 && `${counted('count.causes', total)} · ${counted('count.letters', sum)}`);
    } else if (moved) {
      refill(
        summary,
        button(t('action.reload'), reload, { kind: 'small', glyph: 'refresh', name: t('label.moved') }),
      );
    } else if (selection.size > 0) {
      refill(summary, counted('count.selected', selection.size), clearButton());
    } else if (selection.everything) refill(summary, counted('count.allSelected', total), clearButton());
    else refill(summary, counted('count.letters', total));
    const n = chosen();
    const offered = showsLetters() && filters.read().state === 'parked' && n > 0;
    refill(actions, offered && replayButton(n), offered && discardButton());
  }

  const clearButton = () =>
    button('', selection.clear, { glyph: 'times', kind: 'bare', name: t('action.clearSelection') });
  const chosen = () => (selection.size > 0 ? selection.size : (letters.total ?? 0));
  /** What the server shall freeze: ids, or the filter for all of them. */
  const choice = () => (selection.size > 0 ? { ids: selection.ids } : { filter: filter() });

  /** The server takes so many single letters at once; beyond that a filter says which. */
  const whyNotNow = () =>
    context.whyNot('write') ??
    (selection.size > mostSelected ? t('error.tooMany', { most: number(mostSelected) }) : undefined);

  function replayButton(n) {
    const all = selection.size === 0;
    return button(
      all ? t('action.replayAll') : t('action.replay', { n: number(n) }),
      () => askForBasket(context, { ...choice(), count: n, title: group?.code ?? filters.read().q }),
      { glyph: 'shopping-basket', kind: 'main', why: whyNotNow(), announce: context.announce },
    );
  }

  function discardButton() {
    return button(
      '',
      () =>
        askForDiscard(context, {
          ...choice(),
          count: chosen(),
          done: () => {
            selection.clear();
            void letters.reset();
          },
        }),
      {
        glyph: 'trash-o',
        name: t('action.discard'),
        why: whyNotNow(),
        announce: context.announce,
      },
    );
  }

  async function reload() {
    moved = false;
    letterList.toTop();
    await letters.reload();
    drawBar();
  }

  /** Deep in a long list nothing moves under the reader's eyes: there it only says that the list has changed. */
  async function refresh() {
    await teach?.refresh();
    if (!showsLetters()) {
      groups.set(await context.api.groups({ state: filters.read().state }));
      context.ok();
      draw();
    } else if (letters.nearTop || letters.total === undefined) await letters.reload();
    else {
      const top = await context.api.letters(filter(), '', 1);
      moved ||= top.total !== letters.total || top.items[0]?.id !== newest;
      drawBar();
    }
  }

  draw();
  return {
    element,
    refresh,
    shown() {
      draw();
      teach?.refresh().catch(context.fail);
      if (groups.total === undefined && !showsLetters()) refresh().catch(context.fail);
    },
    focus: () => (showsLetters() ? letterList : groupList).focus(),
    close() {
      filters.close();
      letters.close();
      groupList.close();
      letterList.close();
    },
  };
}

function groupHead(context, group) {
  return el(
    'header.title',
    {},
    button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('action.backTo.letters') }),
    el(
      'div',
      {},
      el('h3', {}, group.reason),
      el(
        'p.meta',
        {},
        kindMark(group.kind),
        `${t(`kind.${group.kind}`)} · ${nodeName(group.node)} · ${group.code}`,
      ),
    ),
  );
}

function drawGroup(group) {
  const where = nodeName(group.node);
  return {
    key: group.cause,
    stamp: `${group.count} ${group.lastAt} ${ago(group.lastAt)}`,
    classes: ['group'],
    name: `${group.reason} ${counted('count.letters', group.count)}, ${where}, ${ago(group.lastAt)}`,
    children: [
      kindMark(group.kind),
      el(
        'span.text',
        {},
        el('span.reason', { title: group.reason }, group.reason),
        el('span.meta', {}, el('span.where', {}, where), ' · ', el('span', {}, ago(group.lastAt))),
      ),
      el('span.count', {}, number(group.count)),
      icon('chevron-right', 'go'),
    ],
  };
}

function drawLetter(letter, inGroup) {
  const title = letter.businessKey ?? letter.deliveryId ?? letter.id;
  const tries = counted('count.attempts', letter.attempts);
  const second = inGroup ? [letter.source ?? nodeName(letter.node), tries].join(' · ') : letter.reason;
  return {
    key: letter.id,
    stamp: `${letter.state} ${letter.lastAt} ${letter.attempts} ${ago(letter.lastAt)}`,
    classes: ['letter'],
    name: `${title}, ${letter.reason}, ${tries}, ${ago(letter.lastAt)}`,
    children: [
      el(
        'span.text',
        {},
        el(
          'span.first',
          {},
          el('b', {}, title),
          el('time', { title: dateTime(letter.lastAt) }, ago(letter.lastAt)),
        ),
        el('span.meta', {}, letter.state !== 'parked' && stateMark(letter.state), second),
      ),
    ],
  };
}
