/** A store with very many dead letters, made before Node-RED starts, as the nodes would have made them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeadLetters } from '../../core/dead-letter';
import { CrossdockError, type ErrorDetails } from '../../core/errors';
import { openSqliteStore, type Statement } from '../../core/store';
import { projectFolders } from '../support';

const perUnit = 250;
const minute = 60_000;
const apart = 20_000;

/** What went wrong, and for how many orders. */
export interface Cause extends Pick<ErrorDetails, 'code' | 'kind' | 'facts' | 'problems'> {
  readonly message: string;
  readonly count: number;
  readonly nodeId: string;
  readonly nodeType: string;
  readonly attempts?: number;
}

export const manyCauses: readonly Cause[] = [
  {
    code: 'MAPPING_CURRENCY_MISSING',
    kind: 'permanent',
    message: 'The order has no currency, which the contract of the shop demands.',
    count: 3,
    nodeId: 'n-canonical-mapper',
    nodeType: 'crossdock-canonical-mapper',
    problems: [{ path: '/currency', message: 'is missing' }],
  },
  {
    code: 'ODOO_OUTCOME_UNKNOWN',
    kind: 'ambiguous',
    message: 'The connection to Odoo broke after the order was sent; it may have been created.',
    count: 12,
    nodeId: 'n-odoo-order',
    nodeType: 'crossdock-odoo-order',
    attempts: 3,
  },
  {
    code: 'ODOO_UNREACHABLE',
    kind: 'transient',
    message: 'Odoo did not answer within 60 s, ten times in a row. Is the server up?',
    count: 485,
    nodeId: 'n-odoo-order',
    nodeType: 'crossdock-odoo-order',
    attempts: 10,
  },
  {
    code: 'ODOO_PRODUCT_UNKNOWN',
    kind: 'business',
    message: 'Odoo has no product with the SKU “KAFFEE-250”. Create it there, then replay.',
    count: 9500,
    nodeId: 'n-odoo-order',
    nodeType: 'crossdock-odoo-order',
    facts: { sku: 'KAFFEE-250' },
  },
];

/** Parks `count` orders of the source "storefront" for each cause, the last cause newest. */
export async function parkMany(file: string, causes: readonly Cause[] = manyCauses): Promise<void> {
  const store = await openSqliteStore(file);
  try {
    const letters = await DeadLetters.open(store);
    const order = JSON.parse(
      readFileSync(join(projectFolders().root, 'test', 'fixtures', 'orders', 'shopify-basic.json'), 'utf8'),
    ) as { id: number; name: string };
    const total = causes.reduce((sum, { count }) => sum + count, 0);
    let number = 0;
    let statements: Statement[] = [];
    for (const cause of causes) {
      const { count, nodeId, nodeType, message, attempts = 1, ...details } = cause;
      for (let n = 0; n < count; n += 1) {
        number += 1;
        const name = `#${100_000 + number}`;
        const body = { ...order, id: order.id + number, name };
        // As if they had come one after the other, not all at once.
        const at = Date.now() - (total - number) * apart;
        const spread = 'UPDATE crossdock_dead_letter SET first_at = ?, last_at = ? WHERE id = ?';
        const parking = letters.park({
          error: new CrossdockError(message, details),
          failedAt: { flowId: 'tab', flowName: 'Crossdock', nodeId, nodeType, nodeName: '' },
          origin: {
            source: 'storefront',
            deliveryId: `d-${number}`,
            body: Buffer.from(JSON.stringify(body)),
            receivedAt: at - minute,
            attempts,
            headers: { 'x-shopify-topic': 'orders/create' },
            partitionKey: String(body.id),
            priority: 5,
          },
          payload: { ...body, processed: true },
          businessKey: `order:shop:main:${name}`,
        });
        statements.push(...parking.statements, { sql: spread, params: [at, at, parking.id] });
        if (statements.length >= perUnit) {
          await store.run(statements);
          statements = [];
        }
      }
    }
    if (statements.length > 0) await store.run(statements);
  } finally {
    await store.close();
  }
}
