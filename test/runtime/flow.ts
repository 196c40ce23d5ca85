/** Flows and senders that several runtime tests need. */
import { request } from 'node:http';
import { type NodeRed, waitFor } from '../support';

export type FlowNode = { id: string; type: string; [property: string]: unknown };

export const TAB: FlowNode = { id: 'tab', type: 'tab', label: 'test' };
export const STORE: FlowNode = { id: 'store', type: 'crossdock-store', path: 'test.sqlite' };

/** A node on the tab; without a place on the canvas Node-RED would take it for a config node. */
export function node(type: string, id: string, config: object = {}, wires: string[][] = [[]]): FlowNode {
  return { id, type, z: 'tab', x: 100, y: 100, wires, ...config };
}

export function webhook(id: string, config: object = {}, wires: string[][] = [['record']]): FlowNode {
  return node('crossdock-webhook-in', id, { store: 'store', path: `/${id}`, source: id, ...config }, wires);
}

/** Appends one JSON line per message to a file below userDir, with what the expression makes of it. */
export function record(id: string, file: string, expression: string, wires: string[][] = [[]]): FlowNode[] {
  return [
    node('change', id, { rules: [{ t: 'set', p: 'line', pt: 'msg', to: expression, tot: 'jsonata' }] }, [
      [`${id}Json`, ...(wires[0] ?? [])],
    ]),
    node(
      'change',
      `${id}Json`,
      {
        rules: [{ t: 'set', p: 'payload', pt: 'msg', to: '$string(line)', tot: 'jsonata' }],
      },
      [[`${id}File`]],
    ),
    node('file', `${id}File`, {
      filename: file,
      filenameType: 'str',
      appendNewline: true,
      overwriteFile: 'false',
    }),
  ];
}

/** Everything that fails on the tab's named nodes goes to the dead letters. */
export function deadLetters(...scope: string[]): FlowNode[] {
  return [
    node('catch', 'catch', { scope, uncaught: false }, [['dead']]),
    node('crossdock-dead-letter', 'dead', { store: 'store' }, [[], ['again']]),
    ...record('again', 'again.jsonl', '{"code": error.code, "retry": crossdock.retry}'),
  ];
}

export interface Letter {
  readonly code: string;
  readonly kind: string;
  readonly reason: string;
  readonly deliveryId: string | null;
  readonly attempts: number;
}

/** What is parked now; waits for the dead letter node while flows are starting. */
export function parked(red: NodeRed): Promise<readonly Letter[]> {
  return waitFor(
    async () => ((await red.admin('/crossdock/dead-letters/dead')) as { items: Letter[] }).items,
    { what: 'the dead letters' },
  );
}

/** Presses the button of an inject node; waits while flows are starting. */
export async function press(red: NodeRed, id: string): Promise<void> {
  const init = { method: 'POST', headers: { connection: 'close' } };
  await waitFor(async () => (await fetch(`${red.url}/inject/${id}`, init)).ok, {
    what: `the button of ${id}`,
  });
}

/** Posts JSON (or a text as it is). */
export async function post(
  red: NodeRed,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(red.url + path, {
    method: 'POST',
    // Kept alive, it may be closed by a busy Node-RED at the very moment of the next request: "fetch failed".
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = { text };
  }
  return { status: response.status, body: parsed as Record<string, unknown>, headers: response.headers };
}

/** Posts again and again, as shops do, until it is acknowledged. */
export async function postUntilTaken(red: NodeRed, path: string, id: string, body: unknown): Promise<void> {
  await waitFor(
    async () => {
      const { status } = await post(red, path, body, { 'idempotency-key': id });
      return status === 200 || status === 202;
    },
    { what: `the acknowledgement of ${id}`, timeoutMs: 30_000, intervalMs: 50 },
  );
}

/** Streams a body without end (512 MB at most) until the server answers or hangs up. */
export function endlessPost(url: string): Promise<{ status: number | undefined; sent: number }> {
  return new Promise((resolve) => {
    const chunk = Buffer.alloc(64 * 1024, 0x20);
    let sent = 0;
    let status: number | undefined;
    let over = false;
    const end = (): void => {
      over = true;
      resolve({ status, sent });
    };
    const options = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const outgoing = request(url, options, (response) => {
      status = response.statusCode;
      outgoing.destroy();
      end();
    });
    outgoing.on('error', end);
    outgoing.on('close', end);
    const pour = (): void => {
      while (!over && sent < 512 * 1024 * 1024) {
        sent += chunk.length;
        if (!outgoing.write(chunk)) {
          outgoing.once('drain', pour);
          return;
        }
      }
    };
    pour();
  });
}
