import { createHash } from 'node:crypto';
import { type CanonicalOrder, canonicalJson, fingerprint } from '../canonical';

/**
 * sha256 (hex) of what a message says. A canonical order's leaves out when and by which mapping it arrived, so that
 * a late copy is the same order; of anything else every member counts.
 */
export function contentFingerprint(payload: unknown): string {
  if (isCanonicalOrder(payload)) return fingerprint(payload);
  return createHash('sha256').update(canonicalJson(payload)).digest('hex');
}

function isCanonicalOrder(payload: unknown): payload is CanonicalOrder {
  if (typeof payload !== 'object' || payload === null) return false;
  const { schemaVersion, provenance, lines } = payload as Partial<CanonicalOrder>;
  return (
    schemaVersion === '1.0' && typeof provenance === 'object' && provenance !== null && Array.isArray(lines)
  );
}
