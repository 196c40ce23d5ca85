import Big from 'big.js';
import type { Decimal } from '../canonical/order';

/** Own constructor, so that nobody else's setting of Big.DP reaches our divisions. */
const Exact = Big();
Exact.DP = 12;

export type Amount = Big;

export function big(value: Decimal | number): Amount {
  return new Exact(value);
}

/** A float of Odoo as a decimal string. Rounded to 6 places: what lies behind is an artefact of binary fractions. */
export function fromFloat(value: number): Decimal {
  return new Exact(value).round(6).toFixed();
}

/** Digits behind the point of a currency (ISO 4217); 2 for unknown ones. */
export function currencyDigits(currency: string): number {
  try {
    return (
      new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
    );
  } catch {
    return 2;
  }
}

/** An amount of money as a decimal string with the currency's digits. */
export function money(value: number, currency: string): Decimal {
  return new Exact(value).toFixed(currencyDigits(currency));
}
