/**
 * A node that sends orders one at a time to the node under test and takes back what comes out, inside a real Node-RED:
 * `GET /round-trip/<output>/<count>` answers with the rate per second and the last result.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { largeOrder } from './shopify-order';

export const RECEIVED_AT = '2026-11-23T09:02:15Z';

interface TripRed {
  readonly nodes: {
    createNode(node: TripNode, config: unknown): void;
    registerType(type: string, create: (this: TripNode, config: unknown) => void): void;
  };
  readonly httpNode: {
    get(
      path: string,
      handler: (
        request: { params: { output: string; count: string } },
        response: { json(body: unknown): void },
      ) => void,
    ): void;
  };
}
interface TripNode {
  send(messages: (object | null)[]): void;
  on(event: 'input', handler: (message: { payload: unknown }, send: unknown, done: () => void) => void): void;
}

/** Node-RED loads it from here. */
export function roundTripNode(red: TripRed): void {
  red.nodes.registerType('bench-round-trip', function (config) {
    red.nodes.createNode(this, config);
    const order = largeOrder();
    let [output, left, count, begun] = [0, 0, 0, 0n];
    let answer: (body: unknown) => void = () => undefined;
    const next = (): void => {
      left -= 1;
      const message = { payload: order, crossdock: { receivedAt: RECEIVED_AT } };
      this.send(output === 0 ? [message, null] : [null, message]);
    };
    this.on('input', ({ payload }, _send, done) => {
      done();
      if (left > 0) next();
      else answer({ perSecond: (count * 1e9) / Number(process.hrtime.bigint() - begun), payload });
    });
    red.httpNode.get('/round-trip/:output/:count', ({ params }, response) => {
      [output, count, begun] = [Number(params.output), Number(params.count), process.hrtime.bigint()];
      left = count;
      answer = (body) => response.json(body);
      next();
    });
  });
}

/** Puts the node into a user's folder of Node-RED. */
export function addRoundTripNode(userDir: string): void {
  const folder = join(userDir, 'nodes');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'bench-round-trip.js'),
    `module.exports = require(${JSON.stringify(__filename)}).roundTripNode;\n`,
  );
  const type =
    "RED.nodes.registerType('bench-round-trip', { category: 'bench', defaults: {}, inputs: 1, outputs: 2 })";
  writeFileSync(join(folder, 'bench-round-trip.html'), `<script type="text/javascript">${type}</script>\n`);
}
