/** Node-RED for the benchmarks, and the flow that feeds another one with messages. */
import { type NodeRed, spawnNodeRed, tempDir } from '../../test/support';
import { addFeedNode } from './feed-node';

/** Where a node stands; all are on one tab. */
export const at = { z: 'tab', x: 100, y: 100 };

/** A Node-RED with these flows; BENCH_NODE_OPTIONS are its NODE_OPTIONS (`--cpu-prof`). */
export async function startNodeRed(
  flows: readonly object[],
  env: Record<string, string> = {},
): Promise<NodeRed> {
  const options = process.env['BENCH_NODE_OPTIONS'] ?? '';
  const folder = tempDir('crossdock-bench-');
  addFeedNode(folder.path);
  const red = await spawnNodeRed({
    userDir: folder.path,
    flows,
    env: { ...env, NODE_OPTIONS: options },
  });
  return { ...red, remove: () => red.remove().finally(() => folder.remove()) };
}

export interface FeedOptions {
  /** Also the path: `GET /<id>/<count>` sends so many messages. */
  readonly id: string;
  readonly target: string;
  /** JavaScript of the nth message, `n` from 1. */
  readonly message: string;
  /** Messages on their way at most; those that have passed `countOut` are not. Left out: as fast as it can. */
  readonly ahead?: number;
}

/** A core function node that sends messages, a few per turn of the event loop (it has no setImmediate). */
export function feeder({ id, target, message, ahead }: FeedOptions): object[] {
  const pace =
    ahead === undefined
      ? 'setTimeout(more, 0);'
      : `const wait = () => (sent - global.get('out').n > ${ahead} ? setTimeout(wait, 1) : more()); setTimeout(wait, 0);`;
  const feed = `
const total = msg.payload;
let sent = 0;
const more = () => {
  for (let i = 0; i < 200 && sent < total; i += 1) {
    sent += 1;
    const n = sent;
    node.send(${message});
  }
  if (sent >= total) { node.done(); return; }
  ${pace}
};
more();`;
  const begin = `
const total = Number(msg.req.params.n);
global.set('out', { n: 0, total });
return [{ ...msg, payload: 'ok' }, { payload: total }];`;
  return [
    { id: `${id}http`, type: 'http in', url: `/${id}/:n`, method: 'get', wires: [[`${id}set`]], ...at },
    { id: `${id}set`, type: 'function', func: begin, outputs: 2, wires: [[`${id}ok`], [`${id}feed`]], ...at },
    { id: `${id}ok`, type: 'http response', wires: [], ...at },
    { id: `${id}feed`, type: 'function', func: feed, outputs: 1, wires: [[target]], ...at },
  ];
}

/** Counts what comes out, and says when it is all (`bench ended`). The context holds an object: no set per message. */
export function countOut(id: string): object {
  const func = `
const out = global.get('out');
out.n += 1;
if (out.n === out.total) node.warn('bench ended');`;
  return { id, type: 'function', func, outputs: 1, wires: [[]], ...at };
}

/** The first line of the log from `from` on that matches; a line with an error ends the benchmark. */
export async function said(
  red: NodeRed,
  pattern: RegExp,
  from: number,
  timeoutMs = 600_000,
): Promise<string> {
  const either = new RegExp(`${pattern.source}|\\[error\\]`);
  const line = await red.waitForLog(either, { from, timeoutMs });
  if (!pattern.test(line)) throw new Error(line);
  return line;
}

/** GET; on a connection of its own, since a busy Node-RED may close a kept one just when it is used again. */
export function ask({ url }: Pick<NodeRed, 'url'>, path: string): Promise<Response> {
  return fetch(url + path, { headers: { connection: 'close' } });
}

/** Has the feeder `id` send `count` messages. */
export async function feed(red: NodeRed, id: string, count: number): Promise<void> {
  const response = await ask(red, `/${id}/${count}`);
  if (!response.ok) throw new Error(`the feeder answered ${response.status}`);
}
