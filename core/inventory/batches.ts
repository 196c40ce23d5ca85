/**
 * A list in pieces of few different lengths (powers of two, the longest first), so that a database prepares few different
 * texts of a statement for many rows.
 * @param most longest piece, a power of two
 */
export function* batches<T>(list: readonly T[], most: number): Generator<readonly T[], void, void> {
  let from = 0;
  for (let size = most; from < list.length; ) {
    while (size > list.length - from) size /= 2;
    yield list.slice(from, from + size);
    from += size;
  }
}
