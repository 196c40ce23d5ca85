/** What a message is about: which orders or which invoices it names, in whatever form it names them. */

import type { CanonicalReturn, Invoice, OrderRef, Shipment } from '../../canonical/generated';
import type { CanonicalName } from '../../canonical/index';
import { orderId } from '../../canonical/index';
import type { CanonicalOrder } from '../../canonical/order';
import { contracts, problemsToSentence } from '../../contract/index';
import { CrossdockError } from '../../errors/index';
import type { OrderSelector } from '../status/index';
import type { InvoiceSelector } from './types';

export interface Subject {
  readonly orders: readonly OrderSelector[];
  readonly invoices: readonly InvoiceSelector[];
  /** A canonical invoice that did not come from Odoo: what is to be made must come to it. */
  readonly expected?: Invoice;
  /** The canonical order, for its prices. */
  readonly agreed?: CanonicalOrder;
}

const NONE: Subject = { orders: [], invoices: [] };

/** How deep lists may lie in each other; more is no message of anybody. */
const MAX_DEPTH = 4;

/**
 * Reads a payload: a canonical order, shipment, return or invoice; the result of odoo order or odoo invoice; an order's
 * name or id; `{order}`, `{orders}`, `{invoice}`, `{invoices}`; or a list of these.
 *
 * Throws CANONICAL_CONTRACT (a canonical object that breaks its contract) and INVOICE_SUBJECT (permanent).
 */
export function subjectOf(payload: unknown): Subject {
  const subject = read(payload, 'order', 0);
  if (subject.orders.length > 0 || subject.invoices.length > 0) return subject;
  throw new CrossdockError(
    'The message names neither an order nor an invoice: send a canonical order, shipment, return or invoice, or an order’s number.',
    { code: 'INVOICE_SUBJECT', kind: 'permanent' },
  );
}

/** @param bare what a plain number or text is the name of */
function read(value: unknown, bare: 'order' | 'invoice', depth: number): Subject {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return named(bare, value);
  if (typeof value === 'string' && value.trim() !== '') return named(bare, value.trim());
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return NONE;
  if (Array.isArray(value)) return merged(value.map((entry) => read(entry, bare, depth + 1)));
  const object = value as Readonly<Record<string, unknown>>;
  if ('schemaVersion' in object) return canonical(object);
  const parts: Subject[] = [];
  for (const [member, kind] of [
    ['order', 'order'],
    ['orders', 'order'],
    ['invoice', 'invoice'],
    ['invoices', 'invoice'],
  ] as const) {
    // An invoice of odoo invoice tells its orders too: it is the invoice that is meant.
    if (kind === 'order' && 'kind' in object && 'odooId' in object) continue;
    if (member in object) parts.push(read(object[member], kind, depth + 1));
  }
  const { odooId, kind } = object;
  if (typeof odooId === 'number' && Number.isSafeInteger(odooId) && odooId > 0) {
    parts.push(named(kind === '380' || kind === '381' ? 'invoice' : bare, odooId));
  }
  return merged(parts);
}

/** An order is named by its business key or by Odoo's number; both are texts, and only keys have colons. */
function named(kind: 'order' | 'invoice', value: number | string): Subject {
  if (kind === 'invoice') {
    return { orders: [], invoices: [typeof value === 'number' ? { odooId: value } : { number: value }] };
  }
  const order =
    typeof value === 'number' ? { odooId: value } : value.includes(':') ? { id: value } : { name: value };
  return { orders: [order], invoices: [] };
}

function canonical(object: Readonly<Record<string, unknown>>): Subject {
  if ('returnId' in object) {
    const { orderRef, channel, account } = valid<CanonicalReturn>('return', object);
    return { orders: [selectorOf(orderRef, channel, account)], invoices: [] };
  }
  if ('shipmentId' in object) {
    const { orderRefs, channel, account } = valid<Shipment>('shipment', object);
    return { orders: orderRefs.map((ref) => selectorOf(ref, channel, account)), invoices: [] };
  }
  if ('taxBreakdown' in object) return ofInvoice(valid<Invoice>('invoice', object));
  const agreed = valid<CanonicalOrder>('order', object);
  return { orders: [{ id: agreed.id }], invoices: [], agreed };
}

function ofInvoice(invoice: Invoice): Subject {
  const { provenance, orderRefs = [], channel, account } = invoice;
  const [, id] = /^account\.move:(\d{1,15})$/.exec(provenance.externalId) ?? [];
  // What odoo invoice gave out is the invoice itself; any other says what one should be.
  if (provenance.system === 'odoo' && id !== undefined)
    return { orders: [], invoices: [{ odooId: Number(id) }] };
  return {
    orders: orderRefs.map((ref) => selectorOf(ref, channel, account)),
    invoices: [],
    expected: invoice,
  };
}

function selectorOf(ref: OrderRef, channel: string, account: string): OrderSelector {
  if (ref.id !== undefined) return { id: ref.id };
  // Orders that were entered in Odoo have no channel, and Odoo's number as their id.
  if (ref.externalId !== undefined && channel === 'odoo') return { name: ref.externalId };
  if (ref.externalId !== undefined) return { id: orderId(channel, account, ref.externalId) };
  return { orderNumber: ref.orderNumber };
}

function valid<T>(name: CanonicalName, value: unknown): T {
  const problems = contracts().validate(name, '1.0', value);
  if (problems.length === 0) return value as T;
  throw new CrossdockError(`This is not a canonical ${name} 1.0: ${problemsToSentence(problems)}`, {
    code: 'CANONICAL_CONTRACT',
    kind: 'permanent',
    problems,
  });
}

function merged(parts: readonly Subject[]): Subject {
  const expected = parts.flatMap((part) => part.expected ?? []);
  const agreed = parts.flatMap((part) => part.agreed ?? []);
  return {
    orders: parts.flatMap(({ orders }) => orders),
    invoices: parts.flatMap(({ invoices }) => invoices),
    // Of several, none can be held against one result.
    ...(expected.length === 1 && parts.length === 1 ? { expected: expected[0] as Invoice } : {}),
    ...(agreed.length === 1 && parts.length === 1 ? { agreed: agreed[0] as CanonicalOrder } : {}),
  };
}
