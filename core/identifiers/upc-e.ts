/** UPC-E: a UPC-A with its zeros squeezed out, as printed on small packages. */
import { checkDigit } from './check-digit';

/**
 * The 12 digits of a UPC-A. Takes the 6 digits under the bars, 7 (the number system before them), or 8 (the check digit
 * behind them, too).
 */
export function expandUpcE(text: string): { readonly value: string } | { readonly fault: string } {
  if (!/^\d{6,8}$/.test(text)) return { fault: 'a UPC-E has 6 to 8 digits' };
  if (text.length === 6) return expanded('0', text, undefined);
  const [system, check] = [text.charAt(0), text.length === 8 ? text.charAt(7) : undefined];
  if (system === '0' || system === '1') return expanded(system, text.slice(1, 7), check);
  return { fault: `a UPC-E begins with the number system 0 or 1, not with ${system}` };
}

function expanded(
  system: string,
  six: string,
  check: string | undefined,
): { readonly value: string } | { readonly fault: string } {
  const body = system + unsqueezed(six);
  const right = String(checkDigit(body));
  if (check !== undefined && check !== right) {
    return { fault: `the UPC-E ends with the check digit ${check}, but its digits call for ${right}` };
  }
  return { value: body + right };
}

/** The last digit tells where the zeros were. */
function unsqueezed(six: string): string {
  const [a, b, c, d, e, last] = [...six] as [string, string, string, string, string, string];
  if (last <= '2') return `${a}${b}${last}0000${c}${d}${e}`;
  if (last === '3') return `${a}${b}${c}00000${d}${e}`;
  if (last === '4') return `${a}${b}${c}${d}00000${e}`;
  return `${a}${b}${c}${d}${e}0000${last}`;
}
