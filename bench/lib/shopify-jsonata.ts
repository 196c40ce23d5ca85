import type { HandContext } from './shopify-order';

/** The same as JSONata for the change node: `msg.payload` is set to it. */
export function mapByJsonata(context: HandContext, version: string): string {
  const text = (value: string): string => JSON.stringify(value);
  return `(
  $o := payload;
  $m := function($n) { $formatNumber($n, "0.00") };
  $utc := function($t) { $fromMillis($toMillis($t), "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]Z") };
  $address := function($a) { {
    "name": $trim($a.name),
    "line1": $trim($a.address1),
    "line2": $a.address2 ? $trim($a.address2),
    "city": $trim($a.city),
    "region": $a.province_code ? $trim($a.province_code),
    "postalCode": $trim($a.zip),
    "countryCode": $a.country_code,
    "phone": $a.phone ? $trim($a.phone)
  } };
  $total := $number($o.current_total_price);
  $tax := $number($o.current_total_tax);
  $prepaid := $o.financial_status in ["paid", "partially_refunded", "refunded"] ? $total : 0;
  $email := $lowercase($trim($o.email));
  $reason := $o.discount_codes[0].code ? $trim($o.discount_codes[0].code) : "Discount";
  $taxOf := function($t, $part, $whole) { {
    "category": $t.rate = 0 ? "Z" : "S",
    "rate": $string($round($t.rate * 100, 10)),
    "amount": $m($number($t.price_set.shop_money.amount) * $part / $whole)
  } };
  $charges := [$o.shipping_lines[$number(discounted_price_set.shop_money.amount) > 0].(
    $amount := $number(discounted_price_set.shop_money.amount);
    {
      "isCharge": true,
      "reasonCode": "FC",
      "reason": $substring($trim(title), 0, 255),
      "amount": $m($amount),
      "taxes": [tax_lines.$taxOf($, $amount, $amount)]
    }
  )];
  {
    "id": ${text(`${context.channel}:${context.account}:`)} & $string($o.id),
    "schemaVersion": "1.0",
    "kind": "220",
    "channel": ${text(context.channel)},
    "account": ${text(context.account)},
    "externalId": $string($o.id),
    "externalRevision": $utc($o.updated_at),
    "orderNumber": $trim($o.name),
    "issuedAt": $utc($o.created_at),
    "currency": $o.currency,
    "pricesIncludeTax": $o.taxes_included,
    "parties": {
      "buyer": {
        "name": $trim($o.customer.first_name & " " & $o.customer.last_name),
        "identifiers": [
          { "scheme": "shopify:customer", "value": $string($o.customer.id) },
          { "scheme": "email", "value": $email }
        ],
        "email": $email,
        "phone": $trim($o.phone ? $o.phone : $o.billing_address.phone),
        "address": $address($o.billing_address)
      },
      "shipTo": {
        "name": $trim($o.shipping_address.company ? $o.shipping_address.company : $o.shipping_address.name),
        "identifiers": [],
        "address": $address($o.shipping_address)
      },
      "billTo": {
        "name": $trim($o.billing_address.company ? $o.billing_address.company : $o.billing_address.name),
        "identifiers": [],
        "address": $address($o.billing_address)
      }
    },
    "payment": { "status": $o.financial_status, "method": $o.payment_gateway_names[0] },
    "shipping": { "service": $substring($trim($o.shipping_lines[0].title), 0, 255) },
    "lines": [$o.line_items.(
      $original := quantity;
      $current := current_quantity;
      $share := $original > 0
        ? $sum(discount_allocations.$number(amount_set.shop_money.amount)) * $current / $original : 0;
      {
        "lineId": $string(id),
        "externalLineId": $string(id),
        "item": {
          "identifiers": [
            { "scheme": "sku", "value": $trim(sku) },
            { "scheme": "shopify:variant", "value": $string(variant_id) }
          ],
          "description": $substring($trim(name), 0, 1000)
        },
        "unit": "C62",
        "quantity": { "original": $string($original), "current": $string($current) },
        "unitPrice": {
          "amount": $formatNumber($number(price_set.shop_money.amount), "0.00####"),
          "baseQuantity": "1"
        },
        "allowancesCharges": $share > 0
          ? [{ "isCharge": false, "reasonCode": "95", "reason": $reason, "amount": $m($share), "taxes": [] }]
          : [],
        "taxes": $original > 0 ? [tax_lines.$taxOf($, $current, $original)] : []
      }
    )],
    "allowancesCharges": $charges,
    "totals": {
      "lineExtension": $m($number($o.current_subtotal_price)),
      "allowance": "0.00",
      "charge": $m($sum($charges.$number(amount))),
      "taxExclusive": $m($total - $tax),
      "tax": $m($tax),
      "taxInclusive": $m($total),
      "prepaid": $m($prepaid),
      "payable": $m($total - $prepaid)
    },
    "notes": $append($trim($o.note), $o.note_attributes.(name & ": " & value)),
    "status": {
      "order": "received",
      "fulfilment": $o.fulfillment_status = "fulfilled" ? "shipped"
        : $o.fulfillment_status = "partial" ? "partiallyShipped" : "none",
      "payment": $o.financial_status,
      "return": "none"
    },
    "provenance": {
      "system": "shopify",
      "partnerId": ${text(context.partnerId)},
      "externalId": $string($o.id),
      "receivedAt": $utc(crossdock.receivedAt),
      "mappingVersion": ${text(version)}
    },
    "extensions": { "shopify": { "sourceName": $o.source_name, "tags": $o.tags } }
  }
)`;
}
