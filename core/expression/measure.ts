/** How large a value is, found out without walking much further than a bound. */

/**
 * Whether a value is larger than `max`, in bytes of about its JSON. What is found there several times counts once, as
 * a structured clone writes it once. Costs no more time than a value of the size `max` does, however large it is.
 */
export function isLargerThan(value: unknown, max: number, seen: Set<object> = new Set()): boolean {
  let left = max;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    left -= 8;
    if (typeof next === 'string') left -= next.length;
    else if (typeof next === 'object' && next !== null && !seen.has(next)) {
      seen.add(next);
      if (ArrayBuffer.isView(next)) left -= next.byteLength;
      // A list of a million holes costs a million steps to whoever copies it.
      else if (Array.isArray(next)) left -= next.length * 8;
      if (left < 0) return true;
      if (Array.isArray(next)) for (const entry of next) open.push(entry);
      else if (next instanceof Map || next instanceof Set) return next.size > 0;
      else if (!ArrayBuffer.isView(next)) {
        for (const key in next) {
          left -= key.length;
          if (left < 0) return true;
          open.push((next as Record<string, unknown>)[key]);
        }
      }
    }
    if (left < 0) return true;
  }
  return false;
}
