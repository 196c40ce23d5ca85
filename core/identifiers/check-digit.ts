/** GS1's check digit: weights 3 and 1 from the right, up to the next ten. One for all of its keys. */

/** The check digit of what stands before it; `digits` holds digits only. */
export function checkDigit(digits: string): number {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    sum += index % 2 === 0 ? digit * 3 : digit;
  }
  return (10 - (sum % 10)) % 10;
}

/** Whether the last digit is the right one. */
export function isChecked(digits: string): boolean {
  return checkDigit(digits.slice(0, -1)) === Number(digits.slice(-1));
}

/**
 * Where two neighbours may have been swapped: the places (from 1) of the first of the two, for which the number becomes
 * right. A single wrong digit may be at any place, so there is nothing to tell about it.
 */
export function likelySwaps(digits: string): number[] {
  const found: number[] = [];
  for (let at = 0; at + 1 < digits.length; at += 1) {
    const [a, b] = [digits.charAt(at), digits.charAt(at + 1)];
    if (a !== b && isChecked(digits.slice(0, at) + b + a + digits.slice(at + 2))) found.push(at + 1);
  }
  return found;
}
