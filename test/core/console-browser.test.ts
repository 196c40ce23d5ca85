import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectFolders, waitFor } from '../support';

// What the console runs in the browser, without a browser: modules that need no element.
interface Pages {
  readonly total: number | undefined;
  readonly loading: boolean;
  readonly nearTop: boolean;
  at(index: number): { id: number } | undefined;
  want(first: number, last: number, active?: number): void;
  reload(options?: { stable?: boolean }): Promise<void>;
}
type Fetch = (
  after: string,
  limit: number,
) => Promise<{ items: object[]; next: string | null; total: number }>;
interface Pair {
  readonly left: string | undefined;
  readonly right: string | undefined;
  readonly same: boolean;
}

async function load<T>(name: string): Promise<T> {
  const file = join(projectFolders().root, 'nodes', 'console', 'browser', name);
  return (await import(file)) as T;
}

describe('console: a list read by cursor', () => {
  let asked: string[];
  let count: number;
  let failing: boolean;
  let pages: Pages;
  let problems: unknown[];

  beforeEach(async () => {
    const { createPages } = await load<{
      createPages(fetch: Fetch, changed: (error?: unknown) => void): Pages;
    }>('pages.mjs');
    asked = [];
    problems = [];
    count = 10_000;
    failing = false;
    pages = createPages(
      async (after, limit) => {
        asked.push(after);
        if (failing) throw new Error('The store is down.');
        const start = Number(after);
        const end = Math.min(count, start + limit);
        const items = Array.from({ length: end - start }, (_, at) => ({ id: start + at }));
        return { items, next: end < count ? String(end) : null, total: count };
      },
      (error) => {
        if (error !== undefined) problems.push(error);
      },
    );
  });
  const loaded = (): Promise<unknown> => waitFor(() => !pages.loading, { what: 'the page' });

  it('walks to a far page over the cursors, and forgets the rows on the way but not the focused one', async () => {
    pages.want(0, 10);
    await loaded();
    pages.want(9990, 9999, 3);
    await waitFor(() => pages.at(9999) !== undefined, { what: 'the end' });
    assert.equal(pages.at(9999)?.id, 9999);
    assert.equal(pages.total, 10_000);
    assert.equal(asked.length, 50, 'each page once');
    assert.equal(pages.at(3)?.id, 3, 'the focused row stays');
    assert.equal(pages.at(2000), undefined, 'far rows are forgotten');
    asked = [];
    pages.want(2000, 2010);
    await waitFor(() => pages.at(2000) !== undefined, { what: 'the page in between' });
    assert.deepEqual(asked, ['2000'], 'its cursor is still known');
  });

  it('asks where a far page begins, once, and goes there at once', async () => {
    const { createPages } = await load<{
      createPages(fetch: Fetch, changed: () => void, options: { marks: () => Promise<string[]> }): Pages;
    }>('pages.mjs');
    let marked = 0;
    const far = createPages(
      async (after) => {
        asked.push(after);
        const start = Number(after);
        const items = Array.from({ length: 200 }, (_, at) => ({ id: start + at }));
        return { items, next: start + 200 < count ? String(start + 200) : null, total: count };
      },
      () => undefined,
      {
        async marks() {
          marked += 1;
          return Array.from({ length: 49 }, (_, at) => String((at + 1) * 200));
        },
      },
    );
    far.want(0, 10);
    await waitFor(() => !far.loading, { what: 'the first page' });
    far.want(210, 220);
    await waitFor(() => far.at(210) !== undefined, { what: 'the second page' });
    assert.equal(marked, 0, 'the next page is known');
    far.want(9990, 9999);
    await waitFor(() => far.at(9999)?.id === 9999, { what: 'the end' });
    far.want(5000, 5010);
    await waitFor(() => far.at(5000)?.id === 5000, { what: 'the middle' });
    assert.deepEqual([marked, asked], [1, ['', '200', '9800', '5000']]);
  });

  it('keeps the old rows until new ones come, and notices a shorter list', async () => {
    pages.want(0, 10);
    await loaded();
    count = 150;
    const reloaded = pages.reload();
    assert.equal(pages.at(0)?.id, 0, 'nothing flickers');
    await reloaded;
    assert.equal(pages.total, 150);
    assert.equal(pages.at(160), undefined);
  });

  it('comes back from the end of a list that has become empty', async () => {
    pages.want(9990, 9999);
    await waitFor(() => pages.at(9999) !== undefined, { what: 'the end' });
    assert.equal(pages.nearTop, false);
    count = 0;
    await pages.reload();
    assert.equal(pages.total, 0);
    assert.equal(pages.loading, false);
  });

  it('an error is told, and the next look tries again', async () => {
    failing = true;
    pages.want(0, 10);
    await waitFor(() => problems.length === 1, { what: 'the error' });
    failing = false;
    pages.want(0, 10);
    await waitFor(() => pages.at(0) !== undefined, { what: 'the rows' });
  });
});

describe('console: two messages side by side', () => {
  it('pairs what is the same, and puts what changed beside each other', async () => {
    const { pairLines } = await load<{ pairLines(a: string[], b: string[]): Pair[] }>('diff.mjs');
    const pairs = pairLines(['{', 'a: 1', 'b: 2', 'd: 4', '}'], ['{', 'a: 9', 'b: 2', 'c: 3', 'd: 4', '}']);
    assert.deepEqual(
      pairs.map(({ left, right, same }) => (same ? left : [left, right])),
      ['{', ['a: 1', 'a: 9'], 'b: 2', [undefined, 'c: 3'], 'd: 4', '}'],
    );
    assert.deepEqual(pairLines([], []), []);
    assert.deepEqual(
      pairLines(['x', 'x'], ['x']).map(({ same }) => same),
      [true, false],
    );
  });

  it('very long messages are still shown, without looking for what moved', async () => {
    const { pairLines } = await load<{ pairLines(a: string[], b: string[]): Pair[] }>('diff.mjs');
    const long = (name: string): string[] => Array.from({ length: 20_000 }, (_, at) => `${name}${at}`);
    assert.equal(pairLines(long('a'), long('b')).length, 20_000);
  });
});

describe('console: rows in sight', () => {
  it('only these are drawn, whatever the length', async () => {
    const { windowOf } = await load<{
      windowOf(top: number, height: number, row: number, total: number): [number, number];
    }>('windowed-list.mjs');
    assert.deepEqual(windowOf(0, 460, 46, 10_000), [0, 16]);
    assert.deepEqual(windowOf(46_000, 460, 46, 10_000), [994, 1016]);
    assert.deepEqual(windowOf(460_000, 460, 46, 10_000), [9994, 9999]);
    assert.deepEqual(windowOf(46_000, 460, 46, 3), [2, 2], 'the list has become shorter');
  });
});

describe('console: the order of contracts', () => {
  it('puts first what somebody has to act on, then own ones, then those in use', async () => {
    const { inOrder } = await load<{ inOrder(contracts: object[]): { name: string }[] }>('contracts.mjs');
    const entry = (name: string, rest: object = {}) => ({
      name,
      version: '1.0',
      state: 'current',
      own: false,
      canonical: false,
      users: [],
      ...rest,
    });
    const given = [
      entry('other'),
      entry('canonical', { canonical: true }),
      entry('used', { users: [{ id: 'n' }] }),
      entry('own', { own: true }),
      entry('deprecated', { state: 'deprecated' }),
      entry('over', { state: 'sunset' }),
    ];
    assert.deepEqual(
      inOrder(given).map(({ name }) => name),
      ['over', 'deprecated', 'own', 'used', 'canonical', 'other'],
    );
    assert.equal(given[0]?.name, 'other');
  });
});
