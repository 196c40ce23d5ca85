import { join } from 'node:path';
import { parseJson } from '../../core/canonical';
import { scopes } from '../../core/delivery';
import { asCrossdockError } from '../../core/errors';
import {
  CORRECTION_HEADER,
  jsonReport,
  openApprovals,
  openByInbox,
  Reconciler,
  type RunSummary,
  type Spec,
  send as sendApproved,
} from '../../core/reconcile';
import { type Context, raise, registerNode } from '../shared/base';
import { lettersChanged } from '../shared/desks';
import { openSourceOf } from '../shared/open-sources';
import type { Message, RawConfig, Red, RedNode } from '../shared/red';
import { openSource, sourceSettings } from '../shared/source';
import { storeOf } from '../shared/store';
import { type ReconcilerConfig, readConfig } from './config';
import { enterLive, isTarget } from './live';
import { addReconcilerRoutes } from './routes';
import { onSchedule } from './schedule';
import { type MakeSource, makeSource, periodOf } from './sources';

interface Config extends ReconcilerConfig {
  readonly store: ReturnType<typeof storeOf>;
  readonly makers: readonly MakeSource[];
}

/** Differences that go with a message; all of them are in the console, and in the CSV file. */
const MAX_SENT = 1000;
/** Ms after which a run that something passing has stopped goes on. */
const AGAIN_MS = 60_000;

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-reconciler', {
    normalise(config: RawConfig) {
      const read = readConfig(config);
      const makers = read.sources.map((source) =>
        makeSource(red, config, read.about, source, read.periodProperty),
      );
      return { ...read, store: storeOf(red, config), makers };
    },
    start: (context) => start(red, context),
  });
  addReconcilerRoutes(red);
};

async function start(red: Red, { node, config, status, closed }: Context<Config>) {
  const store = await config.store(closed);
  const folder = join(red.settings.userDir ?? '.', 'crossdock-reconcile');
  const reconciler = await Reconciler.open({
    store,
    id: node.id,
    name: node.name ?? '',
    folder,
    progress: (percent) => {
      status.busy(`comparing, ${percent} %`);
      lettersChanged(store);
    },
  });
  const spec = (message?: Message): Spec => {
    const {
      makers,
      sources: _sources,
      store: _store,
      schedule: _schedule,
      correctionsTo: _to,
      periodProperty,
      ...rest
    } = config;
    const period = periodOf(red, message, periodProperty);
    return { ...rest, period, sources: makers.map((make) => make(message, closed, period)) };
  };
  const own = await openSource({
    ...sourceSettings({ id: node.id, type: node.type }),
    red,
    node: thirdOutput(node),
    status,
    store,
    source: `reconcile:${node.id}`,
    fill: (message, { body, headers }) => {
      const [runId = '', number = ''] = (headers[CORRECTION_HEADER] ?? '').split('/');
      message.payload = parseJson(body, { maxBytes: body.length });
      message.topic = 'correction';
      message['correction'] = { runId, number: Number(number) };
    },
  });
  const target = config.correctionsTo === '' ? `reconcile:${node.id}` : config.correctionsTo;
  let stopped = false;
  /** Code of the failure that was told last, until a run comes to its end. */
  let told: string | undefined;
  let again: NodeJS.Timeout | undefined;
  const problem = (thrown: unknown): void => {
    const error = asCrossdockError(thrown);
    if (error.code === 'RECONCILE_STOPPED' || stopped) return;
    if (error.retryable) {
      // Nobody asks for it again: the run goes on by itself.
      clearTimeout(again);
      again = setTimeout(() => byItself(() => reconciler.resume(spec())), error.retryAfterMs ?? AGAIN_MS);
      again.unref();
    }
    status.failed(error.message);
    // Once per run, however often it is tried: Catch nodes are how somebody gets to know.
    if (told !== error.code) {
      told = error.code;
      raise(node, { topic: node.name ?? '' }, error);
    }
    lettersChanged(store);
  };
  const approvals = async (): Promise<void> => {
    for (const approval of await openApprovals(store, target)) {
      await sendApproved(
        store,
        approval,
        (count) => openSourceOf(store, approval.source)?.arrived(count),
        () => stopped,
      );
      lettersChanged(store);
    }
  };
  const approved = (): void => {
    approvals().catch(problem);
  };
  /** Approved for where this node's corrections went before: nothing leaves until a person decides in the console. */
  const tellHeld = async (): Promise<void> => {
    const elsewhere = (await openByInbox(store)).filter(
      ({ reconciler: id, source }) => id === node.id && !isTarget(store, source),
    );
    for (const { source, approvals: count } of elsewhere) {
      node.warn(
        `${count === 1 ? '1 approval waits' : `${count} approvals wait`}: the corrections were approved for ${source}, ` +
          `and now go to ${target}. Withdraw them, or send them there, in the console (Reconciliation).`,
      );
    }
  };
  const tell = async (
    run: RunSummary,
    send: (messages: (Message | null)[]) => void,
    message: Message,
  ): Promise<void> => {
    told = undefined;
    show(status, run);
    lettersChanged(store);
    const page = await reconciler.history.differences(run.runId, {}, MAX_SENT);
    const report = jsonReport(run, page.items);
    message.payload = report;
    const apart = { topic: message.topic, runId: run.runId };
    const alarm =
      run.alarms.length === 0
        ? null
        : {
            ...apart,
            payload: {
              runId: run.runId,
              alarms: run.alarms,
              counts: run.counts,
              rate: run.rate,
              value: run.value,
            },
          };
    const differing =
      page.total === 0 ? null : { ...apart, payload: report.differences, truncated: report.truncated };
    send([message, differing, null, alarm]);
  };
  /** A run that no message waits for. */
  const byItself = (begin: () => Promise<RunSummary | undefined>): void => {
    begin()
      .then((run) =>
        run === undefined
          ? undefined
          : tell(run, (messages) => node.send(messages), {
              _msgid: run.runId.replaceAll('-', '').slice(0, 16),
              topic: run.name,
            }),
      )
      .catch(problem);
  };
  const startNow = (): void => {
    status.busy('comparing');
    byItself(() => reconciler.compare(spec(), {}));
  };
  const [newest] = (await reconciler.history.runs(node.id, 1)).items;
  if (newest === undefined) status.ok('ready');
  else show(status, newest);
  byItself(() => reconciler.resume(spec()));
  approved();
  const leave = enterLive({
    id: node.id,
    name: node.name ?? '',
    about: config.about,
    labels: config.sources.map(({ label }) => label),
    store,
    reconciler,
    target,
    byHand: config.periodProperty === '' && config.sources.every(({ type }) => type !== 'msg'),
    start: startNow,
    approved,
  });
  tellHeld().catch(problem);
  const quiet = onSchedule(config.schedule, () => {
    // What takes longer than its interval is not started twice.
    if (!reconciler.busy) startNow();
  });
  return {
    async input(message: Message, send: (messages: (Message | null)[]) => void) {
      status.busy('comparing');
      const origin = scopes.origin(message);
      const key = origin === undefined ? undefined : `${origin.source} ${origin.deliveryId}`;
      const topic = typeof message.topic === 'string' ? message.topic : undefined;
      await tell(await reconciler.compare(spec(message), { key, topic }), send, message);
    },
    async close() {
      stopped = true;
      clearTimeout(again);
      leave();
      quiet();
      await reconciler.close();
      await own.stop();
    },
  };
}

/** The node as a source whose messages leave by its third output. */
function thirdOutput(node: RedNode): RedNode {
  const port = Object.create(node) as RedNode;
  port.send = (message) => node.send([null, null, message as Message]);
  return port;
}

function show(status: Context<Config>['status'], run: RunSummary): void {
  const { different, pending, keys } = run.counts;
  if (run.state === 'failed') status.failed(run.problem ?? 'failed');
  else if (run.state === 'cancelled') status.waiting('cancelled');
  else if (run.state !== 'done') status.busy(`comparing, ${run.progress} %`);
  else if (run.alarms.length > 0) status.failed(`alarm: ${differing(different)} of ${thousands(keys)}`);
  else if (different > 0)
    status.waiting(
      `${differing(different)} of ${thousands(keys)}${pending > 0 ? `, ${thousands(pending)} pending` : ''}`,
    );
  else status.ok(`${thousands(keys - pending)} agree${pending > 0 ? `, ${thousands(pending)} pending` : ''}`);
}

function differing(count: number): string {
  return count === 1 ? '1 difference' : `${thousands(count)} differences`;
}

function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
