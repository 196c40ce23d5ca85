/** A reference flow, deployed whole as it is shipped, with what a test needs to press its buttons and to see what comes out. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts, Report } from '../../core/reconcile';
import { type NodeRed, spawnNodeRed } from './node-red';
import { projectFolders } from './temp';
import { waitFor } from './wait';

export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly z?: string;
  readonly name?: string;
  readonly crontab?: string;
  readonly wires?: readonly (readonly string[])[];
  readonly [property: string]: unknown;
}

export interface Shown {
  readonly number: number;
  readonly key: string;
  readonly kind: string;
  readonly cause: string;
  readonly delta: string | null;
  readonly correction: { readonly state: string; readonly type: string | null };
}

export interface ReferenceFlow {
  readonly red: NodeRed;
  readonly nodes: readonly FlowNode[];
  /** Presses the button of an inject node. */
  press(name: string, props?: Readonly<Record<string, string>>): Promise<void>;
  /** The newest run of a reconciler node that begun after `since` and is over, however it ended. */
  run(name: string, since: number): Promise<Run>;
  differences(run: Run, query?: string): Promise<readonly Shown[]>;
  /** Approves over the admin API; the status of the answer. */
  approve(run: Run, numbers: readonly number[]): Promise<number>;
  /** The last thing that reached a debug node, waited for until it fits. */
  seen<T = unknown>(debug: string, fits: (value: T) => boolean): Promise<T>;
  report(run: Run): Promise<Report>;
}

export interface Run {
  readonly runId: string;
  readonly state: string;
  readonly problem: string | null;
  readonly startedAt: number;
  readonly proposed: number;
  readonly approved: number;
  readonly counts: Counts;
}

export interface ReferenceOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Name and place of an existing userDir, for a second process over the same state. */
  readonly userDir?: string;
  /** Nodes that reach Odoo at another address than the others, by their names. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** What an analyst sets in nodes, by their names. */
  readonly set?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** @param what the file's name: `reference - <what>.json` */
export async function startReferenceFlow(what: string, options: ReferenceOptions): Promise<ReferenceFlow> {
  const file = join(projectFolders().root, 'flows', `reference - ${what}.json`);
  const nodes = JSON.parse(readFileSync(file, 'utf8')) as FlowNode[];
  // The clock starts nothing, and what reaches a debug node is kept in the flow's context under the name of the node.
  const deployed = nodes.flatMap((node): FlowNode[] => {
    const set = options.set?.[node.name ?? ''] ?? {};
    if (node.type === 'inject') return [{ ...node, ...set, crontab: '', repeat: '' }];
    if (node.type === 'crossdock-reconciler' && node['schedule'] !== 'off')
      return [{ ...node, ...set, dailyAt: farAway() }];
    if (node.type !== 'debug') return [{ ...node, ...set }];
    const { id, z, name = '', complete } = node;
    const rules = [{ t: 'set', p: name.replaceAll(' ', '_'), pt: 'flow', to: String(complete), tot: 'msg' }];
    return [{ id, type: 'change', ...(z === undefined ? {} : { z }), name, rules, x: 1, y: 1, wires: [[]] }];
  });
  for (const name of Object.keys(options.set ?? {}))
    assert.ok(
      nodes.some((node) => node.name === name),
      `${what} has a node ${name}`,
    );
  for (const [name, url] of Object.entries(options.addresses ?? {})) {
    const at = deployed.findIndex((node) => node.name === name);
    const server = deployed.find(({ id }) => id === deployed[at]?.['server']);
    assert.ok(server, `${what} has a node ${name} with a server`);
    deployed[at] = { ...(deployed[at] as FlowNode), server: `server-${at}` };
    deployed.push({ ...server, id: `server-${at}`, url });
  }
  const { env, userDir } = options;
  const red = await spawnNodeRed({ flows: deployed, env, ...(userDir === undefined ? {} : { userDir }) });
  const named = (name: string, type?: string): FlowNode[] => {
    const found = nodes.filter((node) => node.name === name && (type === undefined || node.type === type));
    assert.ok(found.length > 0, `${what} has a node ${name}`);
    return found;
  };
  const store = nodes.find(({ type }) => type === 'crossdock-store')?.id ?? '';
  const api = `/crossdock/console/${store}`;
  const get = async <T>(path: string): Promise<T> => (await red.admin(`${api}/${path}`)) as T;
  return {
    red,
    nodes,
    async press(name, props) {
      const [{ id }] = named(name, 'inject') as [FlowNode];
      const body =
        props === undefined
          ? {}
          : { __user_inject_props__: Object.entries(props).map(([p, v]) => ({ p, v, vt: 'str' })) };
      const response = await fetch(`${red.url}/inject/${id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200, await response.text());
    },
    run(name, since) {
      const [{ id }] = named(name, 'crossdock-reconciler') as [FlowNode];
      return waitFor(
        async () => {
          const { items } = await get<{ items: (Run & { finishedAt: number | null })[] }>(
            `reconciliations?reconciler=${id}&limit=1`,
          );
          const [run] = items;
          return run !== undefined && run.startedAt >= since && run.finishedAt !== null ? run : undefined;
        },
        { what: `a run of ${name}`, timeoutMs: 30_000 },
      );
    },
    differences: async ({ runId }, query = '') =>
      (await get<{ items: Shown[] }>(`reconciliations/${runId}/differences?limit=1000${query}`)).items,
    async approve({ runId }, numbers) {
      const response = await fetch(`${red.url}${api}/reconciliations/${runId}/approve`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ numbers, count: numbers.length }),
      });
      await response.arrayBuffer();
      return response.status;
    },
    seen<T>(debug: string, fits: (value: T) => boolean) {
      return waitFor(
        async () => {
          for (const { z, name = '' } of named(debug, 'debug')) {
            const { msg, format } = (await red.admin(`/context/flow/${z}/${name.replaceAll(' ', '_')}`)) as {
              msg?: string;
              format?: string;
            };
            if (msg === undefined || format === 'undefined') continue;
            const value = (/^(Object|array)/.test(format ?? '') ? JSON.parse(msg) : msg) as T;
            if (fits(value)) return value;
          }
          return undefined;
        },
        { what: `what reaches ${debug}`, timeoutMs: 30_000 },
      );
    },
    report: ({ runId }) => get<Report>(`reconciliations/${runId}/report.json`),
  };
}

/** A time of day that does not come while a test runs. */
function farAway(): string {
  const later = new Date(Date.now() + 12 * 3_600_000);
  return `${String(later.getHours()).padStart(2, '0')}:30`;
}
