/**
 * A list that is read page by page with a cursor, seen as if it were whole: `at(index)` gives what is there, `want`
 * fetches what is missing. Bounded memory: of far pages only the cursor is kept.
 *
 * A reload keeps the old rows on the screen until the new ones have come, so that nothing flickers.
 */
export const pageSize = 200;
/** Pages that it rather walks than asks for marks. */
const nearPages = 2;
const keptPages = 12;

/**
 * @param fetch `(after, limit) => Promise<{ items, next, total }>`; `next` is the cursor of the next page, or null
 * @param changed called when rows have come or a fetch has failed (then with the error)
 * @param options.leap `(index)`: the cursor of the page that begins there, when the server can start anywhere
 * @param options.marks `() => Promise<[cursor]>`: where each page after the first begins, when the server can tell;
 *   without both, a far page is walked to
 */
export function createPages(fetch, changed, { leap, marks } = {}) {
  let pages = new Map();
  let cursors = [''];
  let generation = 0;
  let wanted = 0;
  let pinned = 0;
  let running = false;
  let ended = false;
  let marked = marks === undefined;
  const state = { total: undefined, loading: true };

  function isFresh(page) {
    return pages.get(page)?.generation === generation;
  }

  function forgetPlaces() {
    cursors = [''];
    marked = marks === undefined;
  }

  /** Forgets the rows farthest from what is looked at. */
  function trim(around) {
    if (pages.size <= keptPages) return;
    const far = [...pages.keys()]
      .filter((page) => page !== pinned)
      .sort((a, b) => Math.abs(b - around) - Math.abs(a - around));
    for (const page of far.slice(0, pages.size - keptPages)) pages.delete(page);
  }

  function take(page, answer) {
    pages.set(page, { items: answer.items, generation });
    const seen = page * pageSize + answer.items.length;
    if (answer.next) cursors[page + 1] = answer.next;
    const known = answer.total ?? Math.max(state.total ?? 0, seen + (answer.next ? pageSize : 0));
    // A leap may have gone past what is there.
    state.total = answer.next ? Math.max(known, seen + 1) : Math.min(seen, answer.total ?? seen);
    trim(wanted);
  }

  async function walk() {
    if (running || ended) return;
    running = true;
    state.loading = true;
    try {
      while (!ended && !isFresh(wanted)) {
        const mine = generation;
        if (!marked && wanted - cursors.length >= nearPages) {
          const known = await marks();
          if (mine !== generation) continue;
          marked = true;
          cursors = ['', ...known];
        }
        // The next cursor is only known from the page before: walk there.
        const page = cursors[wanted] === undefined && !leap ? cursors.length - 1 : wanted;
        const answer = await fetch(cursors[page] ?? leap(page * pageSize), pageSize);
        if (ended) return;
        if (mine !== generation) continue;
        take(page, answer);
        const last = state.total === 0 ? 0 : Math.floor((state.total - 1) / pageSize);
        wanted = Math.min(wanted, last);
        state.loading = !isFresh(wanted);
        changed();
      }
    } catch (error) {
      state.loading = false;
      if (!ended) changed(error);
    } finally {
      running = false;
    }
  }

  return {
    get total() {
      return state.total;
    },
    /** True until what is looked at has come. */
    get loading() {
      return state.loading;
    },
    at(index) {
      return pages.get(Math.floor(index / pageSize))?.items[index % pageSize];
    },
    /** The rows from `first` to `last` are looked at; the one at `active` has the focus and is not forgotten. */
    want(first, last, active = first) {
      pinned = Math.floor(active / pageSize);
      const [from, to] = [Math.floor(first / pageSize), Math.floor(last / pageSize)];
      const missing = isFresh(from) ? to : from;
      if (isFresh(missing)) return;
      wanted = missing;
      void walk();
    },
    /** Whether only the first rows are looked at, so that a reload costs one or two requests. */
    get nearTop() {
      return wanted <= 1;
    },
    /** Reads anew; `stable` when rows keep their places, then the known cursors stay good. */
    reload({ stable = false } = {}) {
      generation += 1;
      if (!stable) forgetPlaces();
      return walk();
    },
    /** Another list altogether: what was shown is wrong. */
    reset() {
      pages = new Map();
      forgetPlaces();
      wanted = 0;
      state.total = undefined;
      state.loading = true;
      generation += 1;
      return walk();
    },
    close() {
      ended = true;
    },
  };
}

/** The same face over an array. */
export function createRows() {
  let rows = [];
  let known = false;
  return {
    get total() {
      return known ? rows.length : undefined;
    },
    get loading() {
      return !known;
    },
    at: (index) => rows[index],
    want() {},
    set(next) {
      rows = next;
      known = true;
    },
  };
}
