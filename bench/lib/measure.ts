/** What the benchmarks share: medians, one JSON line, and a load of HTTP requests that costs little by itself. */
import { connect, type Socket } from 'node:net';
import { cpus, loadavg } from 'node:os';
import { inspect } from 'node:util';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

/** What a benchmark prints of its two sides: medians, their ratio, and whether it is what was promised. */
export interface Compared {
  readonly ratio: number;
  readonly target: number;
  readonly ok: boolean;
  /** Of each round, so that one sees how much they differ. */
  readonly ratios: readonly number[];
  readonly oursPerSecond: number;
  readonly barePerSecond: number;
}

export function compared(rates: Rates, target: number): Compared {
  const [ours, bare] = [median(rates.ours), median(rates.bare)];
  const ratio = round(ours / bare, 2);
  return {
    ratio,
    target,
    ok: ratio >= target,
    ratios: rates.ours.map((each, index) => round(each / (rates.bare[index] ?? Number.NaN), 2)),
    oursPerSecond: round(ours, ours < 100 ? 1 : 0),
    barePerSecond: round(bare, bare < 100 ? 1 : 0),
  };
}

export type Side = 'ours' | 'bare';
/** Per second, by round. */
export type Rates = Readonly<Record<Side, readonly number[]>>;

/**
 * Measures both sides in turn. A round before the first one warms them up and does not count; who goes first changes
 * from round to round, since who goes second finds the machine as the other one has left it.
 * @param measure one side's rate per second
 */
export async function sideBySide(
  rounds: number,
  measure: (side: Side, round: number) => Promise<number>,
): Promise<Rates> {
  const rates = { ours: [] as number[], bare: [] as number[] };
  for (let turn = 0; turn <= rounds; turn += 1) {
    const sides: readonly Side[] = turn % 2 === 0 ? ['bare', 'ours'] : ['ours', 'bare'];
    for (const side of sides) {
      const rate = await measure(side, turn);
      if (turn > 0) rates[side].push(rate);
    }
  }
  return rates;
}

/** Sends `count` messages, at most `window` of them unconfirmed; resolves when all are confirmed. */
export function inWindow(
  count: number,
  window: number,
  send: (n: number, confirmed: (error: unknown) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const more = (): void => {
      while (sent < count && sent - done < window) {
        sent += 1;
        send(sent, (error) => {
          if (error !== null && error !== undefined) reject(error);
          done += 1;
          if (done === count) resolve();
          else more();
        });
      }
    };
    more();
  });
}

/** Seconds that the work takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

/** Processes that want to run, over the last minute. */
function load(): number {
  return round(loadavg()[0] ?? 0, 1);
}

/** Runs a benchmark and prints its line; an error is a line too, with exit code 1. */
export function run(bench: string, work: () => Promise<Readonly<Record<string, unknown>>>): void {
  // What else the machine had to do: beside twice as much as it has cores, no ratio means anything.
  const before = load();
  work().then(
    (result) =>
      console.log(JSON.stringify({ bench, ...result, cores: cpus().length, load: [before, load()] })),
    (error: unknown) => {
      // With its cause: that of a fetch says nothing by itself.
      console.log(JSON.stringify({ bench, error: inspect(error) }));
      process.exitCode = 1;
    },
  );
}

/**
 * Posts `count` requests over `connections` kept-alive connections, each waiting for its answer; bare sockets, since
 * an HTTP client would take a good part of the machine that is measured.
 * @param path where to post
 * @param request the headers (lines without the common ones) and the body of the nth request
 * @returns requests per second; throws when an answer is not 2xx
 */
export async function postAll(
  port: number,
  path: string,
  count: number,
  connections: number,
  request: (n: number) => { readonly headers: readonly string[]; readonly body: string },
): Promise<number> {
  let next = 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let seen = '';
      const send = (): void => {
        if (next >= count) {
          socket.end();
          resolve();
          return;
        }
        next += 1;
        const { headers, body } = request(next);
        const lines = [
          `POST ${path} HTTP/1.1`,
          'Host: 127.0.0.1',
          'Content-Type: application/json',
          `Content-Length: ${Buffer.byteLength(body)}`,
          ...headers,
        ];
        socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        seen += chunk.toString('latin1');
        const end = seen.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0);
        if (seen.length < end + 4 + length) return;
        if (!seen.startsWith('HTTP/1.1 2')) reject(new Error(`answered ${seen.slice(0, 200)}`));
        seen = '';
        send();
      });
    });
  const taken = await seconds(() => Promise.all(Array.from({ length: connections }, one)));
  return count / taken;
}
