import type { CanonicalOrder } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import {
  INVOICE_OPERATIONS,
  type InvoiceOperation,
  Invoices,
  type InvoicesOptions,
  isReadOnly,
  type OdooClient,
  type OperationOptions,
  runOperation,
} from '../../core/odoo';
import { registerNode } from '../shared/base';
import { choice, decimal, flag, number } from '../shared/config';
import { shared } from '../shared/config-node';
import { Progress } from '../shared/progress';
import type { Message, Red } from '../shared/red';

interface Config {
  /** `msg`: as the message says in `msg.operation`. */
  readonly operation: InvoiceOperation | 'msg';
  readonly what: OperationOptions;
  readonly invoices: InvoicesOptions;
  readonly server: (userClosed: Promise<void>) => Promise<OdooClient>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-odoo-invoice', {
    normalise: (config) => ({
      server: shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server'),
      operation: choice(config, 'operation', 'Operation', [...INVOICE_OPERATIONS, 'msg'], 'invoice'),
      what: {
        grouping: choice(config, 'grouping', 'Grouping', ['order', 'customer'], 'order'),
        post: flag(config, 'post', false),
        compare: flag(config, 'compare', true),
      },
      invoices: {
        batchSize: number(config, 'batchSize', 'Orders per call', 50, { min: 1, max: 100 }),
        tolerance: decimal(config, 'tolerance', 'Tolerance', '0.01'),
      },
    }),
    async start({ config, status, closed }) {
      const invoices = new Invoices(await config.server(closed), config.invoices);
      const progress = new Progress(status);
      return {
        async input(message, send) {
          const operation = config.operation === 'msg' ? operationOf(message) : config.operation;
          await progress.during(async () => {
            const order = orderOf(message);
            const { documents, ...result } = await runOperation(
              invoices,
              operation,
              message.payload,
              config.what,
              order,
            );
            // Another delivery of the message owns it now, and tells its own story.
            if (!isReadOnly(operation) && (await scopes.finish(message, result)) === 'stale')
              return 'not ours';
            message.payload = result;
            message['invoices'] = documents;
            if (documents.length === 1) message['invoice'] = documents[0];
            else delete message['invoice'];
            send(message);
            return 'done';
          });
        },
        close: () => invoices.close(),
      };
    },
  });
};

function operationOf(message: Message): InvoiceOperation {
  const said = message['operation'];
  const found = INVOICE_OPERATIONS.find((word) => word === said);
  if (found !== undefined) return found;
  throw new CrossdockError(`msg.operation must be one of: ${INVOICE_OPERATIONS.join(', ')}.`, {
    code: 'OPERATION_UNKNOWN',
    kind: 'permanent',
  });
}

/** The canonical order that odoo order leaves beside its result; anything else in that place is somebody else's. */
function orderOf(message: Message): CanonicalOrder | undefined {
  const order = message['order'];
  if (typeof order !== 'object' || order === null || contracts().validate('order', '1.0', order).length > 0) {
    return undefined;
  }
  return order as CanonicalOrder;
}
