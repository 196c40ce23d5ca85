/** What stands above the differences of a run: its figures, and how far approvals are. */
import { button, el, icon } from './dom.mjs';
import { askForRedirect, askForWithdrawal, inboxName } from './reconcile-questions.mjs';
import { decimal, permission } from './reconcile-words.mjs';
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

/** Approvals that are still leaving, and those that were given or decided about here. */
export function approvalStrips(context, run, given) {
  return (run.approvals ?? [])
    .filter(({ id, endedAt }) => endedAt === null || given.has(id))
    .map((approval) => {
      const { who, at, wanted, sent, endedAt, held } = approval;
      const bar = el('span.done');
      bar.style.width = `${(100 * sent) / Math.max(1, wanted)}%`;
      const ended = endedAt !== null;
      return el(
        'div.strip.approval',
        { title: t('reconcile.approvedBy', { who, when: shortTime(at) }) },
        el('p', {}, approvalMark(approval), approvalWords(approval)),
        held && heldActions(context, run, approval, () => given.add(approval.id)),
        !ended &&
          !held &&
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

function approvalMark({ endedAt, held, withdrawnBy }) {
  if (held) return icon('exclamation-triangle', 'mark', 'warning');
  if (endedAt === null) return icon('paper-plane-o', 'mark', 'calm');
  return withdrawnBy === null ? icon('check-circle', 'mark', 'success') : icon('ban', 'mark', 'calm');
}

/** Approved for where the node's corrections do not go any more: a person decides. */
function heldActions(context, run, approval, decided) {
  const why = context.whyNot('write', permission);
  const { announce } = context;
  return [
    el(
      'p.hint',
      {},
      t(`reconcile.${run.open ? 'held' : 'heldClosed'}`, { source: inboxName(run, approval.source) }),
    ),
    el(
      'div.actions',
      {},
      run.open &&
        button(t('reconcile.action.redirect'), () => askForRedirect(context, run, { approval, decided }), {
          kind: 'small',
          why,
          announce,
        }),
      button(t('reconcile.action.withdraw'), () => askForWithdrawal(context, run, { approval, decided }), {
        kind: 'small',
        why,
        announce,
      }),
    ),
  ];
}

function approvalWords({ who, wanted, sent, endedAt, withdrawnBy }) {
  const values = { who, sent: number(sent), wanted: number(wanted) };
  if (withdrawnBy != null) {
    return t('reconcile.withdrawn', { ...values, by: withdrawnBy, n: number(wanted - sent) });
  }
  if (endedAt === null) return t('reconcile.leaving', values);
  const words = counted('reconcile.left', sent, values);
  // Somebody else has approved the rest at the same time: each leaves once.
  return sent < wanted ? `${words} ${counted('reconcile.leftByOthers', wanted - sent)}` : words;
}
