import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mock } from 'node:test';
import { type Outcome, type ScopedMessage, scopes } from '../../core/delivery';
import type { Red } from '../../nodes/shared/red';
import { silentMessages, trackMessages } from '../../nodes/shared/tracking';

type Sent = ScopedMessage | (ScopedMessage | null)[];
type Handler = (
  message: ScopedMessage,
  send: (messages: Sent) => void,
  done: (error?: Error) => void,
) => void;

/** What of Node-RED's runtime (Node.js, Flow.js, hooks.js) messages pass through, in its order of events. */
class Runtime {
  readonly events = new EventEmitter();
  readonly #hooks = new Map<string, (event: unknown) => void>();
  readonly red = {
    events: this.events,
    hooks: {
      add: (hook: string, call: (event: unknown) => void) => this.#hooks.set(hook.split('.')[0] ?? '', call),
    },
  } as unknown as Red;

  trigger(hook: string, event: unknown): void {
    this.#hooks.get(hook)?.(event);
  }
  node(
    type: string,
    handler: Handler | ((message: ScopedMessage) => void) | null,
    next?: FakeNode,
  ): FakeNode {
    return new FakeNode(this, type, handler, next);
  }
}

class FakeNode {
  readonly id = `${Math.random()}`;
  _inputCallbacks = null;
  _expectedDoneCount = 0;
  errors = 0;
  constructor(
    private readonly runtime: Runtime,
    readonly type: string,
    public _inputCallback: Handler | ((message: ScopedMessage) => void) | null,
    private readonly next: FakeNode | undefined,
  ) {}

  error(_text: unknown, _message?: unknown): void {
    this.errors += 1;
  }
  send(messages: Sent): void {
    const { next } = this;
    for (const msg of Array.isArray(messages) ? messages : [messages]) {
      if (msg === null || next === undefined) continue;
      const event = { msg, source: { id: this.id }, destination: { id: next.id, node: next } };
      this.runtime.trigger('preRoute', event);
      this.runtime.trigger('preDeliver', event);
      setImmediate(() => next.receive(msg));
    }
  }
  receive(msg: ScopedMessage): void {
    const event = { msg, destination: { id: this.id, node: this } };
    this.runtime.trigger('onReceive', event);
    this._inputCallback?.(
      msg,
      (messages) => this.send(messages),
      (error) => {
        this.runtime.trigger('onComplete', { msg, error, node: { id: this.id, node: this } });
        if (error !== undefined) this.error(error, msg);
      },
    );
    this.runtime.trigger('postReceive', event);
  }
}

describe('tracking', () => {
  const runtime = new Runtime();
  let ends: string[];

  before(() => trackMessages(runtime.red));
  after(() => {
    // The registry is the process's: other suites have nobody who counts.
    scopes.tracked = false;
  });
  /** What is kept of messages; suites before this one may have left theirs to run out. */
  const kept = (): number[] => [scopes.size, scopes.remembered, silentMessages()];
  let earlier: number[];
  beforeEach(() => {
    ends = [];
    earlier = kept();
  });
  afterEach(() => {
    assert.ok(
      kept().every((now, at) => now <= (earlier[at] ?? 0)),
      `left: ${kept().join(', ')}; before: ${earlier.join(', ')}`,
    );
  });

  let count = 0;
  /** Sends a message into `first`, as a source does. */
  function enter(first: FakeNode): void {
    count += 1;
    const message: ScopedMessage = { _msgid: `t${count}` };
    const handlers = {
      kind: 'test',
      store: undefined,
      statements: () => [],
      ended: (outcome: Outcome | string) => {
        ends.push(
          typeof outcome === 'string'
            ? outcome
            : outcome.type === 'failed'
              ? `failed: ${outcome.error.message} (${outcome.error.kind})`
              : outcome.type,
        );
      },
    };
    scopes.open(message, handlers, 600_000, { pending: 0 });
    const { crossdock } = message;
    runtime.node('source', null, first).send(message);
    scopes.sent({ ...(crossdock === undefined ? {} : { crossdock }) });
  }
  async function turns(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  it('keeps nothing of 200,000 messages, through nodes with and without done', async function () {
    this.timeout(60_000);
    const last = runtime.node('debug', (_message, _send, done) => done());
    // A switch: without `done`, sends nulls when nothing matches, is late for every second message.
    const choose: FakeNode = runtime.node(
      'switch',
      (message: ScopedMessage) => {
        const answer = Number(message._msgid?.slice(1)) % 3 === 0 ? [null] : [message];
        if (Number(message._msgid?.slice(1)) % 2 === 0) setImmediate(() => choose.send(answer));
        else choose.send(answer);
      },
      last,
    );
    const filter = runtime.node('rbe', (message: ScopedMessage) => {
      if (Number(message._msgid?.slice(1)) % 5 === 0) choose.receive(message);
    });
    const first: FakeNode = runtime.node(
      'function',
      (message, send, done) => {
        if (Number(message._msgid?.slice(1)) % 7 === 0) {
          done(new Error('seven'));
          return;
        }
        send([message, { ...message }]);
        done();
      },
      choose,
    );
    for (let n = 0; n < 200_000; n += 1) {
      enter(n % 2 === 0 ? first : filter);
      if (n % 500 === 0) await turns();
    }
    await turns();
    assert.equal(ends.length, 200_000);
    assert.deepEqual([...new Set(ends)].sort(), ['completed', 'failed: seven (permanent)']);
  });

  it('lets a quiet time end what an old node does not speak about', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      enter(runtime.node('old', (_message: ScopedMessage) => undefined));
      await turns();
      assert.deepEqual(ends, []);
      mock.timers.tick(10_000);
      await turns();
      assert.deepEqual(ends, ['completed']);
    } finally {
      mock.timers.reset();
    }
  });

  it('hears the sends of a switch also after a deploy drew its wires anew', async () => {
    const choose: FakeNode = runtime.node('switch', (_message: ScopedMessage) => choose.send([null]));
    enter(choose);
    await turns();
    choose.send = FakeNode.prototype.send;
    enter(choose);
    await turns();
    assert.deepEqual(ends, ['completed', 'completed']);
  });

  it('takes whatever a node reports as an error', async () => {
    for (const reported of ['text', '', null, undefined, 7, {}, Object.create(null), new Error('boom')]) {
      const node: FakeNode = runtime.node('function', (message, _send, done) => {
        node.error(reported, message);
        done();
      });
      enter(node);
    }
    await turns();
    const said = (text: string): string => `failed: ${text} (permanent)`;
    const nothing = said('A node failed and did not say why.');
    assert.deepEqual(ends, [said('text'), ...Array(6).fill(nothing), said('boom')]);
  });

  it('hands back what a stopping node drops, and what is sent to a node that is gone', async () => {
    runtime.events.emit('flows:stopping');
    const holder: FakeNode = runtime.node('delay', (_message, _send, done) => {
      // As core's delay does in its close: `done`, and then its handlers are removed.
      setImmediate(() => {
        done();
        holder._inputCallback = null;
      });
    });
    enter(holder);
    const gone = runtime.node('debug', null);
    enter(gone);
    await turns();
    runtime.events.emit('flows:started');
    assert.deepEqual(ends, ['handedBack', 'handedBack']);
  });
});
