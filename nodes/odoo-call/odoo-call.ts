import { scopes } from '../../core/delivery';
import { OdooCaller, readPages } from '../../core/odoo';
import { type Context, registerNode } from '../shared/base';
import type { Message, Red, Send } from '../shared/red';
import { trackMessages } from '../shared/tracking';
import { type CallConfig, fieldsOfCall, type Request, readConfig } from './config';
import { type Reading, sendPages } from './reading';
import { mountSuggestions } from './routes';

export = (red: Red): void => {
  registerNode<CallConfig>(red, 'crossdock-odoo-call', {
    normalise: (config, node) => readConfig(red, config, node),
    start: (context) => start(red, context),
  });
  mountSuggestions(red);
};

async function start(red: Red, { node, config, status, closed }: Context<CallConfig>) {
  const client = await config.server(closed);
  const caller = new OdooCaller(client, config.caller);
  const open = new Set<() => Promise<unknown>>();
  let stopped = false;
  let running = 0;
  let calls = 0;
  const show = (): void => {
    if (running > 0) status.busy(`${running} under way, ${calls} done`);
    else status.ok(calls === 0 ? 'ready' : `${calls} done`);
  };
  // Before the first page: what is not counted cannot be waited for.
  trackMessages(red);
  show();

  async function call(message: Message, send: Send, request: Request): Promise<void> {
    const { value, wrote } = await caller.call(request);
    message.payload = value;
    message['odoo'] = { model: request.model, method: request.method };
    // Reading ends nothing: what it is read for comes behind.
    if (wrote && (await scopes.finish(message, value)) === 'stale') return;
    calls += 1;
    send(message);
  }

  async function read(message: Message, request: Request): Promise<void> {
    const { holdMs } = config.reading;
    const reading: Reading = {
      ...{ red, node, settings: config.reading, reads: 'records', holdMs },
      ...{ stopped: () => stopped, open },
    };
    const { model, args, context, after } = request;
    const pages = readPages(client, {
      ...config.caller,
      model,
      domain: args['domain'],
      fields: fieldsOfCall(request),
      context,
      pageSize: config.reading.pageSize,
      after,
    });
    const records = await sendPages(reading, message, model, pages);
    calls += 1;
    // Its pages were work of their own, so nobody else ends the message itself.
    await scopes.finish(message, { model, records });
  }

  return {
    async input(message: Message, send: Send) {
      running += 1;
      show();
      try {
        const request = await config.request(message);
        if (config.operation === 'read') await read(message, request);
        else await call(message, send, request);
      } finally {
        running -= 1;
        show();
      }
    },
    close: async () => {
      stopped = true;
      await Promise.allSettled([...open].map((giveBack) => giveBack()));
    },
  };
}
