import { CrossdockError } from '../../core/errors';
import { type OdooClient, readAvailability } from '../../core/odoo';
import { openReconcileRuns, type ReconcileOptions, reconcile } from '../../core/reconcile';
import { type Context, registerNode } from '../shared/base';
import { choice, decimal, text } from '../shared/config';
import { shared } from '../shared/config-node';
import type { Message, RawConfig, Red } from '../shared/red';
import { storeOf } from '../shared/store';

type Side = (
  message: Message,
  userClosed: Promise<void>,
) => Promise<AsyncIterable<unknown> | Iterable<unknown>>;

interface Config {
  readonly store: ReturnType<typeof storeOf>;
  readonly left: Side;
  readonly right: Side;
  readonly options: ReconcileOptions;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-reconciler', {
    normalise(config) {
      const toleranceAbsolute = decimal(config, 'toleranceAbsolute', 'Tolerance', '0');
      const tolerancePercent = decimal(config, 'tolerancePercent', 'Tolerance in percent', '0');
      const fields = text(config, 'fields', 'Fields', 'onHand')
        .split(',')
        .map((path) => path.trim())
        .filter((path) => path !== '');
      return {
        store: storeOf(red, config),
        left: side(red, config, 'left'),
        right: side(red, config, 'right'),
        options: {
          leftLabel: text(config, 'leftLabel', 'Name of the first source', 'Odoo'),
          rightLabel: text(config, 'rightLabel', 'Name of the second source', 'Warehouse'),
          key: text(config, 'keyField', 'Key', 'sku'),
          fields: fields.map((path) => ({
            path,
            type: 'decimal' as const,
            toleranceAbsolute,
            tolerancePercent,
          })),
        },
      };
    },
    start,
  });
};

function side(red: Red, config: RawConfig, which: 'left' | 'right'): Side {
  const type = choice(config, `${which}Type`, 'Source', ['odoo', 'msg'], which === 'left' ? 'odoo' : 'msg');
  if (type === 'odoo') {
    const server = shared<OdooClient>(red, config, 'server', 'crossdock-odoo-server', 'Odoo server');
    return async (_message, userClosed) => flatten(readAvailability(await server(userClosed)));
  }
  const property = text(
    config,
    `${which}Property`,
    'Property',
    which === 'left' ? 'payload.left' : 'payload',
  );
  return async (message) => {
    const found = red.util.getMessageProperty(message, property);
    if (Array.isArray(found)) return found;
    throw new CrossdockError(`msg.${property} is not a list of records, so there is nothing to compare.`, {
      code: 'RECONCILE_SOURCE',
      kind: 'permanent',
      facts: { property },
    });
  };
}

async function* flatten<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T, void, void> {
  for await (const page of pages) yield* page;
}

async function start({ node, config, status, closed }: Context<Config>) {
  const runs = await openReconcileRuns(await config.store(closed));
  status.ok('ready');
  return {
    async input(message: Message, send: (messages: (Message | null)[]) => void) {
      status.busy('comparing');
      const [left, right] = await Promise.all([config.left(message, closed), config.right(message, closed)]);
      const result = await reconcile(left, right, config.options);
      await runs.save(node.id, result);
      const found = result.counts.different;
      if (found === 0) status.ok(`${result.counts.matched} agree`);
      else status.waiting(`${found} differ, ${result.counts.matched} agree`);
      message.payload = result;
      const differing: Message | null =
        found === 0 ? null : { topic: message.topic, payload: result.differences, runId: result.runId };
      send([message, differing]);
    },
  };
}
