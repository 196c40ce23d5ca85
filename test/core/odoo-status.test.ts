import assert from 'node:assert/strict';
import { wordTables } from '../../core/canonical/status';
import { type OrderAxes, type OrderFacts, orderAxes } from '../../core/odoo';

type Line = OrderFacts['lines'][number];
type Document = NonNullable<OrderFacts['documents']>[number];

const line = (ordered: string, more: Partial<Line> = {}): Line => ({
  ...{ ordered, shipped: '0', reserved: '0', returned: '0', returning: '0', toInvoice: '0' },
  ...more,
});
const invoice = (total: string, residual: string, more: Partial<Document> = {}): Document => ({
  ...{ kind: '380', state: 'posted', paymentState: 'not_paid', total, residual },
  ...more,
});
const credit = (total: string, residual: string, more: Partial<Document> = {}): Document =>
  invoice(total, residual, { kind: '381', ...more });
const facts = (more: Partial<OrderFacts>): OrderFacts => ({
  ...{ state: 'sale', locked: false, lines: [line('5')], openDeliveries: 1, warehouse: undefined },
  ...{ returns: [], documents: [], offset: '0' },
  ...more,
});
const shipped = (more: Partial<OrderFacts> = {}): OrderFacts =>
  facts({ lines: [line('5', { shipped: '5' })], openDeliveries: 0, ...more });

describe('the four axes of an order in Odoo', () => {
  const cases: [what: string, given: OrderFacts, expected: Partial<OrderAxes>][] = [
    ['a quotation', facts({ state: 'draft', openDeliveries: 0 }), { order: 'received', fulfilment: 'none' }],
    ['a quotation that was sent', facts({ state: 'sent', openDeliveries: 0 }), { order: 'received' }],
    [
      'confirmed, nothing in stock',
      facts({}),
      { order: 'released', fulfilment: 'backordered', payment: 'unpaid', return: 'none' },
    ],
    [
      'confirmed, all reserved',
      facts({ lines: [line('5', { reserved: '5' })] }),
      { fulfilment: 'allocated' },
    ],
    ['a part reserved', facts({ lines: [line('5', { reserved: '2' })] }), { fulfilment: 'backordered' }],
    ['picked', facts({ warehouse: 'picking' }), { order: 'inFulfilment', fulfilment: 'picking' }],
    [
      'a part left',
      facts({ lines: [line('5', { shipped: '3', reserved: '2' })] }),
      { order: 'inFulfilment', fulfilment: 'partiallyShipped' },
    ],
    [
      'a part left, and nothing follows',
      facts({ lines: [line('5', { shipped: '3' })], openDeliveries: 0 }),
      { order: 'completed', fulfilment: 'shortShipped' },
    ],
    ['all left', shipped(), { order: 'completed', fulfilment: 'shipped' }],
    [
      'cancelled',
      facts({ state: 'cancel', openDeliveries: 0 }),
      { order: 'cancelled', fulfilment: 'cancelled' },
    ],
    [
      'cancelled after a part left',
      facts({ state: 'cancel', lines: [line('5', { shipped: '1' })], openDeliveries: 0 }),
      { order: 'cancelled', fulfilment: 'shortShipped' },
    ],
    // What came back was shipped all the same.
    [
      'a return on its way',
      shipped({ returns: [{ state: 'assigned' }] }),
      { order: 'completed', fulfilment: 'shipped', return: 'authorised' },
    ],
    ['a return that came', shipped({ returns: [{ state: 'done' }] }), { return: 'received' }],
    [
      'a return that was judged',
      shipped({ returns: [{ state: 'done' }], judged: 'partlyAccepted' }),
      { return: 'partlyAccepted' },
    ],
    ['a return that was called off', shipped({ returns: [{ state: 'cancel' }] }), { return: 'cancelled' }],
    [
      'one return came, another is on its way',
      shipped({ returns: [{ state: 'done' }, { state: 'waiting' }] }),
      { return: 'authorised' },
    ],
    [
      'a return that is to be credited still',
      shipped({
        ...{
          lines: [line('5', { shipped: '5', returned: '1', toInvoice: '-1' })],
          returns: [{ state: 'done' }],
        },
        documents: [invoice('50', '50'), credit('10', '10')],
      }),
      { return: 'received' },
    ],
    [
      'a credit note that is a draft',
      shipped({
        returns: [{ state: 'done' }],
        documents: [invoice('50', '50'), credit('10', '10', { state: 'draft' })],
      }),
      { return: 'received' },
    ],
    [
      'a return that was credited',
      shipped({ returns: [{ state: 'done' }], documents: [invoice('50', '50'), credit('10', '10')] }),
      { return: 'refunded', payment: 'unpaid' },
    ],
    [
      'a return that was rejected, and a credit note for something else',
      shipped({
        ...{ returns: [{ state: 'done' }], judged: 'rejected' },
        documents: [invoice('50', '50'), credit('10', '10')],
      }),
      { return: 'rejected' },
    ],
    [
      'a draft invoice',
      shipped({ documents: [invoice('50', '50', { state: 'draft' })] }),
      { payment: 'unpaid' },
    ],
    [
      'paid in part',
      shipped({ documents: [invoice('50', '20', { paymentState: 'partial' })] }),
      { payment: 'partiallyPaid' },
    ],
    [
      'one of two invoices paid',
      shipped({ documents: [invoice('50', '0', { paymentState: 'paid' }), invoice('10', '10')] }),
      { order: 'completed', payment: 'partiallyPaid' },
    ],
    [
      'paid, and nothing is left to do',
      shipped({ documents: [invoice('50', '0', { paymentState: 'paid' })] }),
      { order: 'closed', payment: 'paid' },
    ],
    [
      'paid, and something is left to invoice',
      shipped({
        lines: [line('5', { shipped: '5', toInvoice: '2' })],
        documents: [invoice('50', '0', { paymentState: 'paid' })],
      }),
      { order: 'completed', payment: 'paid' },
    ],
    [
      'a payment that the bank has not shown yet',
      shipped({ documents: [invoice('50', '0', { paymentState: 'in_payment' })] }),
      { order: 'completed', payment: 'authorised' },
    ],
    [
      'an invoice that a credit note took back whole: nobody paid',
      shipped({
        documents: [invoice('50', '0', { paymentState: 'reversed' }), credit('50', '0')],
        offset: '50',
      }),
      { payment: 'voided' },
    ],
    [
      'an invoice that a credit note took back in part',
      shipped({
        documents: [invoice('50', '40', { paymentState: 'partial' }), credit('10', '0')],
        offset: '10',
      }),
      { payment: 'unpaid' },
    ],
    [
      'the rest of it paid',
      shipped({ documents: [invoice('50', '0', { paymentState: 'paid' }), credit('10', '0')], offset: '10' }),
      { payment: 'paid' },
    ],
    [
      'paid, and a part of it paid back',
      shipped({ documents: [invoice('50', '0', { paymentState: 'paid' }), credit('10', '0')] }),
      { payment: 'partiallyRefunded' },
    ],
    [
      'paid, and all of it paid back',
      shipped({ documents: [invoice('50', '0', { paymentState: 'paid' }), credit('50', '0')] }),
      { payment: 'refunded' },
    ],
    [
      'an account that sees neither deliveries nor invoices',
      shipped({ returns: undefined, documents: undefined }),
      { order: 'completed', fulfilment: 'shipped', payment: undefined, return: undefined },
    ],
    [
      'an order without lines',
      facts({ lines: [], openDeliveries: 0 }),
      { order: 'accepted', fulfilment: 'none' },
    ],
  ];
  for (const [what, given, expected] of cases) {
    it(what, () => {
      const found = orderAxes(given);
      for (const [axis, state] of Object.entries(expected))
        assert.equal(found[axis as keyof OrderAxes], state, axis);
    });
  }

  // The table of words and this reader speak of the same Odoo.
  it("says of a goods order in each of Odoo's states what the table of words says", () => {
    const words = (axis: 'order' | 'payment', field: string) =>
      Object.entries(wordTables('odoo', axis).find((table) => table.field === field)?.words ?? {});
    const states = words('order', 'sale.order.state');
    assert.equal(states.length, 5);
    for (const [state, meaning] of states) {
      const confirmed = state === 'sale' || state === 'done';
      assert.equal(orderAxes(facts({ state, openDeliveries: confirmed ? 1 : 0 })).order, meaning, state);
    }
    const residual: Readonly<Record<string, string>> = {
      in_payment: '0',
      partial: '20',
      paid: '0',
      reversed: '0',
    };
    const payments = words('payment', 'account.move.payment_state');
    assert.equal(payments.length, 6);
    for (const [paymentState, meaning] of payments) {
      const documents = [invoice('50', residual[paymentState] ?? '50', { paymentState })];
      const reversed = paymentState === 'reversed';
      const given = reversed ? { documents: [...documents, credit('50', '0')], offset: '50' } : { documents };
      assert.equal(orderAxes(shipped(given)).payment, meaning, paymentState);
    }
  });
});
