import assert from 'node:assert/strict';
import type { CanonicalOrder } from '../../core/canonical';
import { type PartnerSystem, wordTables } from '../../core/canonical/status';
import { CONTEXT, fixture } from './mapping-support';
import { type Changes, mapPartner, readyMapper } from './partner-support';

type Loose = Record<string, unknown>;

/** Where a partner's word stands in a document of a ready mapping, and where it leads. */
interface Place {
  readonly system: PartnerSystem;
  readonly field: string;
  readonly axis: 'order' | 'fulfilment' | 'payment' | 'shipment';
  map(word: string): Promise<unknown>;
}

const order = async (mapping: string, name: string, changes: Changes) =>
  (await mapPartner(mapping, name, changes)) as CanonicalOrder;
const shop = async (file: string, changes: Changes) =>
  (await readyMapper(file.startsWith('woo') ? 'woocommerce-order' : 'shopify-order').map(
    { ...fixture(file), ...changes },
    CONTEXT,
  )) as CanonicalOrder;

const PLACES: readonly Place[] = [
  ...(['order', 'fulfilment'] as const).flatMap((axis): Place[] => [
    {
      system: 'amazon',
      field: 'OrderStatus',
      axis,
      map: async (word) =>
        (await order('amazon-order-v0', 'us-tax-on-top', { 'order.OrderStatus': word })).status[axis],
    },
    {
      system: 'amazon',
      field: 'fulfillmentStatus',
      axis,
      map: async (word) =>
        (
          await order('amazon-order', 'us-business', {
            'order.fulfillment.fulfillmentStatus': word,
            // A cancelled order has no amounts.
            ...(word === 'CANCELLED'
              ? { 'order.proceeds': undefined, 'order.orderItems.0.proceeds': undefined }
              : {}),
          })
        ).status[axis],
    },
    {
      system: 'mirakl',
      field: 'order_state',
      axis,
      map: async (word) =>
        (await order('mirakl-order', 'be-prices-with-tax', { order_state: word })).status[axis],
    },
  ]),
  {
    system: 'shopify',
    field: 'financial_status',
    axis: 'payment',
    map: async (word) => (await shop('shopify-basic', { financial_status: word })).status.payment,
  },
  {
    system: 'shopify',
    field: 'shipment_status',
    axis: 'shipment',
    map: async (word) =>
      ((await mapPartner('shopify-fulfillment', 'two-parcels', { shipment_status: word })) as Loose)[
        'status'
      ],
  },
  {
    system: 'shopify',
    field: 'Fulfillment.status',
    axis: 'shipment',
    map: async (word) =>
      (
        (await mapPartner('shopify-fulfillment', 'two-parcels', {
          status: word,
          shipment_status: null,
        })) as Loose
      )['status'],
  },
];

describe("ready mappings and the canonical model's tables of partners' words", () => {
  for (const { system, field, axis, map } of PLACES) {
    it(`agree on ${system} ${field} (${axis})`, async () => {
      const table = wordTables(system, axis).find((candidate) => candidate.field === field);
      assert.ok(table, 'there is a table');
      for (const [word, state] of Object.entries(table.words)) assert.equal(await map(word), state, word);
    });
  }
});
