import { CrossdockError } from '../errors';

/** A request that cannot be done, for whoever asked; `status` of its answer goes by the code's beginning. */
export function refusal(code: RefusalCode, message: string): CrossdockError {
  return new CrossdockError(message, { code, kind: 'permanent' });
}

export type RefusalCode =
  | 'REQUEST_INVALID'
  | 'LETTER_UNKNOWN'
  | 'BASKET_UNKNOWN'
  | 'ITEM_UNKNOWN'
  | 'BASKET_EMPTY'
  | 'BASKET_TOO_LARGE'
  | 'BASKET_STATE'
  | 'ITEM_SENT'
  | 'SOURCE_NOT_OPEN';
