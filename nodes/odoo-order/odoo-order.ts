import type { CanonicalOrder } from '../../core/canonical';
import { contracts, problemsToSentence } from '../../core/contract';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { type OdooClient, OrderWriter, type OrderWriterOptions } from '../../core/odoo';
import { registerNode } from '../shared/base';
import { choice, decimal, flag, number, text } from '../shared/config';
import { shared } from '../shared/config-node';
import type { Red } from '../shared/red';

/** States in which an order must not be placed (canonical order status axis). */
const CANCELLED: ReadonlySet<string> = new Set(['cancelRequested', 'cancelled', 'rejected']);

interface Config {
  readonly writer: OrderWriterOptions;
  readonly server: (userClosed: Promise<void>) => Promise<OdooClient>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-odoo-order', {
    normalise(config) {
      const customer = choice(config, 'customer', 'Customer', ['order', 'fixed'], 'order');
      return {
        server: shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server'),
        writer: {
          customer,
          ...(customer === 'fixed' ? { customerRef: text(config, 'customerRef', 'Customer reference') } : {}),
          confirm: flag(config, 'confirm', true),
          chargeSku: text(config, 'chargeSku', 'Product for charges', 'SHIPPING'),
          discountSku: text(config, 'discountSku', 'Product for discounts', 'DISCOUNT'),
          batchSize: number(config, 'batchSize', 'Orders per call', 50, { min: 1, max: 100 }),
          tolerance: decimal(config, 'tolerance', 'Tolerance', '0.01'),
        },
      };
    },
    async start({ config, status, closed }) {
      const writer = new OrderWriter(await config.server(closed), config.writer);
      let waiting = 0;
      let placed = 0;
      const show = (): void => {
        if (waiting > 0) status.busy(`${waiting} on the way, ${placed} placed`);
        else status.ok(`${placed} placed`);
      };
      status.ok('ready');
      return {
        async input(message, send) {
          const order = canonicalOrder(message.payload);
          waiting += 1;
          show();
          try {
            const result = await writer.submit(order);
            const ended = await scopes.finish(message, result);
            // Another delivery of the message owns it now, and tells its own story.
            if (ended === 'stale') return;
            placed += 1;
            message['order'] = order;
            message.payload = result;
            send(message);
          } finally {
            waiting -= 1;
            show();
          }
        },
        close: () => writer.close(),
      };
    },
  });
};

/** Only what keeps the contract may reach Odoo, also when no mapper stands before this node. */
function canonicalOrder(payload: unknown): CanonicalOrder {
  const problems = contracts().validate('order', '1.0', payload);
  if (problems.length === 0) {
    const order = payload as CanonicalOrder;
    if (!CANCELLED.has(order.status.order)) return order;
    throw new CrossdockError(
      'The buyer or the shop has cancelled this order, so it was not placed in Odoo.',
      {
        code: 'ORDER_CANCELLED',
        kind: 'business',
        facts: { status: order.status.order },
      },
    );
  }
  throw new CrossdockError(`This is not a canonical order 1.0: ${problemsToSentence(problems)}`, {
    code: 'CANONICAL_CONTRACT',
    kind: 'permanent',
    problems,
  });
}
