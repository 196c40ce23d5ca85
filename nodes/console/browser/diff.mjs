/** Two texts line by line, side by side: what is the same, what only one of them has. */

// Beyond this the table of the longest common subsequence is too large; such texts are shown without marks.
const comparedLines = 1500;
export const shownLines = 3000;

/** A message's body (core/replay/api.ts, Content) as lines. */
export function linesOf(content) {
  if (content === null || content === undefined || content.value === null) return [];
  const text = content.type === 'json' ? JSON.stringify(content.value, null, 2) : String(content.value);
  return text.split('\n');
}

/**
 * Pairs of lines: `{ left, right, same }`; `left` or `right` is undefined where only the other one has a line. Changed
 * lines stand beside each other.
 */
export function pairLines(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  const room = Math.min(left.length, right.length) - start;
  while (end < room && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const same = (line) => ({ left: line, right: line, same: true });
  const tail = end === 0 ? [] : left.slice(-end).map(same);
  const [a, b] = [left.slice(start, left.length - end), right.slice(start, right.length - end)];
  return [...left.slice(0, start).map(same), ...middle(a, b), ...tail];
}

function middle(a, b) {
  if (a.length > comparedLines || b.length > comparedLines) return beside(a, b);
  const rows = commonLengths(a, b);
  const pairs = [];
  let [removed, added] = [[], []];
  let [i, j] = [0, 0];
  const flush = () => {
    pairs.push(...beside(removed, added));
    [removed, added] = [[], []];
  };
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      flush();
      pairs.push({ left: a[i], right: b[j], same: true });
      i += 1;
      j += 1;
    } else if (rows[i + 1][j] >= rows[i][j + 1]) removed.push(a[i++]);
    else added.push(b[j++]);
  }
  removed.push(...a.slice(i));
  added.push(...b.slice(j));
  flush();
  return pairs;
}

function beside(a, b) {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => ({
    left: a[at],
    right: b[at],
    same: false,
  }));
}

/** rows[i][j]: how many lines a from i and b from j have in common, in order. */
function commonLengths(a, b) {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      rows[i][j] = a[i] === b[j] ? rows[i + 1][j + 1] + 1 : Math.max(rows[i + 1][j], rows[i][j + 1]);
    }
  }
  return rows;
}
