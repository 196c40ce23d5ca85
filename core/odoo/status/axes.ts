/** The four status axes of an order, derived from what Odoo has of it: quantities and documents, never a field set by hand. */
import { type AxisStates, type DecimalValue, decimal, orderFulfilment, sum } from '../../canonical/index';
import { isOpen, type Judgement, returnAxis } from './returns';

/** One line of an order; quantities in the line's unit. */
export interface LineFacts {
  readonly ordered: string;
  /** What has left, not lessened by what came back. */
  readonly shipped: string;
  /** Reserved in moves that are still open. */
  readonly reserved: string;
  /** What came back. */
  readonly returned: string;
  /** Of it, what is on its way back. */
  readonly returning: string;
  /** What Odoo would invoice now; negative: what it would credit. */
  readonly toInvoice: string;
}

/** An invoice or credit note of the order. Amounts in the document's currency, positive. */
export interface DocumentFacts {
  readonly kind: '380' | '381';
  readonly state: 'draft' | 'posted' | 'cancel';
  /** Odoo's payment_state. */
  readonly paymentState: string;
  readonly total: string;
  readonly residual: string;
}

export interface OrderFacts {
  /** Odoo's state: draft, sent, sale, done, cancel. */
  readonly state: string;
  readonly locked: boolean;
  readonly lines: readonly LineFacts[];
  /** Deliveries to the customer that are not done yet. */
  readonly openDeliveries: number;
  /** What the warehouse has begun, where goods leave in several steps. */
  readonly warehouse: 'picking' | 'packed' | undefined;
  /** Pickings that undo a delivery, by Odoo's state; undefined when the account may not see them. */
  readonly returns: readonly { readonly state: string }[] | undefined;
  /** What an inspection found of what came back, where somebody said. */
  readonly judged?: Judgement | undefined;
  /** Undefined when the account may not see them. */
  readonly documents: readonly DocumentFacts[] | undefined;
  /** What credit notes took off invoices: settled without money. */
  readonly offset: string;
}

export interface OrderAxes {
  readonly order: AxisStates['order'];
  readonly fulfilment: AxisStates['fulfilment'];
  /** Undefined where Odoo keeps back what it would follow from. */
  readonly payment: AxisStates['payment'] | undefined;
  readonly return: AxisStates['return'] | undefined;
}

export function orderAxes(facts: OrderFacts): OrderAxes {
  const fulfilment = fulfilmentAxis(facts);
  const payment = paymentAxis(facts);
  return { order: orderAxis(facts, fulfilment, payment), fulfilment, payment, return: returnsOf(facts) };
}

function orderAxis(
  facts: OrderFacts,
  fulfilment: OrderAxes['fulfilment'],
  payment: OrderAxes['payment'],
): OrderAxes['order'] {
  if (facts.state === 'cancel') return 'cancelled';
  if (facts.state === 'draft' || facts.state === 'sent') return 'received';
  switch (fulfilment) {
    case 'shipped':
    case 'shortShipped':
    case 'partiallyDelivered':
    case 'delivered':
      return settled(facts, payment) ? 'closed' : 'completed';
    case 'none':
    case 'allocated':
    case 'backordered':
      // Confirming an order hands it to the warehouse.
      return facts.openDeliveries > 0 ? 'released' : 'accepted';
    case 'cancelled':
      return 'accepted';
    default:
      return 'inFulfilment';
  }
}

/** Nothing is left to invoice, to credit, to take back, or to pay. */
function settled(facts: OrderFacts, payment: OrderAxes['payment']): boolean {
  if (facts.lines.some(({ toInvoice }) => !decimal(toInvoice).eq(0))) return false;
  if (facts.documents?.some(({ state }) => state === 'draft') !== false) return false;
  if (facts.returns?.some(({ state }) => isOpen(state)) !== false) return false;
  return payment === 'paid' || payment === 'partiallyRefunded' || payment === 'refunded';
}

function fulfilmentAxis(facts: OrderFacts): OrderAxes['fulfilment'] {
  const shippedAny = facts.lines.some(({ shipped }) => decimal(shipped).gt(0));
  if (facts.state === 'cancel' && !shippedAny) return 'cancelled';
  if (facts.lines.length === 0) return 'none';
  const noMoreFollows =
    facts.state === 'cancel' ||
    (facts.state !== 'draft' && facts.state !== 'sent' && facts.openDeliveries === 0);
  const found = orderFulfilment(
    facts.lines.map(({ ordered, shipped, reserved }) => ({
      quantity: {
        current: ordered,
        shipped,
        // What has left was allocated.
        allocated: decimal(shipped).plus(decimal(reserved)).toFixed(),
      },
    })),
    {
      ...(facts.warehouse === undefined ? {} : { warehouse: facts.warehouse }),
      ...(noMoreFollows && shippedAny ? { noMoreFollows } : {}),
    },
  );
  // A delivery that waits and has nothing reserved waits for goods.
  return found === 'none' && facts.openDeliveries > 0 ? 'backordered' : found;
}

/**
 * What was paid: the settled part of the invoices and of the credit notes, less what they settled between each other
 * (`offset`). Invoices that credit notes took back whole are void: nobody paid them.
 */
function paymentAxis({ documents, offset }: OrderFacts): OrderAxes['payment'] {
  if (documents === undefined) return undefined;
  const posted = documents.filter(({ state }) => state === 'posted');
  const invoices = posted.filter(({ kind }) => kind === '380');
  const refunds = posted.filter(({ kind }) => kind === '381');
  const invoiced = total(invoices);
  const credited = total(refunds);
  const paidIn = settledOf(invoices).minus(decimal(offset));
  const paidBack = settledOf(refunds).minus(decimal(offset));
  if (paidBack.gt(0)) return paidBack.gte(paidIn) ? 'refunded' : 'partiallyRefunded';
  if (paidIn.lte(0)) return invoiced.gt(0) && decimal(offset).gte(invoiced) ? 'voided' : 'unpaid';
  if (paidIn.lt(invoiced.minus(credited))) return 'partiallyPaid';
  return invoices.some(({ paymentState }) => paymentState === 'in_payment') ? 'authorised' : 'paid';
}

/** Undefined when the account may not see deliveries. */
function returnsOf({ returns, lines, documents, judged }: OrderFacts): OrderAxes['return'] {
  if (returns === undefined) return undefined;
  const notes = documents?.filter(({ kind }) => kind === '381') ?? [];
  const owed =
    lines.some(({ toInvoice }) => decimal(toInvoice).lt(0)) || notes.some(({ state }) => state === 'draft');
  const credited = !owed && notes.some(({ state }) => state === 'posted');
  return returnAxis({ states: returns.map(({ state }) => state), judged, credited });
}

const total = (documents: readonly DocumentFacts[]): DecimalValue =>
  sum(documents.map((document) => decimal(document.total)));

const settledOf = (documents: readonly DocumentFacts[]): DecimalValue =>
  sum(documents.map((document) => decimal(document.total).minus(decimal(document.residual))));
