/** What stands above the differences of a run: its figures, and how far approvals are. */
import { el, icon } from './dom.mjs';
import { decimal } from './reconcile-words.mjs';
import { counted, dateTime, number, shortTime, t } from './text.mjs';

export function runFacts(run) {
  const { counts } = run;
  const rows = [
    ...run.labels.map((label, at) => [
      label,
      [
        counted('reconcile.fact.rows', counts.rows[at] ?? 0),
        run.asOf[at] && t('reconcile.fact.asOf', { when: dateTime(run.asOf[at]) }),
      ]
        .filter(Boolean)
        .join(', '),
    ]),
    [run.keyLabel, number(counts.keys)],
    [t('reconcile.fact.matched'), number(counts.matched)],
    counts.withinTolerance > 0 && [t('reconcile.fact.tolerated'), number(counts.withinTolerance)],
    [t('reconcile.fact.different'), number(counts.different)],
    [t('reconcile.fact.pending'), number(counts.pending)],
    [t('reconcile.trend.rate'), t('reconcile.unit.rate', { n: decimal(run.rate) })],
    [t('reconcile.trend.value'), decimal(run.value)],
    [t('reconcile.fact.proposed'), number(run.proposed)],
    [t('reconcile.fact.approved'), number(run.approved)],
    [t('reconcile.fact.started'), dateTime(run.startedAt)],
    run.finishedAt !== null && [t('reconcile.fact.finished'), dateTime(run.finishedAt)],
  ].filter(Boolean);
  return el(
    'dl.facts',
    {},
    rows.map(([label, value]) => [el('dt', {}, label), el('dd', {}, value)]),
  );
}

/** Approvals that are still leaving, and those that were given here. */
export function approvalStrips(run, given) {
  return (run.approvals ?? [])
    .filter(({ id, endedAt }) => endedAt === null || given.has(id))
    .map((approval) => {
      const { who, at, wanted, sent, endedAt } = approval;
      const bar = el('span.done');
      bar.style.width = `${(100 * sent) / Math.max(1, wanted)}%`;
      const ended = endedAt !== null;
      return el(
        'div.strip.approval',
        { title: t('reconcile.approvedBy', { who, when: shortTime(at) }) },
        el(
          'p',
          {},
          icon(ended ? 'check-circle' : 'paper-plane-o', 'mark', ended ? 'success' : 'calm'),
          approvalWords(approval),
        ),
        !ended &&
          el(
            'div.progress',
            {
              role: 'progressbar',
              'aria-label': t('reconcile.approvalProgress'),
              'aria-valuemin': 0,
              'aria-valuemax': wanted,
              'aria-valuenow': sent,
            },
            bar,
          ),
      );
    });
}

function approvalWords({ who, wanted, sent, endedAt }) {
  const values = { who, sent: number(sent), wanted: number(wanted) };
  if (endedAt === null) return t('reconcile.leaving', values);
  const words = counted('reconcile.left', sent, values);
  // Somebody else has approved the rest at the same time: each leaves once.
  return sent < wanted ? `${words} ${counted('reconcile.leftByOthers', wanted - sent)}` : words;
}
