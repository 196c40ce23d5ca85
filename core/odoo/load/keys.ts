import { createHash } from 'node:crypto';

/**
 * The external id for a business key: sha256 in hex of its parts. Hex has neither dots (Odoo splits there) nor
 * spaces (forbidden), and shows nothing personal. The parts are length-prefixed, so no two lists collide.
 */
export function hashKey(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part},`);
  return hash.digest('hex');
}
