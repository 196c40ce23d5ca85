/** The runs of one reconciler, newest first. */
import { button, el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { createPages } from './pages.mjs';
import { runButtons, runProgress } from './reconcile-course.mjs';
import { createRunView } from './reconcile-run.mjs';
import { trendCharts } from './reconcile-trend.mjs';
import {
  aboutWords,
  alarmWords,
  decimal,
  isUnderWay,
  reconcilerName,
  runMark,
  runWords,
  timeOf,
} from './reconcile-words.mjs';
import { dateTime, t } from './text.mjs';
import { createList } from './windowed-list.mjs';

export function createRunsView(context, reconciler) {
  const head = el('header.title');
  const charts = el('div.charts');
  const body = el('div.body');
  const element = el('section.view', { 'aria-label': t('reconcile.runs') }, head, charts, body);
  const runs = createPages(
    (after, limit) => context.api.runs(reconciler.id, after, limit),
    (error) => {
      if (error) context.fail(error);
      draw();
    },
  );
  const list = createList({
    label: t('reconcile.runs'),
    rowHeight: 58,
    source: runs,
    draw: drawRun,
    open(run) {
      inList = true;
      context.push(createRunView(context, run));
    },
  });
  let stamp = '';
  let inList = false;

  function drawHead() {
    const next = JSON.stringify(reconciler);
    if (next === stamp) return;
    stamp = next;
    refill(
      head,
      button('', context.pop, {
        glyph: 'chevron-left',
        kind: 'bare',
        name: t('reconcile.backTo.reconcilers'),
      }),
      el('div', {}, el('h3', {}, reconcilerName(reconciler)), el('p.meta', {}, aboutWords(reconciler))),
      runButtons(context, reconciler, reconciler.newest),
    );
    fill(charts, trendCharts(reconciler.trend));
    context.settle();
  }

  function draw() {
    if (runs.total === 0) fill(body, emptyState('noRuns'));
    else if (list.element.parentNode !== body) fill(body, list.element);
    list.update();
  }

  async function refresh() {
    const found = (await context.api.reconcilers()).find(({ id }) => id === reconciler.id);
    context.ok();
    if (found) reconciler = found;
    drawHead();
    if (runs.nearTop) await runs.reload();
  }

  drawHead();
  draw();
  return {
    element,
    refresh,
    shown() {
      draw();
      refresh().catch(context.fail);
    },
    focus: () => (inList ? list.focus() : head.querySelector('button').focus()),
    close() {
      runs.close();
      list.close();
    },
  };
}

function drawRun(run) {
  const words = runWords(run);
  const alarms = run.state === 'done' ? run.alarms.map(alarmWords) : [];
  return {
    key: run.runId,
    stamp: JSON.stringify([run.state, run.progress, run.counts, run.approved]),
    classes: ['run'],
    name: [dateTime(run.startedAt), words, ...alarms].join(', '),
    children: [
      runMark(run),
      el(
        'span.text',
        {},
        el(
          'span.first',
          {},
          el('b', {}, timeOf(run.startedAt).textContent),
          run.state === 'done' &&
            el(
              'span.figure',
              { title: t('reconcile.trend.rate') },
              t('reconcile.unit.rate', { n: decimal(run.rate) }),
            ),
        ),
        el('span.meta', { title: alarms.join('\n') }, words),
        isUnderWay(run) && runProgress(run),
      ),
      icon('chevron-right', 'go'),
    ],
  };
}
