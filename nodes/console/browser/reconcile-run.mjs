/** One run: what it found, narrowed and searched; what of it is approved, and how far that is. */
import { button, el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { createPages } from './pages.mjs';
import { approvalStrips, runFacts } from './reconcile-account.mjs';
import { runProgress } from './reconcile-course.mjs';
import { createDifferenceView } from './reconcile-difference.mjs';
import { createDifferenceFilters } from './reconcile-filters.mjs';
import { askForApproval, askForCancel, askForReport } from './reconcile-questions.mjs';
import {
  alarmWords,
  isOfOne,
  isUnderWay,
  kindMark,
  kindWords,
  permission,
  reconcilerName,
  runMark,
  runWords,
  valuesOf,
  whyNotApproved,
  whyNotNow,
} from './reconcile-words.mjs';
import { counted, dateTime, number, shortTime, t } from './text.mjs';
import { createList, createSelection } from './windowed-list.mjs';

const mostSelected = 10_000;

export function createRunView(context, opened) {
  let run = opened;
  let known = false;
  let stamp = '';
  let waiting = 0;
  let factsShown = false;
  /** Approvals that were given here are told until they have left, and then that they have. */
  const given = new Set();
  const head = el('header.title');
  const account = el('div.account');
  const summary = el('div.summary', { role: 'status' });
  const actions = el('div.actions');
  const body = el('div.body');
  const filters = createDifferenceFilters(filterChanged);
  const element = el(
    'section.view.run',
    { 'aria-label': t('reconcile.run') },
    head,
    account,
    filters.element,
    el('div.bar', {}, summary, actions),
    body,
  );
  const differences = createPages(
    async (after, limit) => {
      const page = await context.api.differences(run.runId, filters.read(), after, limit);
      return { ...page, items: page.items.map((one) => ({ ...one, id: one.number })) };
    },
    (error) => {
      if (error) context.fail(error);
      draw();
    },
    { leap: (index) => (index === 0 ? '' : `@${index}`) },
  );
  const selection = createApprovable(
    () => {
      list.update();
      drawBar();
    },
    (difference) => whyNotApproved(difference, known ? run : undefined),
    context.announce,
  );
  const list = createList({
    label: t('reconcile.differences'),
    rowHeight: 62,
    source: differences,
    draw: (difference) => drawDifference(difference, run),
    open: (difference, index) =>
      context.push(createDifferenceView(context, { run, difference, index, differences })),
    selection,
  });

  function filterChanged() {
    selection.clear();
    list.toTop();
    void differences.reset();
    countWaiting().catch(context.fail);
    draw();
  }

  /** What waits for approval among what is shown: by the tally, or asked for where a search narrows it. */
  async function countWaiting() {
    const filter = filters.read();
    const count =
      filter.q === undefined || (filter.correction ?? 'proposed') !== 'proposed'
        ? filters.waiting()
        : (await context.api.differences(run.runId, { ...filter, correction: 'proposed' }, '', 1)).total;
    if (JSON.stringify(filter) !== JSON.stringify(filters.read())) return;
    waiting = count;
    drawBar();
  }

  /** What had the focus may be gone once its work is done: then the list has it, so that the keyboard is not thrown out. */
  function keepingFocus(part, redraw) {
    const had = part.contains(document.activeElement);
    redraw();
    if (had && !element.contains(document.activeElement)) context.focus();
  }

  async function refresh() {
    run = await context.api.run(run.runId);
    known = true;
    context.ok();
    const next = JSON.stringify(run);
    if (next !== stamp) {
      stamp = next;
      filters.take(run.tally);
      drawHead();
    }
    await Promise.all([countWaiting(), differences.reload()]);
    context.settle();
  }

  function drawHead() {
    refill(
      head,
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('reconcile.backTo.runs') }),
      el(
        'div',
        {},
        el('h3', {}, `${reconcilerName(run)} · ${shortTime(run.startedAt)}`),
        el('p.meta', {}, runMark(run), runWords(run)),
      ),
      el(
        'span.neighbours',
        {},
        button('', toggleFacts, { glyph: 'info-circle', kind: 'bare', name: t('reconcile.action.facts') }),
        button('', report, { glyph: 'download', kind: 'bare', name: t('reconcile.action.report') }),
      ),
    );
    head.querySelector('.neighbours button').setAttribute('aria-expanded', String(factsShown));
    keepingFocus(account, drawAccount);
  }

  function drawAccount() {
    refill(
      account,
      isUnderWay(run) && underWay(),
      run.state !== 'failed' &&
        run.problem &&
        el('p.notice', {}, icon('info-circle'), el('span', {}, run.problem)),
      run.state === 'done' &&
        run.alarms.map((alarm) =>
          el('p.notice.error', {}, icon('bell', 'mark', 'error'), el('span', {}, alarmWords(alarm))),
        ),
      approvalStrips(context, run, given),
      factsShown && runFacts(run),
    );
  }

  function underWay() {
    return el(
      'div.strip',
      {},
      runProgress(run),
      button(t('reconcile.action.cancel'), () => askForCancel(context, run, context.live.changed), {
        glyph: 'stop',
        kind: 'small',
        why:
          context.whyNot('write', permission) ??
          (run.open === false ? t('reconcile.why.notOpen') : undefined),
        announce: context.announce,
      }),
    );
  }

  function toggleFacts() {
    factsShown = !factsShown;
    drawHead();
  }

  function report() {
    askForReport(context, { run, filter: filters.read(), count: differences.total ?? 0 });
  }

  function draw() {
    if (differences.total === 0) fill(body, nothing());
    else if (list.element.parentNode !== body) fill(body, list.element);
    list.update();
    drawBar();
  }

  function nothing() {
    if (filters.narrowed()) {
      return emptyState('noDifferenceMatch', {
        action: { label: t('action.clearSearch'), act: filters.clear },
      });
    }
    if (isUnderWay(run)) return emptyState('noDifferenceYet');
    return emptyState(run.state === 'done' ? 'noDifference' : 'noDifferenceKept');
  }

  function drawBar() {
    const { total } = differences;
    if (total === undefined) refill(summary, t('label.loading'));
    else if (selection.size > 0) refill(summary, counted('count.selected', selection.size), clearButton());
    else if (selection.everything) refill(summary, counted('count.allSelected', waiting), clearButton());
    else refill(summary, total > 0 && counted('count.entries', total));
    const n = selection.size > 0 ? selection.size : waiting;
    keepingFocus(actions, () => refill(actions, n > 0 && approveButton(n)));
  }

  const clearButton = () =>
    button('', selection.clear, { glyph: 'times', kind: 'bare', name: t('action.clearSelection') });

  function approveButton(n) {
    const some = selection.size > 0;
    const label = some
      ? t('reconcile.action.approveSome', { n: number(n) })
      : t('reconcile.action.approveAll');
    return button(
      label,
      () =>
        askForApproval(context, {
          run,
          ...(some ? { numbers: selection.ids } : { filter: filters.read() }),
          count: n,
          done: approved,
        }),
      {
        glyph: 'check',
        kind: 'main',
        why:
          context.whyNot('write', permission) ??
          whyNotNow(known ? run : undefined) ??
          (selection.size > mostSelected
            ? t('reconcile.why.tooMany', { most: number(mostSelected) })
            : undefined),
        announce: context.announce,
      },
    );
  }

  function approved(approval) {
    if (approval) {
      given.add(approval);
      selection.clear();
    }
    refresh().catch(context.fail);
  }

  // In a low sidebar the view scrolls: what is worked on comes into sight whole.
  body.addEventListener('focusin', ({ target }) => {
    // Not under a mouse that is about to let go of its button.
    if (target.matches(':focus-visible')) element.scrollTop = element.scrollHeight;
  });
  drawHead();
  draw();
  return {
    element,
    refresh,
    shown() {
      draw();
      refresh().catch(context.fail);
    },
    focus: list.focus,
    close() {
      filters.close();
      differences.close();
      list.close();
    },
  };
}

/** A selection that takes only what can be approved, and says why not the rest. */
function createApprovable(changed, whyNot, announce) {
  const all = createSelection(changed);
  return {
    ...Object.fromEntries(['all', 'clear'].map((name) => [name, all[name]])),
    get ids() {
      return all.ids;
    },
    get everything() {
      return all.everything;
    },
    get size() {
      return all.size;
    },
    has: (difference) => difference.correction.state === 'proposed' && all.has(difference),
    toggle(difference) {
      const why = whyNot(difference);
      if (why) announce(why);
      else all.toggle(difference);
    },
    replace: (items) => all.replace(items.filter((difference) => whyNot(difference) === undefined)),
  };
}

function drawDifference(difference, run) {
  const { key, kind, causeText, correction, sentence, number: n } = difference;
  const values = valuesOf(difference);
  const what = kindWords(difference, run.labels);
  const approved =
    correction.state === 'approved' &&
    t('reconcile.approvedBy', { who: correction.by, when: shortTime(correction.at) });
  const name = key === '' ? t('reconcile.noKey') : key;
  return {
    key: String(n),
    stamp: JSON.stringify([correction.state, correction.by, kind]),
    classes: correction.state === 'proposed' ? ['difference'] : ['difference', 'closed'],
    name: [sentence, what, causeText, approved].filter(Boolean).join(', '),
    children: [
      el(
        'span.text',
        {},
        el(
          'span.first',
          {},
          el('b', { title: name }, name),
          el('span.figure', { title: `${run.labels[0]} → ${difference.sideLabel}` }, values),
        ),
        el('span.meta.values', {}, kindMark(kind), isOfOne(difference) ? sentence : what),
        approved
          ? el(
              'span.meta',
              { title: dateTime(correction.at) },
              icon('check-circle', 'mark', 'success'),
              approved,
            )
          : el('span.meta', { title: causeText }, causeText),
      ),
      icon('chevron-right', 'go'),
    ],
  };
}
