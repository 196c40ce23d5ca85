import { asCrossdockError, type CrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';

/**
 * Does something for many records in one call; when that fails, for each half, until the ones that fail stand alone.
 * The result has the error of each that failed. Throws when Odoo cannot be used at all.
 */
export async function inHalves(
  ids: readonly number[],
  work: (ids: readonly number[]) => Promise<void>,
  failed: Map<number, CrossdockError> = new Map(),
): Promise<Map<number, CrossdockError>> {
  if (ids.length === 0) return failed;
  try {
    await work(ids);
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error)) throw error;
    if (ids.length === 1) {
      failed.set(ids[0] as number, error);
      return failed;
    }
    const middle = Math.ceil(ids.length / 2);
    await inHalves(ids.slice(0, middle), work, failed);
    await inHalves(ids.slice(middle), work, failed);
  }
  return failed;
}
