/** The seller's answer to a canonical order, for the partner. */

import { decimal } from '../../canonical/decimal';
import type { OrderResponse, OrderResponseLine } from '../../canonical/generated';
import type { CanonicalOrder } from '../../canonical/order';
import type { CrossdockError } from '../../errors/index';
import { hashKey } from '../load/keys';
import { pairLines } from './pair';
import { plain } from './progress';
import { isOpen, type OdooLine, type OrderState } from './read';
import type { RowLine } from './rows';

const MAPPING = 'odoo-order@1';

/** AP or CA once it is confirmed, AB while it is a quotation, RE when it is cancelled. */
export function responseTo(
  found: { readonly order: CanonicalOrder; readonly lines: readonly RowLine[] },
  state: OrderState,
  lines: readonly OdooLine[],
): OrderResponse {
  const { order } = found;
  const seller = { sellerOrderNumber: state.name };
  if (state.state === 'cancel') {
    return build(order, { ...seller, code: 'RE', reason: 'The order was cancelled.', lines: [] });
  }
  if (isOpen(state)) return build(order, { ...seller, code: 'AB', lines: [] });
  const answers = pairLines(found.lines, lines).pairs.flatMap(({ wanted, line }) =>
    answer(order, wanted, line),
  );
  const changed = answers.some(({ code }) => code !== '5');
  return build(order, {
    ...seller,
    code: changed ? 'CA' : 'AP',
    ...(changed ? { reason: 'Lines were changed.' } : {}),
    lines: answers,
  });
}

/** What a partner is told of errors that are about the order; others only get the code. Never figures of ours. */
const REASONS: Readonly<Record<string, string>> = {
  CREDIT_HOLD: 'The order is held for a credit check.',
  CREDIT_UNREADABLE: 'The order is held for a credit check.',
  CURRENCY_MISMATCH: 'We do not sell in this currency.',
  CUSTOMER_AMBIGUOUS: 'The buyer could not be told for certain.',
  CUSTOMER_NOT_FOUND: 'The buyer is not known to us.',
  ITEM_UNIDENTIFIED: 'An item could not be identified.',
  ODOO_CONFIRM_REFUSED: 'The order is held for a check.',
  ODOO_TOTAL_MISMATCH: 'The total differs from ours; the order is held for a check.',
  ORDER_CANCELLED: 'The order was cancelled by the buyer.',
  ORDER_EMPTY: 'Nothing is left to order.',
  SKU_AMBIGUOUS: 'An item could not be identified.',
  TAX_NOT_FOUND: 'The tax on a line is not known to us.',
  UNIT_UNSUPPORTED: 'The unit of a line is not known to us.',
  UNIT_AMBIGUOUS: 'The unit of a line is not clear.',
  UNKNOWN_SKU: 'An item is not known to us.',
};

/** The answer to an order that a rule stopped: AB when it waits in Odoo as a quotation, RE when nothing was ordered. */
export function responseToRefusal(order: CanonicalOrder, error: CrossdockError): OrderResponse {
  const { name } = error.facts;
  const held = error.facts.odooId !== undefined;
  const skus = error.code === 'UNKNOWN_SKU' ? ` (${String(error.facts.sku)})` : '';
  const reason = REASONS[error.code]?.replace(/\.$/, `${skus}.`);
  return build(order, {
    ...(held && typeof name === 'string' ? { sellerOrderNumber: name } : {}),
    code: held ? 'AB' : 'RE',
    reason: (reason ?? `The order could not be taken (${error.code}).`).slice(0, 500),
    lines: [],
  });
}

function answer(
  order: CanonicalOrder,
  wanted: RowLine,
  line: OdooLine | undefined,
): readonly OrderResponseLine[] {
  const own = order.lines.find(({ lineId }) => lineId === wanted.lineId);
  if (own === undefined) return [];
  const ordered = own.quantity.current;
  const confirmed = line === undefined ? '0' : plain(decimal(line.quantity).div(decimal(wanted.factor)));
  const same = decimal(confirmed).eq(decimal(ordered));
  const promised = order.promisedAt === undefined ? {} : { promisedDelivery: { to: order.promisedAt } };
  return [
    {
      orderLineId: own.lineId,
      code: same ? '5' : decimal(confirmed).eq(0) ? '2' : '3',
      unit: own.unit,
      quantity: { ordered, confirmed },
      ...promised,
    },
  ];
}

type Body = Pick<OrderResponse, 'code' | 'lines'> &
  Partial<Pick<OrderResponse, 'reason' | 'sellerOrderNumber'>>;

function build(order: CanonicalOrder, body: Body): OrderResponse {
  const { channel, account, externalId, orderNumber, provenance } = order;
  const now = new Date().toISOString();
  // The same answer again is the same document.
  const content = hashKey(order.id, order.externalRevision ?? '', JSON.stringify(body)).slice(0, 16);
  return {
    schemaVersion: '1.0',
    channel,
    account,
    responseId: `${body.code}-${content}`,
    orderRef: { id: order.id, externalId, orderNumber },
    issuedAt: now,
    notes: [],
    ...body,
    provenance: {
      system: 'odoo',
      partnerId: provenance.partnerId,
      externalId,
      receivedAt: now,
      mappingVersion: MAPPING,
    },
  };
}
