/** What the writing of orders is told, and what it answers. */
import type { CanonicalOrder, OrderResponse } from '../../canonical/generated';
import type { Decimal } from '../../canonical/order';
import type { RetryPolicy } from '../client/retry';

/** How a customer is looked for before one is created; never by similarity. In the order of the list. */
export type MatchRule =
  /** The one that an earlier order of this buyer made (external id). */
  | 'known'
  /** The customer's reference in Odoo, from an identifier of the buyer (`refScheme`). */
  | 'ref'
  | 'vat'
  | 'gln'
  /** The e-mail address and the name, both equal. */
  | 'email';

export const MATCH_RULES: readonly MatchRule[] = ['known', 'ref', 'vat', 'gln', 'email'];

export interface TermOptions {
  /** The partner's word -> Odoo's name or code. Without an entry the word itself is looked for. */
  readonly paymentTerms?: Readonly<Record<string, string>> | undefined;
  readonly carriers?: Readonly<Record<string, string>> | undefined;
  readonly warehouses?: Readonly<Record<string, string>> | undefined;
  readonly incoterms?: Readonly<Record<string, string>> | undefined;
  /** Names of tags in Odoo; `{channel}`, `{account}` and `{priority}` stand for the order's. */
  readonly tags?: readonly string[] | undefined;
  /** What Odoo does not have: the order is refused (default), or goes in without it. */
  readonly unknown?: 'hold' | 'leaveOut' | undefined;
  /** What becomes Odoo's delivery date: the promised time, or (default) the requested one where none is promised. */
  readonly deliveryDate?: 'requested' | 'promised' | 'none' | undefined;
}

export interface CreditOptions {
  /** `hold`: an order beyond the customer's credit limit stays a quotation. Default `off`. */
  readonly gate: 'off' | 'hold';
  /** When the account may not read credit limits, or Odoo does not compute them: hold (default), or confirm. */
  readonly unreadable?: 'hold' | 'pass' | undefined;
  /** A customer without a limit of its own, in company currency; without it Odoo's company-wide limit counts. */
  readonly defaultLimit?: Decimal | undefined;
}

export interface OrderWriterOptions {
  /** `order` (default): the buyer becomes a customer in Odoo, created once. `fixed`: all orders for one customer. */
  readonly customer?: 'order' | 'fixed' | undefined;
  /** Reference of the fixed customer. */
  readonly customerRef?: string | undefined;
  /** Default: `known` only. */
  readonly match?: readonly MatchRule[] | undefined;
  /** Scheme of the buyer's identifier that is Odoo's customer reference. Default `ref`. */
  readonly refScheme?: string | undefined;
  /** A buyer whom no rule finds: created (default), or the order is refused. */
  readonly unknownCustomer?: 'create' | 'hold' | undefined;
  /** Confirm the order after its total was found right. Default true. */
  readonly confirm?: boolean | undefined;
  /**
   * Let Odoo write confirmation, amendment and cancellation into the chatter and tell followers. Default true; without,
   * confirming costs Odoo about a tenth less (measured: 13 to 16 instead of 15 to 19 ms of an order's processor time).
   */
  readonly chatter?: boolean | undefined;
  /** Internal reference of the product for charges. Default `SHIPPING`. */
  readonly chargeSku?: string | undefined;
  /** Internal reference of the product for discounts. Default `DISCOUNT`. */
  readonly discountSku?: string | undefined;
  /** UN/ECE code -> name of the unit in Odoo, for units of the house and packagings. */
  readonly units?: Readonly<Record<string, string>> | undefined;
  /** Partners' item codes, for lines that name neither SKU nor GTIN. */
  readonly crossReferences?: ItemReferences | undefined;
  readonly terms?: TermOptions | undefined;
  readonly credit?: CreditOptions | undefined;
  /** Orders per load, 1 to 100. Default 50. */
  readonly batchSize?: number | undefined;
  /** How far Odoo's total may be from the order's, in the order's currency. Default `0.01`. */
  readonly tolerance?: Decimal | undefined;
  /** Module part of the external ids; never change it for a running shop. Default `crossdock`. */
  readonly namespace?: string | undefined;
  /** Part of the key, for several tenants in one database. Default ''. */
  readonly tenant?: string | undefined;
  /** Batches under way at once. Default 2. */
  readonly lanes?: number | undefined;
  /** For tests: how fast lost races and failed calls are repeated. */
  readonly raceRetry?: RetryPolicy | undefined;
  readonly callRetry?: RetryPolicy | undefined;
}

/** What a partner's item code stands for; core/cross-reference has it. */
export interface ItemReferences {
  lookup(
    partner: string,
    keys: readonly { readonly kind: 'item'; readonly code: string; readonly scheme?: string | undefined }[],
  ): Promise<(ItemMeaning | undefined)[]>;
}

export interface ItemMeaning {
  readonly targetScheme: string;
  readonly target: string;
  /** The packaging that the code means, and how much of the item is in it. */
  readonly packLevel: string | null;
  readonly quantityPerUnit: Decimal | null;
}

/** An order as it stands in Odoo. */
export interface PlacedOrder {
  readonly odooId: number;
  /** For example `S00012`. */
  readonly name: string;
  /** Odoo's state: draft, sent, sale, done, cancel. */
  readonly state: string;
  readonly amountTotal: Decimal;
  /** False when the order was in Odoo before; left out when Odoo's clock is not known. */
  readonly created?: boolean;
  /** Number of order lines in Odoo. */
  readonly lines: number;
  /** Where a person opens the order. */
  readonly url: string;
  /** What Odoo does not have and the order went in without, for example `carrier: DHL`. */
  readonly leftOut?: readonly string[];
}

/** A placed order with all that is told about it. */
export interface OrderResult {
  readonly placed: PlacedOrder;
  /** The canonical order with Odoo's number and ids, progress of its lines and its statuses. */
  readonly order: CanonicalOrder;
  readonly response: OrderResponse;
}
