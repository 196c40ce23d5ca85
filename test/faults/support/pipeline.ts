/**
 * The flow that the campaign breaks: orders come in by HTTP, leave through an event channel, come back from it, and
 * become sales orders in Odoo, each once:
 *
 *   webhook in -> event out -> (channel) -> event in -> [record] -> idempotency guard -> odoo order
 *
 * The record is a file that gets a line per delivery into the flow, so that doubled deliveries are visible and
 * counted; the effect is the order in Odoo (the stand-in), which must be there once.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { OdooClient } from '../../../core/odoo';
import { openPostgresStore, openSqliteStore, type Store } from '../../../core/store';
import { currency } from '../../../sandbox/catalogue';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../../sandbox/odoo';
import type { Rng } from '../../../sandbox/storefront/rng';
import { adminClient, makeOrder } from '../../conformance/sales-fixture';
import { type FlowNode, node } from '../../runtime/flow';
import { type NodeRed, spawnNodeRed, type TempDir, tempDir, waitFor } from '../../support';
import { keep, SEED, tell } from './campaign';
import { Feeder, type FeederOptions } from './feeder';
import { Recorder } from './recorder';
import { FLAWLESS, flawsOf, judge, type Verdict } from './verdict';

const SKU = 'PAL-EPAL';
const STORE_FILE = 'pipeline.sqlite';

/** What a run may leave behind. */
const FLAWLESS_RUN = { ...FLAWLESS, unsettled: 0, dead: 0, outbox: 0, integrity: 'ok' };

export type Kind = 'mqtt' | 'amqp' | 'local';

export interface PipelineOptions {
  readonly kind: Kind;
  /** The broker's address; none for a local channel. */
  readonly brokerUrl?: string;
  /** A shared store; a SQLite file of each process when left out. */
  readonly postgres?: { readonly url: string; readonly schema: string };
  /** Where the SQLite file is, instead of in the user's folder. */
  readonly storeFile?: string;
  /** Node-RED processes. Default 1. */
  readonly processes?: number;
  /** Names what is left at a broker that others use too. */
  readonly name: string;
  readonly channel?: Readonly<Record<string, unknown>>;
  readonly eventIn?: Readonly<Record<string, unknown>>;
  /** Beside the flow that is described above. */
  readonly extra?: readonly FlowNode[];
  /** For every process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A Node-RED process of the pipeline; its environment may be changed between two starts. */
export interface Gateway {
  readonly red: NodeRed;
  readonly env: Record<string, string | undefined>;
}

export class Pipeline {
  readonly #feeders: Feeder[] = [];

  private constructor(
    readonly options: PipelineOptions,
    readonly gateways: readonly Gateway[],
    readonly odoo: OdooStandIn,
    readonly client: OdooClient,
    readonly recorder: Recorder,
    private readonly dirs: readonly TempDir[],
  ) {}

  static async start(options: PipelineOptions): Promise<Pipeline> {
    const odoo = await startOdooStandIn();
    await seedDemoCompany(odoo);
    const dirs: TempDir[] = [];
    const gateways: Gateway[] = [];
    try {
      for (let index = 0; index < (options.processes ?? 1); index += 1) {
        const dir = tempDir('crossdock-pipeline-');
        dirs.push(dir);
        const env: Record<string, string | undefined> = { ...options.env, CROSSDOCK_CRASH_AT: undefined };
        const red = await spawnNodeRed({ userDir: dir.path, env, flows: flowsOf(options, odoo) });
        gateways.push({ red, env });
      }
      const recorder = new Recorder(dirs.map(({ path }) => join(path, 'deliveries.jsonl')));
      const pipeline = new Pipeline(options, gateways, odoo, adminClient(odoo), recorder, dirs);
      await pipeline.accepting();
      return pipeline;
    } catch (error) {
      for (const { red } of gateways) await red.remove();
      for (const dir of dirs) dir.remove();
      await odoo.close();
      throw error;
    }
  }

  get red(): NodeRed {
    return this.#first.red;
  }

  get env(): Gateway['env'] {
    return this.#first.env;
  }

  get #first(): Gateway {
    const [first] = this.gateways;
    if (first === undefined) throw new Error('The pipeline has no process.');
    return first;
  }

  flows(changes: Partial<PipelineOptions> = {}): FlowNode[] {
    return flowsOf({ ...this.options, ...changes }, this.odoo);
  }

  /** Waits until every process answers. */
  async accepting(): Promise<void> {
    for (const { red } of this.gateways) {
      await waitFor(async () => (await fetch(`${red.url}/feed`)).status === 405, {
        what: 'the webhook',
        timeoutMs: 60_000,
      });
    }
  }

  /** Senders that keep the pipeline busy: at most `backlog` messages are acknowledged and not yet delivered. */
  feed(rng: Rng, options: Partial<FeederOptions> & { backlog?: number } = {}): Feeder {
    const { backlog = 150, lanes = 12, ...rest } = options;
    const { name } = this.options;
    const feeder: Feeder = new Feeder({
      urls: this.gateways.map(({ red }) => `${red.url}/feed`),
      rng,
      prefix: name,
      lanes,
      bodyOf: ({ id, lane, n }) => ({ id, lane, n, order: orderOf(name, id) }),
      held: () => feeder.acknowledged - this.recorder.distinct > backlog,
      ...rest,
    });
    this.#feeders.push(feeder);
    return feeder;
  }

  /** Waits until everything acknowledged has become an order, then judges the whole run. */
  async verdict(feeder: Feeder, deadlineMs = 120_000): Promise<Verdict> {
    const { name } = this.options;
    const deadline = Date.now() + deadlineMs;
    const wanted = feeder.history.filter(({ acknowledged }) => acknowledged).length;
    // Counting is cheap; reading everything is done once.
    await waitFor(
      async () => {
        const count = await this.client.call<number>('sale.order', 'search_count', {
          args: {
            domain: [
              ['client_order_ref', 'like', `#${name}-`],
              ['state', '=', 'sale'],
            ],
          },
        });
        return count >= wanted || Date.now() > deadline;
      },
      { timeoutMs: deadlineMs + 30_000, what: 'the orders in Odoo', intervalMs: 250 },
    );
    const verdict = judge(feeder, await this.#orders(), await this.recorder.all());
    const { sent, acknowledged, unknown, resolved } = verdict.counts;
    tell(
      `${name}: ${sent} sent, ${acknowledged} acknowledged (${unknown} tries without an answer, ${resolved} of them had been taken), ` +
        `${verdict.placed} orders, ${verdict.redelivered} delivered again; lost ${verdict.lost.length}, doubled ${verdict.doubled.length}, out of order ${verdict.unordered.length}`,
    );
    return verdict;
  }

  /**
   * Judges a run whose senders have finished: nothing lost, doubled, out of order or wrong, nothing left behind in a
   * store that is whole. Otherwise all that is known is kept in a file, which the error names.
   * @param more what else is known of this run
   */
  async mustBeFlawless(feeder: Feeder, deadlineMs?: number, more: object = {}): Promise<Verdict> {
    const verdict = await this.verdict(feeder, deadlineMs);
    const left = await this.leftBehind();
    const found = { ...flawsOf(verdict), ...left };
    if (!isDeepStrictEqual(found, FLAWLESS_RUN)) {
      const log = this.gateways.map(({ red }) => red.log.slice(-300));
      const evidence = {
        verdict,
        left,
        ...more,
        history: feeder.history,
        deliveries: await this.recorder.all(),
      };
      const file = keep(this.options.name, { ...evidence, ...(await this.#rows()), log });
      assert.deepEqual(found, FLAWLESS_RUN, `seed ${SEED}, see ${file}`);
    }
    return verdict;
  }

  /** Inbox and outbox, without bodies. */
  async #rows(): Promise<object> {
    const store = await this.openStore();
    try {
      const [inbox, outbox] = await store.run([
        {
          sql: `SELECT seq, source, id, partition_key, state, attempts, failures, unended, received_at, settled_at, error
            FROM crossdock_inbox ORDER BY seq`,
        },
        {
          sql: `SELECT seq, event_id, partition_key, state, attempts, next_at, created_at, sent_at, error
            FROM crossdock_outbox ORDER BY seq`,
        },
      ]);
      return { inbox: inbox?.rows, outbox: outbox?.rows };
    } finally {
      await store.close();
    }
  }

  /** Stops all processes in an orderly way and looks into the store: what is left there, and whether it is whole. */
  async leftBehind(): Promise<{ unsettled: number; dead: number; outbox: number; integrity: string }> {
    for (const { red } of this.gateways) await red.stop();
    const store = await this.openStore();
    try {
      return await leftIn(store);
    } finally {
      await store.close();
    }
  }

  /** The store of the (stopped) pipeline. */
  openStore(): Promise<Store> {
    const { postgres, storeFile } = this.options;
    if (postgres !== undefined) return openPostgresStore(postgres);
    return openSqliteStore(storeFile ?? join(this.red.userDir, STORE_FILE));
  }

  async remove(): Promise<void> {
    for (const feeder of this.#feeders) feeder.abort();
    for (const { red } of this.gateways) await red.remove();
    await this.client.close();
    await this.odoo.close();
    for (const dir of this.dirs) dir.remove();
  }

  async #orders() {
    const { name } = this.options;
    return this.client.call<readonly OdooRow[]>('sale.order', 'search_read', {
      args: {
        domain: [['client_order_ref', 'like', `#${name}-`]],
        fields: ['client_order_ref', 'state', 'order_line'],
        order: 'id asc',
      },
    });
  }
}

/** A sales order as the verdict needs it; ids go up with the time of creation. */
export interface OdooRow {
  readonly id: number;
  readonly client_order_ref: string;
  readonly state: string;
  readonly order_line: readonly number[];
}

export async function leftIn(
  store: Store,
): Promise<{ unsettled: number; dead: number; outbox: number; integrity: string }> {
  const one = async (sql: string): Promise<unknown> => {
    const [result] = await store.run([{ sql }]);
    return Object.values(result?.rows[0] ?? {})[0];
  };
  return {
    unsettled: Number(
      await one(
        "SELECT count(*) FROM crossdock_inbox WHERE state IN ('ready', 'suspect', 'waiting', 'queued', 'leased')",
      ),
    ),
    dead: Number(await one("SELECT count(*) FROM crossdock_inbox WHERE state IN ('dead', 'parked')")),
    outbox: Number(await one("SELECT count(*) FROM crossdock_outbox WHERE state <> 'sent'")),
    integrity: store.dialect === 'sqlite' ? String(await one('PRAGMA integrity_check')) : 'ok',
  };
}

function orderOf(account: string, id: string) {
  return makeOrder({ prefix: account, currency, skus: [SKU, SKU, SKU] }, id, [{ sku: SKU, price: '18.75' }]);
}

/** One line per delivery into the flow, and the order for what follows. */
const RECORD = `
const { id, lane, n, order } = msg.payload;
const line = { ...msg, payload: JSON.stringify({ id, lane, n }) };
msg.payload = order;
return [line, msg];`;

function flowsOf(options: PipelineOptions, odoo: OdooStandIn): FlowNode[] {
  const { kind, brokerUrl = '', postgres, storeFile, name } = options;
  return [
    { id: 'tab', type: 'tab', label: 'campaign' },
    postgres === undefined
      ? { id: 'store', type: 'crossdock-store', kind: 'sqlite', path: storeFile ?? STORE_FILE }
      : { id: 'store', type: 'crossdock-store', kind: 'postgres', ...postgres },
    {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: odoo.url,
      database: odoo.database,
      login: odoo.login,
      timeoutSeconds: 10,
      credentials: { apiKey: odoo.apiKey },
    },
    {
      id: 'channel',
      type: 'crossdock-event-channel',
      kind,
      url: brokerUrl,
      store: 'store',
      clientId: `${name}-client`,
      topicPrefix: `faults/${name}`,
      exchange: `faults.${name}`,
      source: '/faults',
      ...options.channel,
    },
    node(
      'crossdock-webhook-in',
      'feed',
      { store: 'store', path: '/feed', source: 'feed', partitionKey: 'lane' },
      [['out']],
    ),
    node('crossdock-event-out', 'out', {
      channel: 'channel',
      store: 'store',
      eventTypeType: 'str',
      eventType: 'com.crossdock.sales.order.created.v1',
      subjectType: 'msg',
      subject: 'payload.id',
      partitionKeyType: 'msg',
      partitionKey: 'payload.lane',
    }),
    node(
      'crossdock-event-in',
      'in',
      { channel: 'channel', store: 'store', subscription: 'orders', filter: '#', ...options.eventIn },
      [['record']],
    ),
    node('function', 'record', { func: RECORD, outputs: 2, libs: [] }, [['file'], ['guard']]),
    node('file', 'file', {
      filename: 'deliveries.jsonl',
      filenameType: 'str',
      appendNewline: true,
      overwriteFile: 'false',
    }),
    node('crossdock-idempotency-guard', 'guard', { store: 'store', scope: 'orders' }, [['place'], [], []]),
    node('crossdock-odoo-order', 'place', { server: 'server' }, [[]]),
    ...(options.extra ?? []),
  ];
}
