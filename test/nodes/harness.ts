/**
 * Our nodes in Node-RED's own flow engine, in this process (node-red-node-test-helper), with the real parts behind
 * them. CROSSDOCK_NODE_RED=4 takes Node-RED 4.1 instead of 5.
 */
import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import type { Message, Red, RedNode, Status } from '../../nodes/shared/red';
import { projectFolders, type TempDir, tempDir, waitFor } from '../support';

export type TestMessage = Message & {
  error?: { message: string; code?: string; source?: { id: string }; [key: string]: unknown };
};
export type FlowNode = { id: string; type: string; [property: string]: unknown };
type NodeSet = (red: Red) => void;

const major = process.env.CROSSDOCK_NODE_RED?.startsWith('4') ? 'node-red-4' : 'node-red';

/** Every node of the package, as its package.json lists them. */
export const NODE_NAMES = [
  'store',
  'odoo-server',
  'event-channel',
  'contract',
  'webhook-in',
  'canonical-mapper',
  'contract-check',
  'idempotency-guard',
  'sequence-guard',
  'odoo-order',
  'odoo-fulfilment',
  'odoo-stock',
  'odoo-call',
  'odoo-changes',
  'odoo-invoice',
  'dead-letter',
  'replay',
  'inventory-publish',
  'reconciler',
  'event-in',
  'event-out',
  'settle',
  'retry',
  'circuit-breaker',
] as const;

export function nodeSet(name: string): NodeSet {
  return require(join(__dirname, '..', '..', 'nodes', name, name)) as NodeSet;
}

/** How long a test waits for a message or a status. */
const PATIENCE_MS = 8000;
/** Ms that a node's close may take, from which follows how long sources wait for what is in their flow. */
export const CLOSE_MS = 4000;

interface RuntimeNode extends RedNode {
  receive(message: Message): void;
}

interface RuntimeRed extends Red {
  readonly events: EventEmitter;
}

/** The flows that run now. */
export interface Running {
  readonly red: Red;
  readonly userDir: string;
  /** The node, or undefined when its type did not load or its constructor threw. */
  node(id: string): RuntimeNode;
  /** Gives a node a message as a wire would. */
  send(id: string, message: Message): void;
  /** What a `helper` node (see `sink`) has received so far. */
  got(id: string): readonly TestMessage[];
  /** Waits for the nth message (from 1) at a sink. */
  nth(id: string, n?: number): Promise<TestMessage>;
  /** The node's status now. */
  status(id: string): Status | undefined;
  /** Waits until the node's status has this colour or text, or its text matches. */
  untilStatus(id: string, wanted: RegExp | string): Promise<Status>;
  /** Every status the node has had since the flows were loaded. */
  statuses(id: string): readonly Status[];
  /** Resolves when Node-RED has begun to close this node. */
  closing(id: string): Promise<void>;
  redeploy(flow: readonly FlowNode[], type?: 'full' | 'flows' | 'nodes'): Promise<void>;
  /** An address on which `httpNode` and `httpAdmin` answer. */
  http(app: 'node' | 'admin'): Promise<string>;
}

/** A node that keeps what it gets. */
export function sink(id: string, z = 'tab'): FlowNode {
  return { id, type: 'helper', z, wires: [] };
}

/**
 * Sinks beside the flow: `caught` gets what the Catch node catches, `completed` what the named nodes complete: the
 * sum of both is how often `done` was called.
 */
export function observers(...watched: string[]): FlowNode[] {
  return [
    { id: 'tab', type: 'tab', label: 'test' },
    { id: 'catch', type: 'catch', z: 'tab', scope: null, uncaught: false, wires: [['caught']] },
    sink('caught'),
    { id: 'complete', type: 'complete', z: 'tab', scope: watched, wires: [['completed']] },
    sink('completed'),
  ];
}

/** Node-RED takes a node without a place on the canvas for a config node, which no Catch node hears. */
function placed(flow: readonly FlowNode[]): FlowNode[] {
  return flow.map((node) => structuredClone(node['z'] === undefined ? node : { ...node, x: 100, y: 100 }));
}

/** Loads and unloads flows around each test; call inside `describe`. */
export function useFlows(): {
  load(
    flow: readonly FlowNode[],
    options?: { credentials?: Record<string, object>; extra?: readonly NodeSet[] },
  ): Promise<Running>;
  readonly userDir: string;
} {
  let dir: TempDir;
  const servers = new Set<Server>();
  let unwatch: (() => void) | undefined;
  before(async () => {
    const root = projectFolders().root;
    helper.init(require.resolve(join(root, 'node_modules', major)));
    await helper.startServer();
  });
  after(() => helper.stopServer());
  beforeEach(() => {
    dir = tempDir('crossdock-nodes-');
  });
  afterEach(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    servers.clear();
    await helper.unload();
    unwatch?.();
    dir.remove();
  });

  async function load(
    flow: readonly FlowNode[],
    {
      credentials = {},
      extra = [],
    }: { credentials?: Record<string, object>; extra?: readonly NodeSet[] } = {},
  ): Promise<Running> {
    let captured: RuntimeRed | undefined;
    const statuses = new Map<string, Status[]>();
    const received = new Map<string, TestMessage[]>();
    const onStatus = ({ id, status }: { id: string; status: Status }): void => {
      statuses.set(id, [...(statuses.get(id) ?? []), status]);
    };
    const probe = (red: RuntimeRed): void => {
      captured = red;
      red.events.on('node-status', onStatus);
      unwatch = () => red.events.off('node-status', onStatus);
    };
    helper.settings({ userDir: dir.path, nodeCloseTimeout: CLOSE_MS });
    await helper.load(
      [probe, ...NODE_NAMES.map(nodeSet), ...extra],
      placed(flow),
      structuredClone(credentials),
    );
    if (captured === undefined) throw new Error('the probe was not loaded');
    const red: RuntimeRed = captured;
    const node = (id: string): RuntimeNode => {
      const found = helper.getNode(id) as RuntimeNode | null;
      if (found === null) throw new Error(`node ${id} is not running`);
      return found;
    };
    const heard = new WeakSet<RuntimeNode>();
    const listen = (nodes: readonly FlowNode[]): void => {
      for (const { id, type } of nodes) {
        if (type !== 'helper') continue;
        const instance = node(id);
        if (heard.has(instance)) continue;
        heard.add(instance);
        const list = received.get(id) ?? [];
        received.set(id, list);
        instance.on('input', (message) => list.push(message as TestMessage));
      }
    };
    listen(flow);
    const got = (id: string): readonly TestMessage[] => received.get(id) ?? [];
    const last = (id: string): Status | undefined => statuses.get(id)?.at(-1);
    return {
      red,
      userDir: dir.path,
      node,
      send: (id, message) => node(id).receive(message),
      got,
      nth: (id, n = 1) =>
        waitFor(() => got(id)[n - 1], { what: `message ${n} at ${id}`, timeoutMs: PATIENCE_MS }),
      status: last,
      statuses: (id) => statuses.get(id) ?? [],
      async untilStatus(id, wanted) {
        const fits = (now: Status | undefined): boolean =>
          wanted instanceof RegExp ? wanted.test(now?.text ?? '') : [now?.fill, now?.text].includes(wanted);
        try {
          return await waitFor(() => (fits(last(id)) ? last(id) : undefined), { timeoutMs: PATIENCE_MS });
        } catch (cause) {
          const seen = JSON.stringify(statuses.get(id) ?? []);
          throw new Error(`${id} did not come to the status ${wanted}; it had ${seen}`, { cause });
        }
      },
      closing: (id) =>
        new Promise((resolve) => {
          node(id).on('close', (_removed: boolean, done: () => void) => {
            resolve();
            done();
          });
        }),
      async redeploy(next, type = 'full') {
        await helper.setFlows(placed(next), type);
        const stopping = helper.log().args.filter(([{ msg }]) => String(msg).includes('stopping-error'));
        assert.deepEqual(stopping, [], 'a node did not close in time, or not in good order');
        listen(next);
      },
      async http(which) {
        const app = (which === 'node' ? red.httpNode : red.httpAdmin) as unknown as RequestListener;
        const server = createServer(app).listen(0, '127.0.0.1');
        servers.add(server);
        await once(server, 'listening');
        return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      },
    };
  }
  return {
    load,
    get userDir() {
      return dir.path;
    },
  };
}
