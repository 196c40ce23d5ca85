/** Reconciliation: what compares which sources, how that went from run to run, and what goes on now. */
import { button, el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { runButtons, runProgress } from './reconcile-course.mjs';
import { createRunsView } from './reconcile-runs.mjs';
import { trendCharts } from './reconcile-trend.mjs';
import {
  aboutWords,
  alarmWords,
  isUnderWay,
  reconcilerName,
  runMark,
  runWords,
  timeOf,
} from './reconcile-words.mjs';
import { counted, t } from './text.mjs';

export function createReconciliationView(context) {
  const summary = el('div.summary', { role: 'status' });
  const body = el('div.body.scroll.reconcilers', { tabindex: -1 });
  const element = el(
    'section.view',
    { 'aria-label': t('tab.reconciliation') },
    el('div.bar', {}, summary),
    body,
  );
  let stamp = '';

  async function refresh() {
    const reconcilers = await context.api.reconcilers();
    context.ok();
    // An unchanged list is not drawn anew: the reader's place and the focus stay.
    const next = JSON.stringify(reconcilers);
    if (next === stamp) return;
    stamp = next;
    refill(summary, reconcilers.length > 0 && counted('reconcile.count.reconcilers', reconcilers.length));
    if (reconcilers.length === 0) fill(body, emptyState('noReconcilers'));
    else refill(body, reconcilers.map(card));
    context.settle();
  }

  function card(reconciler) {
    const { newest, trend } = reconciler;
    return el(
      'section.reconciler',
      {},
      el(
        'h3',
        {},
        button(reconcilerName(reconciler), () => context.push(createRunsView(context, reconciler)), {
          kind: 'open',
        }),
        icon('chevron-right', 'go'),
      ),
      el('p.meta', {}, aboutWords(reconciler)),
      trendCharts(trend),
      newest === null
        ? el('p.hint', {}, t('reconcile.noRun'))
        : el('p.outcome', {}, runMark(newest), el('span', {}, runWords(newest)), timeOf(newest.startedAt)),
      newest?.state === 'done' && newest.alarms.map((alarm) => el('p.problem', {}, alarmWords(alarm))),
      reconciler.held > 0 && el('p.problem', {}, counted('reconcile.count.held', reconciler.held)),
      isUnderWay(newest) && runProgress(newest),
      el('div.actions', {}, runButtons(context, reconciler, newest)),
    );
  }

  refill(summary, t('label.loading'));
  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: () => (body.querySelector('button') ?? body).focus(),
  };
}
