/** The questions before corrections leave, before a run is ended, and what a report shall be. */
import { el, field } from './dom.mjs';
import { nodeName } from './kinds.mjs';
import { reconcilerName } from './reconcile-words.mjs';
import { counted, number, t } from './text.mjs';

/**
 * Asks with the number; when it is another one by now (somebody else was at it), it says so and asks again.
 * @param options.numbers or options.filter which; options.done `(approval | undefined)`: what waits has changed
 */
export function askForApproval(context, { run, numbers, filter, count, done }) {
  let now = count;
  const title = el('span');
  const confirm = el('span');
  const draw = () => {
    title.textContent = counted('reconcile.question.approve', now);
    confirm.textContent = t('reconcile.action.approve', { n: number(now) });
  };
  draw();
  context.ask({
    title,
    fields: [el('p', {}, targetWords(run)), el('p.hint', {}, t('reconcile.question.approveText'))],
    confirm,
    async act() {
      try {
        const chosen = numbers ? { numbers } : { filter };
        const { approval } = await context.api.approve(run.runId, { ...chosen, count: now });
        context.announce(counted('reconcile.said.approved', now));
        done(approval);
      } catch (error) {
        if (error.code !== 'RECONCILE_COUNT_CHANGED') throw error;
        const before = now;
        now = error.answer.found;
        done(undefined);
        if (now === 0) throw new Error(t('reconcile.error.noneLeft'));
        draw();
        throw new Error(t('reconcile.error.countChanged', { before: number(before), n: number(now) }));
      }
    },
  });
}

/** Where approved corrections go, in words that name the node or the source. */
function targetWords(run) {
  const own = run.target === `reconcile:${run.reconciler}`;
  return own
    ? t('reconcile.toOutput', { name: ownName(run) })
    : t('reconcile.toInbox', { source: run.target });
}

function ownName(run) {
  const node = RED.nodes.node(run.reconciler);
  return node ? nodeName(node) : reconcilerName(run);
}

/** An inbox by its source, or as the output of its node. */
export function inboxName(run, source) {
  return source === `reconcile:${run.reconciler}` ? t('reconcile.ownOutput', { name: ownName(run) }) : source;
}

/** Gives what has not left of an approval to where the node's corrections go now. */
export function askForRedirect(context, run, { approval, decided }) {
  askAbout(context, {
    title: counted('reconcile.question.redirect', approval.wanted - approval.sent),
    text: [targetWords(run), t('reconcile.question.approveText')],
    confirm: t('reconcile.action.redirect'),
    said: t('reconcile.said.redirected'),
    decided,
    act: () => context.api.redirectApproval(run.runId, approval.id, run.target),
  });
}

export function askForWithdrawal(context, run, { approval, decided }) {
  askAbout(context, {
    title: counted('reconcile.question.withdraw', approval.wanted - approval.sent),
    text: [t('reconcile.question.withdrawText')],
    confirm: t('reconcile.action.withdraw'),
    said: t('reconcile.said.withdrawn'),
    decided,
    act: () => context.api.withdrawApproval(run.runId, approval.id),
  });
}

function askAbout(context, { title, text, confirm, said, decided, act }) {
  context.ask({
    title,
    fields: text.map((words, at) => el(at === 0 ? 'p' : 'p.hint', {}, words)),
    confirm,
    async act() {
      await act();
      decided();
      context.announce(said);
      context.live.changed();
    },
  });
}

export function askForCancel(context, run, done) {
  context.ask({
    title: t('reconcile.question.cancel'),
    fields: [el('p', {}, t('reconcile.question.cancelText'))],
    confirm: t('reconcile.action.cancelRun'),
    danger: true,
    async act() {
      await context.api.cancelRun(run.runId);
      context.announce(t('reconcile.said.cancelled'));
      done();
    },
  });
}

/** @param count how many differences the filters let through */
export function askForReport(context, { run, filter, count }) {
  const format = el(
    'select',
    {},
    ['csv', 'html', 'json'].map((value) => el('option', { value }, t(`reconcile.report.${value}`))),
  );
  const narrowed = Object.keys(filter).length > 0;
  context.ask({
    title: t('reconcile.question.report'),
    fields: [
      el('p', {}, counted(narrowed ? 'reconcile.report.narrowed' : 'reconcile.report.all', count)),
      field(t('reconcile.report.format'), format),
    ],
    confirm: t('reconcile.action.save'),
    async act() {
      const name = fileName(run);
      await context.api.saveReconciliation(run.runId, format.value, filter, name);
      context.announce(t('said.savedFile', { file: `${name}.${format.value}` }));
    },
  });
}

function fileName(run) {
  const plain = reconcilerName(run)
    .normalize('NFKD')
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${plain || 'reconciliation'}-${new Date(run.startedAt).toISOString().slice(0, 16).replace(/[:T]/g, '-')}`;
}
