import type { CanonicalOrder } from '../../core/canonical';
import { scopes } from '../../core/delivery';
import { asCrossdockError, type CrossdockError } from '../../core/errors';
import { type OdooClient, OrderDesk, type OrderResult, responseToRefusal } from '../../core/odoo';
import { registerNode } from '../shared/base';
import { shared } from '../shared/config-node';
import type { Message, Red, Send } from '../shared/red';
import { operationIn, orderIn, targetIn, wantedOrder } from './input';
import { type Operation, readSettings, type Settings } from './settings';

interface Config {
  readonly settings: Settings;
  readonly server: (userClosed: Promise<void>) => Promise<OdooClient>;
}

/** What the status counts. */
const DONE: Readonly<Record<Operation, string>> = {
  place: 'placed',
  confirm: 'confirmed',
  amend: 'amended',
  read: 'read',
  status: 'read',
  cancel: 'cancelled',
  lock: 'locked',
  unlock: 'unlocked',
};
const READING: ReadonlySet<Operation> = new Set(['read', 'status']);
const CREDIT: ReadonlySet<string> = new Set(['CREDIT_HOLD', 'CREDIT_UNREADABLE']);

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-odoo-order', {
    normalise: (config) => ({
      server: shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server'),
      settings: readSettings(red, config),
    }),
    async start({ config, status, closed }) {
      const { settings } = config;
      const desk = new OrderDesk(await config.server(closed), settings.writer(closed));
      const counts = new Map<string, number>();
      let waiting = 0;
      let refusedCount = 0;
      const show = (): void => {
        const done = [...counts].map(([word, count]) => `${count} ${word}`);
        if (refusedCount > 0) done.push(`${refusedCount} refused`);
        const words = done.join(', ') || '0 placed';
        if (waiting > 0) status.busy(`${waiting} on the way, ${words}`);
        else if (refusedCount > 0) status.waiting(words);
        else status.ok(words);
      };
      status.ok('ready');

      const handle = async (message: Message, send: Send): Promise<void> => {
        const operation = operationIn(await settings.operation(message));
        const value = property(red, message, settings.order);
        let result: OrderResult;
        try {
          result = await perform(desk, operation, value, settings, message);
        } catch (thrown) {
          const error = asCrossdockError(thrown);
          if (!leaves(error, settings.refused)) throw error;
          refusedCount += 1;
          send([null, refusal(message, value, error)]);
          return;
        }
        const payload = payloadOf(operation, result);
        // Another delivery of the message owns it now, and tells its own story.
        if (!READING.has(operation) && (await scopes.finish(message, payload)) === 'stale') return;
        counts.set(DONE[operation], (counts.get(DONE[operation]) ?? 0) + 1);
        message['order'] = result.order;
        message['response'] = result.response;
        message.payload = payload;
        send(message);
      };

      return {
        async input(message, send) {
          waiting += 1;
          show();
          try {
            await handle(message, send);
          } finally {
            waiting -= 1;
            show();
          }
        },
        close: () => desk.close(),
      };
    },
  });
};

async function perform(
  desk: OrderDesk,
  operation: Operation,
  value: unknown,
  settings: Settings,
  message: Message,
): Promise<OrderResult> {
  switch (operation) {
    case 'place':
      return desk.place(wantedOrder(value));
    case 'amend':
      return desk.amend(wantedOrder(value));
    case 'confirm':
      return desk.confirm(targetIn(value));
    case 'read':
    case 'status':
      return desk.read(targetIn(value));
    case 'cancel': {
      const reason = await settings.reason(message);
      const { unlock } = settings;
      const said = typeof reason === 'string' ? { reason: reason.slice(0, 1000) } : {};
      return desk.cancel(targetIn(value), { unlock, ...said });
    }
    case 'lock':
    case 'unlock':
      return desk.lock(targetIn(value), operation === 'lock');
  }
}

function payloadOf(operation: Operation, { placed, order }: OrderResult): unknown {
  if (operation === 'read') return order;
  if (operation !== 'status') return placed;
  const { odooId, name, state } = placed;
  return { odooId, name, state, ...order.status };
}

/** Whether a refusal leaves by the second output instead of going to the Catch nodes. */
function leaves(error: CrossdockError, refused: Settings['refused']): boolean {
  if (error.kind !== 'business' || refused === 'none') return false;
  return refused === 'all' || CREDIT.has(error.code);
}

/** The message as it came, with what stopped it; it is not settled, since whoever takes it from there decides. */
function refusal(message: Message, value: unknown, error: CrossdockError): Message {
  const { code, kind, facts } = error;
  message['refusal'] = { code, kind, message: error.message, facts };
  const order = canonical(value);
  if (order !== undefined) {
    message['order'] = order;
    message['response'] = responseToRefusal(order, error);
  }
  return message;
}

function canonical(value: unknown): CanonicalOrder | undefined {
  try {
    return orderIn(value);
  } catch {
    return undefined;
  }
}

/** What is at a property of the message; undefined where it, or what leads to it, is not there. */
function property(red: Red, message: Message, path: string): unknown {
  try {
    return red.util.getMessageProperty(message, path);
  } catch (error) {
    // Node-RED reads on below a property that is missing.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
