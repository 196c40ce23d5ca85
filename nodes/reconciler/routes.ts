/** The HTTP admin API of reconciliations: docs/reconciler.md says what each route does. */
import { redact } from '../../core/dead-letter';
import { CrossdockError } from '../../core/errors';
import {
  approvalsOf,
  approve,
  type Difference,
  History,
  type Language,
  openByInbox,
  presentOf,
  type RunSummary,
  redirect,
  Words,
  withdraw,
} from '../../core/reconcile';
import { auditStatement } from '../../core/replay';
import type { Store } from '../../core/store';
import { queryOf } from '../shared/admin';
import { itemNumber, pageSize, textOf } from '../shared/console-requests';
import { lettersChanged } from '../shared/desks';
import type { HttpHandler, Red } from '../shared/red';
import { ANSWERED, type StoreRequest, storeHandler } from '../shared/store-routes';
import { isTarget, type LiveReconciler, liveReconciler, liveReconcilers } from './live';
import { canonicalReport, type ReportRequest, sendCsv, sendPage } from './reports';
import { filterOf, languageOf, selectionOf } from './requests';

const ROOT = '/crossdock/console/:store';
const TREND_RUNS = 30;
const SHOWN_APPROVALS = 20;
const STATUS: Readonly<Record<string, number>> = {
  RECONCILE_RUN_UNKNOWN: 404,
  RECONCILER_UNKNOWN: 404,
  DIFFERENCE_UNKNOWN: 404,
  RECONCILE_RUN_OPEN: 409,
  RECONCILER_NOT_OPEN: 409,
  RECONCILER_NEEDS_MESSAGE: 409,
  APPROVAL_UNKNOWN: 404,
  APPROVAL_ENDED: 409,
  APPROVAL_TARGET_CHANGED: 409,
};

interface Asked extends StoreRequest {
  readonly history: History;
  readonly language: Language;
}
type Answer = (asked: Asked) => Promise<unknown>;

/** Adds the routes; once per runtime. */
export function addReconcilerRoutes(red: Red): void {
  const may = (right: string): HttpHandler => red.auth.needsPermission(`crossdock-reconciler.${right}`);
  const read = may('read');
  const write = may('write');
  const personal = may('personal');
  /** Personal data has a permission of its own, which "may read everything" does not include. */
  const readAs: HttpHandler = (request, response, next) =>
    wantsPersonal(queryOf(request)) ? personal(request, response, next) : read(request, response, next);
  const app = red.httpAdmin;
  app.get(`${ROOT}/reconcilers`, read, handlerOf(reconcilers));
  app.post(`${ROOT}/reconcilers/:id/start`, write, handlerOf(startRun));
  app.get(`${ROOT}/reconciliations`, read, handlerOf(runs));
  app.get(`${ROOT}/reconciliations/:run`, read, handlerOf(run));
  app.post(`${ROOT}/reconciliations/:run/cancel`, write, handlerOf(cancel));
  app.post(`${ROOT}/reconciliations/:run/approve`, write, handlerOf(approveSome));
  app.post(`${ROOT}/reconciliations/:run/approvals/:approval/withdraw`, write, handlerOf(withdrawOne));
  app.post(`${ROOT}/reconciliations/:run/approvals/:approval/redirect`, write, handlerOf(redirectOne));
  app.get(`${ROOT}/reconciliations/:run/differences`, read, handlerOf(differences));
  app.get(`${ROOT}/reconciliations/:run/differences/:number`, readAs, handlerOf(difference));
  app.get(`${ROOT}/reconciliations/:run/report.json`, read, handlerOf(reported));
  app.get(`${ROOT}/reconciliations/:run/report.csv`, read, handlerOf(csv));
  app.get(`${ROOT}/reconciliations/:run/report.html`, read, handlerOf(html));

  function handlerOf(answer: Answer): HttpHandler {
    return storeHandler(red, STATUS, async (asked) => {
      const { store, query } = asked;
      return answer({ ...asked, history: await historyOf(store), language: languageOf(query) });
    });
  }
}

const histories = new WeakMap<Store, Promise<History>>();

/** Tables are brought up to date once per opening of a store. */
function historyOf(store: Store): Promise<History> {
  let found = histories.get(store);
  if (found === undefined) {
    found = History.open(store);
    histories.set(store, found);
    // Whoever asks next tries again.
    found.catch(() => histories.delete(store));
  }
  return found;
}

/** Those that run now, and those of which only runs are left. */
const reconcilers: Answer = async ({ store, history }) => {
  const live = new Map(liveReconcilers(store).map((one) => [one.id, one]));
  const ids = new Set([...live.keys(), ...(await history.reconcilers())]);
  const open = (await openByInbox(store)).filter(({ source }) => !isTarget(store, source));
  const found = [];
  for (const id of ids) {
    const one = live.get(id);
    const newest = (await history.runs(id, 1)).items[0] ?? null;
    found.push({
      id,
      name: one?.name ?? newest?.name ?? '',
      about: one?.about ?? newest?.about,
      labels: one?.labels ?? newest?.labels ?? [],
      target: one?.target ?? null,
      byHand: one?.byHand ?? false,
      open: one !== undefined,
      run: one?.reconciler.current ?? null,
      newest,
      held: open.filter(({ reconciler }) => reconciler === id).reduce((sum, each) => sum + each.approvals, 0),
      trend: await history.trend(id, TREND_RUNS),
    });
  }
  return { reconcilers: found };
};

const startRun: Answer = async ({ store, param }) => {
  const found = liveReconciler(param('id'));
  if (found === undefined || found.store !== store)
    throw unknown('RECONCILER_UNKNOWN', 'No such reconciler is running.');
  if (!found.byHand) {
    throw new CrossdockError('This reconciler takes a source or its period from a message: send it one.', {
      code: 'RECONCILER_NEEDS_MESSAGE',
      kind: 'business',
    });
  }
  if (!found.reconciler.busy) found.start();
  return { started: true };
};

const runs: Answer = ({ history, query }) =>
  history.runs(
    textOf(query.get('reconciler'), 'reconciler'),
    pageSize(query),
    query.get('after') ?? undefined,
  );

const run: Answer = async (asked) => {
  const found = await runOf(asked);
  const words = new Words(asked.language, found);
  const tally = await asked.history.tally(found.runId);
  const live = openReconciler(asked.store, found);
  return {
    ...found,
    tally: tally.map((each) => ({
      ...each,
      kindText: words.texts.kinds[each.kind],
      causeText: words.cause(each),
      sideLabel: words.label(each.side),
    })),
    approvals: (await approvalsOf(asked.store, found.runId, SHOWN_APPROVALS)).map((approval) => ({
      ...approval,
      held: approval.endedAt === null && !isTarget(asked.store, approval.source),
    })),
    open: live !== undefined,
    target: live?.target ?? null,
  };
};

const cancel: Answer = async ({ store, history, param, who }) => {
  const found = await runOf({ history, param });
  const live = liveReconciler(found.reconciler);
  if (live === undefined || live.store !== store) throw notRunning();
  const cancelled = await live.reconciler.cancel(found.runId, who);
  lettersChanged(store);
  return { cancelled };
};

const approveSome: Answer = async ({ store, history, param, who, body, response }) => {
  const found = await runOf({ history, param });
  const live = openReconciler(store, found);
  // Without its node nobody knows where corrections are to go.
  if (live === undefined) throw notRunning();
  const chosen = selectionOf(await body());
  try {
    const approval = await approve(history, { runId: found.runId, ...chosen, who, source: live.target });
    live.approved();
    lettersChanged(store);
    return { approval: approval.id, count: approval.wanted };
  } catch (thrown) {
    if (!isCountChanged(thrown)) throw thrown;
    response.status(409).json(countChanged(thrown));
    return ANSWERED;
  }
};

const withdrawOne: Answer = async (asked) => {
  const { store, who } = asked;
  const { about, id, source } = await approvalAsked(asked);
  const count = await withdraw(store, { id, source, who, about });
  lettersChanged(store);
  return { withdrawn: count };
};

/** To where the node's corrections go now, which the person has seen as `target`. */
const redirectOne: Answer = async (asked) => {
  const { store, who, body } = asked;
  const { about, run: found, id, source } = await approvalAsked(asked);
  const live = openReconciler(store, found);
  if (live === undefined) throw notRunning();
  const { target } = await body();
  if (target !== live.target) {
    throw new CrossdockError(`Corrections of this reconciler go to ${live.target} now. Look again.`, {
      code: 'APPROVAL_TARGET_CHANGED',
      kind: 'business',
    });
  }
  const count = await redirect(store, { id, source, who, to: live.target, about });
  live.approved();
  lettersChanged(store);
  return { redirected: count, target: live.target };
};

async function approvalAsked({ store, history, param }: Asked) {
  const run = await runOf({ history, param });
  const id = param('approval');
  const found = (await approvalsOf(store, run.runId, SHOWN_APPROVALS)).find((each) => each.id === id);
  if (found === undefined) throw unknown('APPROVAL_UNKNOWN', 'This run has no such approval.');
  return { run, id, source: found.source, about: `${run.name || run.reconciler}: run ${run.runId}` };
}

const differences: Answer = async (asked) => {
  const { history, query, language } = asked;
  const found = await runOf(asked);
  const words = new Words(language, found);
  const page = await history.differences(
    found.runId,
    filterOf(Object.fromEntries(query)),
    pageSize(query),
    query.get('after') ?? undefined,
  );
  return { ...page, items: page.items.map((each) => shown(each, words)) };
};

const difference: Answer = async (asked) => {
  const { store, history, param, query, language, who } = asked;
  const found = await runOf(asked);
  const one = await history.difference(found.runId, itemNumber(param('number')));
  if (one === undefined) throw unknown('DIFFERENCE_UNKNOWN', 'This run has no such difference.');
  const words = new Words(language, found);
  const personal = wantsPersonal(query);
  const message = one.correction.proposal?.message ?? null;
  const seen = personal ? { value: message, redacted: 0 } : redact(message);
  const present = presentOf(one);
  if (personal) {
    const note = `${found.name === '' ? found.reconciler : found.name}: ${found.runId}/${one.number}`;
    await store.run([auditStatement(who, 'correction.shown', { letters: 1, note })]);
  }
  return {
    ...shown(one, words),
    evidence: words.evidence(one),
    facts: one.evidence,
    message: seen.value,
    redacted: seen.redacted,
    ...(present === undefined ? {} : { present: personal ? present : redact(present).value }),
  };
};

const reported: Answer = async (asked) => canonicalReport(await reportOf(asked));

const csv: Answer = async (asked) => sendCsv(await reportOf(asked));

const html: Answer = async (asked) => sendPage(await reportOf(asked));

async function reportOf(asked: Asked): Promise<ReportRequest> {
  const { history, query, language, response } = asked;
  return {
    history,
    run: await runOf(asked),
    filter: filterOf(Object.fromEntries(query)),
    language,
    response,
  };
}

/** A difference for a list: with its sentences, without the correction's message. */
function shown(one: Difference, words: Words) {
  const { evidence: _evidence, correction, ...plain } = one;
  const { proposal, state, by, at } = correction;
  return {
    ...plain,
    kindText: words.kind(one),
    sideLabel: words.label(one.side),
    sentence: words.sentence(one),
    causeText: words.cause(one),
    correction: {
      state,
      by,
      at,
      type: proposal?.type ?? null,
      text: words.proposal(one) ?? null,
      letter: proposal?.letter ?? null,
      sideLabel: proposal === null ? null : words.label(proposal.side),
    },
  };
}

async function runOf({ history, param }: Pick<Asked, 'history' | 'param'>): Promise<RunSummary> {
  const found = await history.run(param('run'));
  if (found === undefined) throw unknown('RECONCILE_RUN_UNKNOWN', 'There is no such run.');
  return found;
}

function openReconciler(store: Store, { reconciler }: RunSummary): LiveReconciler | undefined {
  const found = liveReconciler(reconciler);
  return found?.store === store ? found : undefined;
}

function isCountChanged(thrown: unknown): thrown is CrossdockError {
  return thrown instanceof CrossdockError && thrown.code === 'RECONCILE_COUNT_CHANGED';
}

/** With how many there are now, so that a person can be asked anew. */
function countChanged({ code, message, facts }: CrossdockError) {
  return { code, message, found: facts['found'] };
}

function unknown(code: string, message: string): CrossdockError {
  return new CrossdockError(message, { code, kind: 'permanent' });
}

function notRunning(): CrossdockError {
  return new CrossdockError('The reconciler of this run is not running: its node was removed or disabled.', {
    code: 'RECONCILER_NOT_OPEN',
    kind: 'business',
  });
}

function wantsPersonal(query: URLSearchParams): boolean {
  return query.get('personal') === '1';
}
