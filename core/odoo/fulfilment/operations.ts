/** The operations by name, over whatever a message brings: canonical objects, an order's number, the result of an order. */
import type { CanonicalReturn, OrderRef, Shipment } from '../../canonical/generated';
import { contracts, problemsToSentence } from '../../contract/index';
import { CrossdockError } from '../../errors/index';
import type { Fulfilment, OrderAsked } from './fulfilment';

export const FULFILMENT_OPERATIONS = [
  'ship',
  'pack',
  'track',
  'read',
  'status',
  'cancel',
  'authorise',
  'receive',
  'returns',
] as const;

export type FulfilmentOperation = (typeof FULFILMENT_OPERATIONS)[number];

const READING: ReadonlySet<FulfilmentOperation> = new Set(['read', 'status', 'returns']);

/** Whether an operation only reads, so that it does not end a message's delivery. */
export function readsFulfilment(operation: FulfilmentOperation): boolean {
  return READING.has(operation);
}

export interface FulfilmentOutcome {
  /** What to tell of it. */
  readonly result: unknown;
  /** The message's own shipment. */
  readonly shipment?: Shipment;
  /** Shipments as Odoo has them. */
  readonly shipments?: readonly Shipment[];
  /** Returns as Odoo has them. */
  readonly returns?: readonly CanonicalReturn[];
}

/**
 * Rejects as the operations of Fulfilment do; with CANONICAL_CONTRACT (permanent) for what keeps no contract, and
 * ORDER_NOT_NAMED (permanent) where no order can be told from the message.
 * @param picking name or id of a picking in Odoo that the message names beside its payload
 */
export async function runFulfilment(
  fulfilment: Fulfilment,
  operation: FulfilmentOperation,
  payload: unknown,
  picking: string | undefined,
): Promise<FulfilmentOutcome> {
  switch (operation) {
    case 'ship':
    case 'pack':
    case 'track': {
      const shipment = canonical<Shipment>('shipment', payload);
      const { shipments, ...result } = await fulfilment[operation](shipment, picking);
      return { result, shipment, shipments };
    }
    case 'authorise':
    case 'receive': {
      const result = await fulfilment[operation](canonical<CanonicalReturn>('return', payload));
      const { return: read, ...told } = result;
      return { result: told, returns: [read] };
    }
    case 'read': {
      const shipments = await fulfilment.shipments(orderAsked(payload));
      return { result: shipments, shipments };
    }
    case 'returns': {
      const returns = await fulfilment.returns(orderAsked(payload));
      return { result: returns, returns };
    }
    case 'status':
      return { result: await fulfilment.status(orderAsked(payload)) };
    case 'cancel': {
      const { returnId } = recordOf(payload);
      const wish = { picking, ...(typeof returnId === 'string' ? { returnId } : {}) };
      return { result: await fulfilment.cancel(orderAsked(payload), wish) };
    }
  }
}

/** Only what keeps the contract may reach Odoo, also when no mapper stands before the node. */
function canonical<T>(name: 'shipment' | 'return', payload: unknown): T {
  const problems = contracts().validate(name, '1.0', payload);
  if (problems.length === 0) return payload as T;
  throw new CrossdockError(`This is not a canonical ${name} 1.0: ${problemsToSentence(problems)}`, {
    code: 'CANONICAL_CONTRACT',
    kind: 'permanent',
    problems,
  });
}

/** Which order a payload is about: a canonical object, the result of odoo order, a reference, or just its number. */
export function orderAsked(payload: unknown): OrderAsked {
  if (typeof payload === 'string' && payload.trim() !== '') return byText(payload.trim());
  const value = recordOf(payload);
  const { channel, account, orderRef, orderRefs, odooId } = value;
  const of = {
    ...(typeof channel === 'string' ? { channel } : {}),
    ...(typeof account === 'string' ? { account } : {}),
  };
  if (typeof odooId === 'number') return { ...of, odooId, ref: {} };
  const named = orderRef ?? (Array.isArray(orderRefs) ? orderRefs[0] : undefined);
  if (typeof named === 'string' && named !== '') return { ...of, ...byText(named) };
  const ref = refOf(recordOf(named ?? payload));
  if (Object.keys(ref).length > 0) return { ...of, ref };
  throw new CrossdockError(
    'The message does not say which order: its payload has neither an order reference nor an order number.',
    { code: 'ORDER_NOT_NAMED', kind: 'permanent' },
  );
}

function byText(text: string): OrderAsked {
  return { ref: text.includes(':') ? { id: text } : { orderNumber: text } };
}

function refOf(value: Readonly<Record<string, unknown>>): OrderRef {
  const ref: OrderRef = {};
  for (const name of ['id', 'externalId', 'orderNumber'] as const) {
    const part = value[name];
    if (typeof part === 'string' && part !== '') ref[name] = part;
  }
  return ref;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
