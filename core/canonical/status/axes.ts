/**
 * The status axes as data: which states there are, where a life begins, and which changes are legal. The axes change
 * independently of each other; every change is an event with cause, actor and time. Their words are those of the
 * contracts, so that a state which a contract adds is missing here at compile time.
 */
import type {
  CanonicalOrder,
  CanonicalReturn,
  FulfilmentStatus,
  Invoice,
  PaymentStatus,
  Shipment,
} from '../generated';

export interface AxisStates {
  order: CanonicalOrder['status']['order'];
  fulfilment: FulfilmentStatus;
  shipment: Shipment['status'];
  return: CanonicalOrder['status']['return'] | CanonicalReturn['status'];
  payment: PaymentStatus;
  invoice: Invoice['status'];
}

export type Axis = keyof AxisStates;

export interface AxisModel<State extends string = string> {
  /** What it is a status of, in words, with its article. */
  readonly of: string;
  /** Where a life begins. */
  readonly initial: State;
  /** From each state, the states that may follow; none after a final one. */
  readonly next: Readonly<Record<State, readonly State[]>>;
  /** States that only interrupt: from them it may go back to where it came from, one of these. No step forward. */
  readonly back?: Readonly<Partial<Record<State, readonly State[]>>>;
  /** The usual way, where reports may leave out steps: from each state of it, every later one may follow. */
  readonly way?: readonly State[];
}

/** States in which an order can still be asked to be cancelled, and to which it goes back when the seller declines. */
const CANCELLABLE = ['received', 'validated', 'accepted', 'released', 'inFulfilment'] as const;

export const AXES: { readonly [Name in Axis]: AxisModel<AxisStates[Name]> } = {
  order: {
    of: 'an order',
    initial: 'received',
    next: {
      received: ['validated', 'rejected', 'cancelRequested'],
      validated: ['accepted', 'onHold', 'rejected', 'cancelRequested'],
      onHold: ['accepted', 'rejected', 'cancelled'],
      accepted: ['released', 'cancelRequested'],
      released: ['inFulfilment', 'cancelRequested'],
      inFulfilment: ['completed', 'cancelRequested'],
      completed: ['closed'],
      cancelRequested: ['cancelled'],
      rejected: [],
      closed: [],
      cancelled: [],
    },
    back: { cancelRequested: CANCELLABLE },
  },
  fulfilment: {
    of: 'the fulfilment of an order',
    initial: 'none',
    // Derived from quantities, so that steps which nobody reported are left out.
    way: [
      'none',
      'allocated',
      'picking',
      'packed',
      'partiallyShipped',
      'shipped',
      'partiallyDelivered',
      'delivered',
    ],
    next: {
      none: [
        'allocated',
        'backordered',
        'picking',
        'packed',
        'partiallyShipped',
        'shipped',
        'partiallyDelivered',
        'delivered',
        'failed',
        'cancelled',
      ],
      allocated: [
        'backordered',
        'none',
        'picking',
        'packed',
        'partiallyShipped',
        'shipped',
        'partiallyDelivered',
        'delivered',
        'failed',
        'cancelled',
      ],
      backordered: [
        'allocated',
        'picking',
        'packed',
        'partiallyShipped',
        'shipped',
        'partiallyDelivered',
        'delivered',
        'failed',
        'cancelled',
      ],
      picking: [
        'packed',
        'partiallyShipped',
        'shipped',
        'shortShipped',
        'partiallyDelivered',
        'delivered',
        'failed',
        'cancelled',
      ],
      packed: [
        'partiallyShipped',
        'shipped',
        'shortShipped',
        'partiallyDelivered',
        'delivered',
        'failed',
        'cancelled',
      ],
      partiallyShipped: [
        'shipped',
        'shortShipped',
        'partiallyDelivered',
        'delivered',
        'failed',
        'returnedToSender',
      ],
      shipped: ['partiallyDelivered', 'delivered', 'failed', 'returnedToSender'],
      shortShipped: ['partiallyDelivered', 'delivered', 'failed', 'returnedToSender'],
      partiallyDelivered: ['delivered', 'failed', 'returnedToSender'],
      failed: [
        'allocated',
        'picking',
        'shipped',
        'partiallyDelivered',
        'delivered',
        'returnedToSender',
        'cancelled',
      ],
      delivered: [],
      returnedToSender: [],
      cancelled: [],
    },
  },
  shipment: {
    of: 'a shipment',
    initial: 'labelCreated',
    // Carriers leave out scans.
    way: ['labelCreated', 'pickedUp', 'inTransit', 'atHub', 'outForDelivery', 'delivered'],
    next: {
      labelCreated: [
        'pickedUp',
        'inTransit',
        'atHub',
        'outForDelivery',
        'delivered',
        'exception',
        'lost',
        'cancelled',
      ],
      pickedUp: ['inTransit', 'atHub', 'outForDelivery', 'delivered', 'exception', 'returning', 'lost'],
      inTransit: ['atHub', 'outForDelivery', 'attemptFailed', 'delivered', 'exception', 'returning', 'lost'],
      atHub: ['inTransit', 'outForDelivery', 'attemptFailed', 'delivered', 'exception', 'returning', 'lost'],
      outForDelivery: ['delivered', 'attemptFailed', 'exception', 'returning', 'lost'],
      attemptFailed: ['outForDelivery', 'atHub', 'delivered', 'exception', 'returning', 'lost'],
      exception: ['inTransit', 'atHub', 'outForDelivery', 'delivered', 'returning', 'lost'],
      returning: ['returned', 'lost'],
      delivered: [],
      returned: [],
      lost: [],
      cancelled: [],
    },
  },
  return: {
    of: 'a return',
    initial: 'none',
    next: {
      none: ['requested', 'authorised'],
      requested: ['authorised', 'declined', 'cancelled'],
      // Goods that are not worth the way stay with the buyer: the remedy follows at once.
      authorised: ['labelIssued', 'inTransit', 'received', 'refunded', 'replaced', 'cancelled', 'expired'],
      labelIssued: ['inTransit', 'received', 'cancelled', 'expired'],
      inTransit: ['received'],
      received: ['inspected'],
      inspected: ['accepted', 'partlyAccepted', 'rejected'],
      accepted: ['refunded', 'replaced'],
      partlyAccepted: ['refunded', 'replaced'],
      // Nothing is owed; goodwill may still give it.
      rejected: ['refunded', 'replaced', 'closed'],
      refunded: ['closed'],
      replaced: ['closed'],
      declined: [],
      closed: [],
      cancelled: [],
      expired: [],
    },
  },
  payment: {
    of: 'the payment of an order',
    initial: 'unpaid',
    next: {
      unpaid: ['authorised', 'partiallyPaid', 'paid', 'voided'],
      authorised: ['partiallyPaid', 'paid', 'voided', 'unpaid'],
      partiallyPaid: ['paid', 'partiallyRefunded', 'refunded'],
      // An amended order may cost more than was paid.
      paid: ['partiallyPaid', 'partiallyRefunded', 'refunded'],
      partiallyRefunded: ['refunded'],
      refunded: [],
      voided: [],
    },
  },
  invoice: {
    of: 'an invoice',
    initial: 'draft',
    next: {
      draft: ['posted', 'cancelled'],
      // Not seen by the buyer yet, a posted invoice may still be cancelled; later it is reversed by a credit note.
      posted: ['sent', 'partiallyPaid', 'paid', 'reversed', 'cancelled'],
      sent: ['partiallyPaid', 'paid', 'reversed'],
      partiallyPaid: ['paid', 'reversed'],
      paid: ['reversed'],
      reversed: [],
      cancelled: [],
    },
  },
};

export const AXIS_NAMES = Object.keys(AXES) as Axis[];

/** All states of an axis. */
export function statesOf<Name extends Axis>(axis: Name): AxisStates[Name][] {
  return Object.keys(AXES[axis].next) as AxisStates[Name][];
}

/** Whether a text is a state of an axis. */
export function isState<Name extends Axis>(axis: Name, word: string): word is AxisStates[Name] & string {
  return Object.hasOwn(AXES[axis].next, word);
}

/** Whether nothing follows a state. */
export function isFinal<Name extends Axis>(axis: Name, state: AxisStates[Name]): boolean {
  return (AXES[axis] as AxisModel).next[state]?.length === 0;
}
