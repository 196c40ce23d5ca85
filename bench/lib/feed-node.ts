/**
 * A node that feeds another one with messages, for where a function node (some 20 µs per message in its sandbox) would
 * be what is measured. `GET /feed/<count>` makes it send so many, as fast as they are taken; what comes out is to be
 * wired back to it. It says `bench ended` when all have come back.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { orderData } from './events';

/** Messages sent and not yet come back, at most: enough for commits in large groups. */
const AHEAD = 512;
/** Messages per turn of the event loop. */
const BITE = 64;

/** As much of Node-RED as it needs. */
interface FeedRed {
  readonly nodes: {
    createNode(node: FeedNode, config: unknown): void;
    registerType(type: string, create: (this: FeedNode, config: unknown) => void): void;
  };
  readonly httpNode: {
    get(
      path: string,
      handler: (request: { params: { count: string } }, response: { end(): void }) => void,
    ): void;
  };
}
interface FeedNode {
  send(message: object): void;
  warn(text: string): void;
  on(event: 'input', handler: (message: object, send: unknown, done: () => void) => void): void;
}

/** Node-RED loads it from here. */
export function feedNode(red: FeedRed): void {
  red.nodes.registerType('bench-feed', function (config) {
    red.nodes.createNode(this, config);
    let [total, sent, back] = [0, 0, 0];
    let going = false;
    const more = (): void => {
      for (let bite = 0; bite < BITE && sent < total && sent - back < AHEAD; bite += 1) {
        sent += 1;
        this.send({ subject: `SO-${sent}`, payload: orderData(sent) });
      }
      going = sent < total && sent - back < AHEAD;
      if (going) setImmediate(more);
    };
    this.on('input', (_message, _send, done) => {
      back += 1;
      if (back === total) this.warn('bench ended');
      if (!going && sent < total && sent - back < AHEAD / 2) more();
      done();
    });
    red.httpNode.get('/feed/:count', ({ params }, response) => {
      [total, sent, back] = [Number(params.count), 0, 0];
      response.end();
      more();
    });
  });
}

/** Puts the node into a user's folder of Node-RED. */
export function addFeedNode(userDir: string): void {
  const folder = join(userDir, 'nodes');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'bench-feed.js'),
    `module.exports = require(${JSON.stringify(__filename)}).feedNode;\n`,
  );
  const type =
    "RED.nodes.registerType('bench-feed', { category: 'bench', defaults: {}, inputs: 1, outputs: 1 })";
  writeFileSync(join(folder, 'bench-feed.html'), `<script type="text/javascript">${type}</script>\n`);
}
