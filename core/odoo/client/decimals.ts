import { currencyExponent, decimal, toFixedDigits, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';

/** A float of Odoo as a decimal string. Rounded to 6 places: what lies behind is an artefact of binary fractions. */
export function fromFloat(value: number): Decimal {
  return toPlain(decimal(value).round(6));
}

/** Fraction digits of a currency; 2 for one that Node.js does not know. */
export function currencyDigits(currency: string): number {
  return currencyExponent(currency) ?? 2;
}

/** An amount of money as a decimal string with the currency's digits. */
export function money(value: number, currency: string): Decimal {
  return toFixedDigits(decimal(value), currencyDigits(currency));
}
