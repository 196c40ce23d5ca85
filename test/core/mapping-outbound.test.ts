import assert from 'node:assert/strict';
import { CONTEXT, refusal } from './mapping-support';
import { mapPartner, mapPartnerOrder, readyMapper } from './partner-support';

const SET = 'inventory-level-to-shopify';
const STOCK = 'inventory-level-to-mirakl';
const FULFILMENT = 'shipment-to-shopify';
const ANSWER = 'order-response-to-mirakl';

describe('ready mapping inventory-level-to-shopify', () => {
  it('sets what is published, and says explicitly that no quantity is compared', async () => {
    assert.deepEqual(await mapPartner(SET, 'published'), {
      input: {
        name: 'available',
        reason: 'correction',
        referenceDocumentUri: 'crossdock://odoo:main/42',
        quantities: [
          {
            inventoryItemId: 'gid://shopify/InventoryItem/49148385',
            locationId: 'gid://shopify/Location/655441491',
            quantity: 40,
            changeFromQuantity: null,
          },
        ],
      },
    });
  });

  it('offers nothing of what is oversold or damaged, and compares where the flow knows the quantity', async () => {
    const quantity = async (changes: Record<string, unknown>) => {
      const { input } = (await mapPartner(SET, 'published', changes)) as {
        input: { quantities: { quantity: number; changeFromQuantity: number | null }[] };
      };
      return [input.quantities[0]?.quantity, input.quantities[0]?.changeFromQuantity];
    };
    assert.deepEqual(await quantity({ published: undefined, available: '42' }), [42, null]);
    assert.deepEqual(await quantity({ published: undefined, available: '-5' }), [0, null]);
    assert.deepEqual(await quantity({ published: undefined, condition: 'damaged' }), [0, null]);
    assert.deepEqual(await quantity({ extensions: { shopify: { changeFromQuantity: 38 } } }), [40, 38]);
  });

  it('refuses units that are no pieces, parts of pieces, and items and places that Shopify does not know', async () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ unit: 'KGM' }, 'MAPPING_FAILED'],
      [{ published: '2.5' }, 'MAPPING_FAILED'],
      [{ 'item.identifiers': [{ scheme: 'sku', value: 'CD-TAPE-48' }] }, 'MAPPING_FAILED'],
      [{ 'location.code': 'main' }, 'TARGET_CONTRACT'],
    ];
    for (const [changes, code] of cases) {
      assert.equal(
        (await refusal(mapPartner(SET, 'published', changes))).code,
        code,
        JSON.stringify(changes),
      );
    }
  });
});

describe('ready mapping inventory-level-to-mirakl', () => {
  it('writes a row of the stock import', async () => {
    assert.deepEqual(await mapPartner(STOCK, 'published'), {
      'offer-sku': 'CD-TAPE-48',
      quantity: 40,
      'warehouse-code': '',
      'update-delete': 'UPDATE',
    });
  });

  it('needs a SKU', async () => {
    const refused = await refusal(
      mapPartner(STOCK, 'published', { 'item.identifiers': [{ scheme: 'gtin', value: '4006381333931' }] }),
    );
    assert.equal(refused.problems?.[0]?.path, '/offer-sku');
  });
});

describe('ready mapping shipment-to-shopify', () => {
  it('finds the lines of the fulfilment order by the lines of the order', async () => {
    assert.deepEqual(await mapPartner(FULFILMENT, 'partial'), {
      fulfillment: {
        lineItemsByFulfillmentOrder: [
          {
            fulfillmentOrderId: 'gid://shopify/FulfillmentOrder/1046000778',
            fulfillmentOrderLineItems: [
              { id: 'gid://shopify/FulfillmentOrderLineItem/1072503301', quantity: 2 },
              { id: 'gid://shopify/FulfillmentOrderLineItem/1072503302', quantity: 1 },
            ],
          },
        ],
        trackingInfo: {
          company: 'DHL',
          numbers: ['00340434161094000011', '00340434161094000028'],
          urls: ['https://track.example/00340434161094000011'],
        },
        notifyCustomer: true,
      },
    });
  });

  it('refuses returns, lines that the fulfilment order does not have, cartons, and a missing fulfilment order', async () => {
    for (const changes of [
      { kind: 'return' },
      { 'lines.0.orderLineId': '99' },
      { 'lines.0.unit': 'XCT' },
      { 'extensions.shopify': {} },
    ]) {
      const refused = await refusal(mapPartner(FULFILMENT, 'partial', changes));
      assert.equal(refused.code, 'MAPPING_FAILED', JSON.stringify(changes));
    }
  });
});

describe('ready mapping order-response-to-mirakl', () => {
  it('accepts and refuses whole lines', async () => {
    assert.deepEqual(await mapPartner(ANSWER, 'changes'), {
      order_lines: [
        { id: 'MKP-20417-A-1', accepted: true },
        { id: 'MKP-20417-A-2', accepted: false },
        { id: 'MKP-20417-A-3', accepted: true },
      ],
    });
    const { order_lines } = (await mapPartner(ANSWER, 'changes', { code: 'RE' })) as {
      order_lines: { accepted: boolean }[];
    };
    assert.ok(order_lines.every(({ accepted }) => !accepted));
  });

  it('leaves to a person what Mirakl cannot do: part of a line, or an answer that is none', async () => {
    for (const changes of [
      { 'lines.0.quantity.confirmed': '1' },
      { 'lines.0.code': '3', 'lines.0.quantity.confirmed': '1' },
      { code: 'AB' },
    ]) {
      const refused = await refusal(mapPartner(ANSWER, 'changes', changes));
      assert.equal(refused.code, 'MAPPING_FAILED', JSON.stringify(changes));
    }
  });
});

describe('ready mapping order-response-to-amazon-vendor', () => {
  const ACK = 'order-response-to-amazon-vendor';
  interface Acknowledged {
    acknowledgements: {
      purchaseOrderNumber: string;
      items: {
        orderedQuantity: object;
        netCost: object;
        itemAcknowledgements: { acknowledgementCode: string; acknowledgedQuantity: { amount: number } }[];
      }[];
    }[];
  }
  const acknowledge = async (name: string, changes: Record<string, unknown> = {}) => {
    const [one] = ((await mapPartner(ACK, name, changes)) as Acknowledged).acknowledgements;
    assert.ok(one);
    return one;
  };
  const answers = ({ items }: Acknowledged['acknowledgements'][number]) =>
    items.map(({ itemAcknowledgements }) =>
      itemAcknowledgements.map(
        ({ acknowledgementCode, acknowledgedQuantity }) =>
          `${acknowledgementCode} ${acknowledgedQuantity.amount}`,
      ),
    );

  it('answers in the cases that were ordered, with what comes later and what does not come', async () => {
    const one = await acknowledge('changes');
    assert.equal(one.purchaseOrderNumber, '4ZK7Q2PA');
    assert.deepEqual(answers(one), [['Accepted 8', 'Backordered 2', 'Rejected 2'], ['Accepted 25']]);
    assert.deepEqual(
      one.items.map(({ orderedQuantity, netCost }) => [orderedQuantity, netCost]),
      [
        [
          { amount: 12, unitOfMeasure: 'Cases', unitSize: 36 },
          { amount: '1.845', currencyCode: 'EUR' },
        ],
        [
          { amount: 25, unitOfMeasure: 'Eaches' },
          { amount: '4.20', currencyCode: 'EUR' },
        ],
      ],
      'costs per each, also where a price was for ten',
    );
  });

  it('rejects all of a refused order', async () => {
    assert.deepEqual(answers(await acknowledge('refused')), [['Rejected 12']]);
    assert.deepEqual(
      answers(await acknowledge('changes', { code: 'RE', 'lines.0.quantity.backordered': '0' })),
      [['Rejected 12'], ['Rejected 25']],
    );
  });

  it('leaves to a person a part of a case, a case of unknown size, and an answer without costs or vendor code', async () => {
    for (const changes of [
      { 'lines.0.quantity.confirmed': '300', 'lines.0.quantity.backordered': '60' },
      { 'extensions.amazon.items.0.unitSize': undefined },
      { 'lines.0.unitPrice': undefined },
      { 'extensions.amazon.vendorCode': undefined },
      { code: 'AB' },
    ]) {
      const refused = await refusal(mapPartner(ACK, 'changes', changes));
      assert.equal(refused.code, 'MAPPING_FAILED', JSON.stringify(changes));
    }
  });

  it('gives back the quantities of the order that was mapped before', async () => {
    const order = await mapPartnerOrder('amazon-purchase-order', 'cases-and-eaches');
    const response = {
      schemaVersion: '1.0',
      channel: order.channel,
      account: order.account,
      responseId: 'S1',
      orderRef: { externalId: order.externalId },
      issuedAt: '2026-11-20T10:30:00Z',
      code: 'AP',
      currency: order.currency,
      lines: order.lines.map(({ lineId, item, unit, quantity, unitPrice }) => ({
        orderLineId: lineId,
        code: '5',
        item,
        unit,
        quantity: { ordered: quantity.current, confirmed: quantity.current },
        unitPrice,
      })),
      notes: [],
      provenance: order.provenance,
      extensions: { amazon: { ...(order.extensions?.['amazon'] as object), vendorCode: 'CRDCK' } },
    };
    const made = (await readyMapper(ACK).map(response, CONTEXT)) as Acknowledged;
    assert.deepEqual(answers(made.acknowledgements[0] as Acknowledged['acknowledgements'][number]), [
      ['Accepted 12'],
      ['Accepted 25'],
    ]);
  });
});
