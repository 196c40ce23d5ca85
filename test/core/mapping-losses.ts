/** What a mapping leaves behind: fields of a document that have a value and that no row of the spec reads. */
import type { MappingSpec } from '../../core/mapping';

export interface Losses {
  /** Fields of the document that have a value, by path with [] for entries. */
  readonly total: number;
  /** Those that no row reads. */
  readonly lost: readonly string[];
}

export function lossesOf(spec: MappingSpec, document: unknown): Losses {
  const read = pathsOf(spec);
  const fields = new Set<string>();
  collect(document, '', fields);
  return { total: fields.size, lost: [...fields].filter((field) => !read.has(field)).sort() };
}

/** Every source path that a spec reads, with [] for entries: those of rows, conditions and transforms. */
export function pathsOf(spec: MappingSpec): Set<string> {
  const variables = new Map<string, string[]>();
  const found: string[] = [];
  const visit = (node: unknown, list: string | undefined): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const entry of node) visit(entry, list);
      return;
    }
    const record = node as Record<string, unknown>;
    const own = [record['from'], record['each'], record['groupBy']].flat().filter(isText);
    found.push(...own);
    // What find, filter and pluck read of a list's entries.
    const members = ['find', 'filter', 'pluck'].flatMap((name) => {
      const argument = record[name];
      if (isText(argument)) return list === undefined ? [] : [`${list}[].${argument}`];
      if (typeof argument !== 'object' || argument === null) return [];
      const { in: other, key, value } = argument as Record<string, unknown>;
      const entries = isText(other) ? other.replace(/\[\]$/, '') : list;
      if (entries === undefined) return [];
      return [key, name === 'find' ? value : undefined].filter(isText).map((part) => `${entries}[].${part}`);
    });
    found.push(...members);
    // Below `result` the lists are those of the result, not of the message.
    const below = record['result'] === undefined ? (own[0]?.replace(/\[\]$/, '') ?? list) : undefined;
    for (const value of Object.values(record)) visit(value, below);
  };
  for (const rule of spec.rules) {
    visit(rule, undefined);
    const name = /(\$\w+)$/.exec(rule.target)?.[1];
    if (name !== undefined)
      variables.set(name, [...(variables.get(name) ?? []), ...[rule.from].flat().filter(isText)]);
  }
  return new Set(found.flatMap((path) => resolved(path, variables)).flatMap(plain));
}

/** A path through a variable as the paths that the variable stands for. */
function resolved(path: string, variables: ReadonlyMap<string, string[]>, depth = 0): string[] {
  const name = /^\$\w+/.exec(path)?.[0];
  if (name === undefined) return [path];
  if (name === '$group') return [path.slice(name.length)];
  if (depth > 4) return [];
  return (variables.get(name) ?? []).flatMap((from) =>
    resolved(`${from}${path.slice(name.length)}`, variables, depth + 1),
  );
}

/** [0] and [key=value] as []; the key that an entry is found by is read too. */
function plain(path: string): string[] {
  const keys = [...path.matchAll(/\[([A-Za-z_]\w*)=[^\]]*\]/g)].map(
    (match) => `${path.slice(0, match.index)}[].${match[1]}`,
  );
  return [path, ...keys].map((found) => found.replace(/\[[^\]']+\]/g, '[]').replace(/\['([^']+)'\]/g, '.$1'));
}

function collect(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const entry of value) collect(entry, `${path}[]`, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value))
      collect(member, path === '' ? key : `${path}.${key}`, found);
  } else if (value !== null && value !== '' && value !== undefined) found.add(path);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Why it does no harm that fields are not read; the first pattern that fits counts. `*` is for all mappings. */
const REASONS: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  '*': [
    [/[cC]urrency(_?[cC]ode)?$/, 'the currency is the order’s; totals would not foot otherwise'],
    [/admin_graphql_api_id$/, 'the same id in GraphQL’s form'],
  ],
  'shopify-order': [
    [/presentment_money/, 'amounts of the buyer’s currency: the shop’s are taken, the total of both is kept'],
    [/_set\.shop_money\.amount$/, 'the same amount as the field without _set'],
    [
      /^(current_)?total_(discounts|line_items_price|shipping_price|price_usd)/,
      'sums of what the lines and charges say one by one',
    ],
    [/^original_total_duties/, 'the current duties are taken'],
    [
      /discount_(applications|codes)|discount_application_index/,
      'the discount stands with its lines, with its amount',
    ],
    [
      /^refunds\[\]/,
      'refunds come as messages of their own (shopify-refund); current amounts are after them',
    ],
    [/^fulfillments\[\]/, 'fulfilments come as messages of their own (shopify-fulfillment)'],
    [/duties\[\]/, 'the sum of the duties is a charge; customs data per line is not taken'],
    [/^customer\.default_address/, 'the addresses of the order count'],
    [/^customer\.|^tax_exempt$/, 'facts about the customer, not the order; the customer is named by its id'],
    [/latitude|longitude|\.province$/, 'the region is taken as its code; no coordinates'],
    [/tip\.payment/, 'the tip is a charge; how it was paid is not kept'],
    [/tax_lines\[\]\.(title|channel_liable)|taxable$/, 'taxes are told apart by category and rate'],
    [
      /fulfil|grams|weight|requires_shipping|variant_inventory|product_(exists|id)|vendor|variant_title/,
      'catalogue data: the item is named by SKU and variant',
    ],
    [/^shipping_lines\[\]\.(id|code|source)/, 'the service is named by its title'],
    [
      /^(number|confirmation_number|reference|location_id|processed_at|processing_method|confirmed|estimated_taxes|duties_included|order_status_url)$/,
      'the shop’s own bookkeeping; the order is named by id and name',
    ],
    [
      /^(app_id|browser_ip|buyer_accepts_marketing|cart_token|checkout_(id|token)|client_details\..*|customer_locale|landing_site.*|referring_site|token|payment_details\..*)$/,
      'traces of the visit and the checkout, of no use for an order (and personal data)',
    ],
  ],
  'shopify-refund': [
    [/presentment_money|_set\.shop_money/, 'the amount in the shop’s currency is taken'],
    [/^refund_line_items\[\]\.line_item\./, 'the order line is named by its id; its data is in the order'],
    [/^order_adjustments\[\]/, 'ids of the adjustment; its kind, reason and amounts are taken'],
    [/location_id$/, 'where the goods go back to is decided in Odoo'],
    [
      /^transactions\[\]\.(id|order_id|authorization|source_name|test)$|^user_id$/,
      'ids of the payment and of the user',
    ],
  ],
  'shopify-fulfillment': [
    [/tracking_urls/, 'of several parcels the pages cannot be told apart; of one its page is taken'],
    [/^destination\./, 'the full name and the region’s code are taken'],
    [
      /^line_items\[\]\.(fulfillment_service|gift_card|grams|price|product_|properties|requires_|taxable|total_discount|variant_)|^receipt\./,
      'catalogue data and the service’s receipt: the order line is named by its id',
    ],
  ],
  'shopify-inventory-levels': [],
  'woocommerce-order': [
    [/^refunds\[\]/, 'the sum of the refunds is kept'],
    [/^(discount|shipping|cart)_(total|tax)$|tax_total$/, 'sums of what the rows say one by one'],
    [/line_items\[\]\.price$/, 'a float; the exact amount of the line is taken'],
    [/taxes\[\]\.subtotal|discount|free_shipping|nominal_amount/, 'the coupon’s effect stands in the lines'],
    [/tax_(status|class)|compound|label|rate_code/, 'taxes are told apart by category and rate'],
    [/^date_(created|modified|paid)$/, 'a time without zone; its _gmt twin is taken'],
    [
      /meta_data|\.id$|method_id|instance_id|fee_lines\[\]\.amount/,
      'ids and fields of plugins; add rows for those you need',
    ],
    [
      /^(_links\..*|cart_hash|currency_symbol|customer_(ip_address|user_agent)|is_editable|needs_.*|order_key|parent_id|payment_url)$/,
      'traces of the visit and links',
    ],
  ],
  'amazon-order-v0': [
    [/PointsGranted/, 'Amazon Points: a matter of Amazon’s settlement'],
    [/Condition|PriceDesignation|IsGift/, 'facts about the offer; the SKU names it'],
    [/SerialNumbers/, 'of goods that Amazon ships'],
    [/ResponsibleParty|TaxingRegion/, 'who remits the tax is told by the model'],
    [
      /^order\.(Is(AccessPoint|GlobalExpress|IBA|Premium|SoldByAB).*|NumberOfItems.*|OrderType|SalesChannel|ShippingAddress\.AddressType)$/,
      'programme marks and counters that the items tell one by one',
    ],
  ],
  'amazon-order': [
    [/condition|priceDesignation|giftWrapLevel/, 'facts about the offer; the SKU names it'],
    [/cancellationExecution|quantityUnfulfilled/, 'follows from the quantities'],
    [/responsibleParty/, 'who remits the tax is told by the model'],
    [
      /^salesChannel\.|^payment\..*paymentAmount|^proceeds\.breakdowns\[\]\.status$/,
      'names beside ids, and payments that the grand total contains',
    ],
  ],
  'amazon-purchase-order': [
    [/listPrice\.unitOfMeasure/, 'the list price is kept for information only'],
    [/taxInfo/, 'the order’s own tax registration is taken'],
    [/StateChangedDate$/, 'when the state changed; the state is taken'],
  ],
  'mirakl-order': [
    [/ommission/, 'the sum of the commission is kept'],
    [
      /price_unit|origin_unit_price|promotions\[\]|total_price$|^(shipping_)?price$/,
      'parts and sums of the lines’ prices',
    ],
    [/order_additional_fields/, 'the operator’s own fields; add rows for those you need'],
    [/taxes\[\]\.code/, 'taxes are told apart by category and rate'],
    [
      /^(acceptance_decision_date|can_.*|channel\.label|customer\.(locale|organization\.organization_id)|customer_directly.*|fulfillment\..*|leadtime.*|transaction_date)$/,
      'the operator’s bookkeeping',
    ],
    [
      /^order_lines\[\]\.(can_refund|category_code|created_date|offer_state_code|order_line_index)$/,
      'catalogue data and bookkeeping of the line',
    ],
  ],
};

/** Why it does no harm that a field is not read; undefined when nobody has thought about it. */
export function reasonFor(mapping: string, field: string): string | undefined {
  for (const [pattern, reason] of [...(REASONS['*'] ?? []), ...(REASONS[mapping] ?? [])])
    if (pattern.test(field)) return reason;
  return undefined;
}

/** Lost fields by reason, as a cell of a table. */
export function lossesByReason(mapping: string, lost: readonly string[]): string {
  const groups = new Map<string, string[]>();
  for (const field of lost) {
    const reason = reasonFor(mapping, field) ?? '?';
    groups.set(reason, [...(groups.get(reason) ?? []), field]);
  }
  return [...groups]
    .map(([reason, fields]) => {
      const shown = fields.slice(0, 4).map((field) => `\`${field}\``);
      const more = fields.length > 4 ? ` and ${fields.length - 4} more` : '';
      return `${shown.join(', ')}${more}: ${reason}`;
    })
    .join('; ');
}
