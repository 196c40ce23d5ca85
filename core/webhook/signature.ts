import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** How a sender signs: base64 of HMAC-SHA256 over the raw body, in a header of its own. */
const HEADERS = {
  shopify: 'x-shopify-hmac-sha256',
  woocommerce: 'x-wc-webhook-signature',
} as const;

export const SIGNATURE_KINDS = ['none', 'shopify', 'woocommerce'] as const;
export type SignatureKind = (typeof SIGNATURE_KINDS)[number];

/**
 * Whether the body was signed with the secret; compares in constant time over the raw bytes as received.
 * A missing, doubled or malformed header does not match.
 */
export function signatureMatches(
  kind: Exclude<SignatureKind, 'none'>,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
  secret: string,
): boolean {
  const given = headers[HEADERS[kind]];
  if (typeof given !== 'string' || !/^[A-Za-z0-9+/]{43}=$/.test(given)) return false;
  const expected = createHmac('sha256', secret).update(body).digest();
  const found = Buffer.from(given, 'base64');
  return found.length === expected.length && timingSafeEqual(found, expected);
}
