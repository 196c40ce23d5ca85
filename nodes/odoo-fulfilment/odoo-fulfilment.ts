import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import {
  FULFILMENT_OPERATIONS,
  Fulfilment,
  type FulfilmentOperation,
  type FulfilmentOptions,
  type OdooClient,
  readsFulfilment,
  runFulfilment,
} from '../../core/odoo';
import { registerNode } from '../shared/base';
import { choice, text } from '../shared/config';
import { shared } from '../shared/config-node';
import { Progress } from '../shared/progress';
import type { Message, RawConfig, Red } from '../shared/red';

interface Config {
  /** `msg`: as the message says in `msg.operation`. */
  readonly operation: FulfilmentOperation | 'msg';
  readonly fulfilment: FulfilmentOptions;
  readonly server: (userClosed: Promise<void>) => Promise<OdooClient>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-odoo-fulfilment', {
    normalise: (config) => ({
      server: shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server'),
      operation: choice(config, 'operation', 'Operation', [...FULFILMENT_OPERATIONS, 'msg'], 'ship'),
      fulfilment: {
        rest: choice(config, 'rest', 'The rest', ['backorder', 'cancel'], 'backorder'),
        excess: choice(config, 'excess', 'More than ordered', ['hold', 'allow'], 'hold'),
        shortStock: choice(config, 'shortStock', 'Short stock', ['allow', 'hold'], 'allow'),
        missingLots: choice(config, 'missingLots', 'Lots that are not told', ['hold', 'reserved'], 'hold'),
        unknownLots: choice(config, 'unknownLots', 'Unknown lots', ['hold', 'create'], 'hold'),
        earlierSteps: choice(config, 'earlierSteps', 'Picking and packing', ['refuse', 'validate'], 'refuse'),
        quarantine: optional(config, 'quarantine', 'Quarantine'),
        scrap: optional(config, 'scrap', 'Scrap'),
      },
    }),
    async start({ config, status, closed }) {
      const fulfilment = new Fulfilment(await config.server(closed), config.fulfilment);
      const progress = new Progress(status);
      return {
        async input(message, send) {
          const operation = config.operation === 'msg' ? operationOf(message) : config.operation;
          await progress.during(async () => {
            const outcome = await runFulfilment(fulfilment, operation, message.payload, pickingOf(message));
            // Another delivery of the message owns it now, and tells its own story.
            if (!readsFulfilment(operation) && (await scopes.finish(message, outcome.result)) === 'stale')
              return 'not ours';
            message.payload = outcome.result;
            put(message, 'shipment', outcome.shipment);
            put(message, 'shipments', outcome.shipments);
            put(message, 'returns', outcome.returns);
            put(message, 'return', outcome.returns?.length === 1 ? outcome.returns[0] : undefined);
            send(message);
            return 'done';
          });
        },
        close: () => fulfilment.close(),
      };
    },
  });
};

function optional(config: RawConfig, field: string, label: string): string | undefined {
  return text(config, field, label, '') || undefined;
}

function operationOf(message: Message): FulfilmentOperation {
  const said = message['operation'];
  const found = FULFILMENT_OPERATIONS.find((word) => word === said);
  if (found !== undefined) return found;
  throw new CrossdockError(`msg.operation must be one of: ${FULFILMENT_OPERATIONS.join(', ')}.`, {
    code: 'OPERATION_UNKNOWN',
    kind: 'permanent',
  });
}

/** The delivery in Odoo, by name or id, where the flow knows it. */
function pickingOf(message: Message): string | undefined {
  const picking = message['picking'];
  return typeof picking === 'string' || typeof picking === 'number' ? String(picking) : undefined;
}

/** What an earlier node left in the same place is not ours. */
function put(message: Message, property: string, value: unknown): void {
  if (value === undefined) delete message[property];
  else message[property] = value;
}
