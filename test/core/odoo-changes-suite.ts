/** What change capture must do on every driver of the store. */
import assert from 'node:assert/strict';
import { CrossdockError } from '../../core/errors';
import {
  Capture,
  type CaptureSettings,
  type Change,
  ChangePoller,
  changeMessages,
  productMessages,
} from '../../core/odoo';
import type { Store } from '../../core/store';
import { waitFor } from '../support';
import { FakeOdoo } from './changes-odoo';

const START = '2026-11-27 10:00:00';
const WINDOW = 150;
const SETTINGS: CaptureSettings = { windowSeconds: WINDOW, compareMs: 0, backfill: undefined, pageSize: 100 };

interface Watching {
  readonly capture: Capture;
  /** What is in the inbox, in its order; each is shown once. */
  changes(): Promise<Change[]>;
  /** The same, in short: `1 created n1`. */
  told(): Promise<string[]>;
}

export function describeOdooChanges(
  name: string,
  open: () => Promise<{ store: Store; another?: () => Promise<Store>; close: () => Promise<void> }>,
  skipWithout: () => boolean = () => false,
): void {
  describe(`odoo changes: ${name}`, () => {
    let odoo: FakeOdoo;
    let store: Store;
    let another: (() => Promise<Store>) | undefined;
    let close: (() => Promise<void>) | undefined;
    before(function () {
      if (skipWithout()) this.skip();
    });
    beforeEach(async () => {
      ({ store, another, close } = await open());
      odoo = new FakeOdoo(START);
    });
    afterEach(() => close?.());

    async function watch(
      more: Partial<CaptureSettings> & {
        domain?: readonly unknown[];
        fields?: readonly string[];
        in?: Store;
      } = {},
    ): Promise<Watching> {
      const { domain = [], fields = ['name', 'state'], in: own = store, ...settings } = more;
      const shown = new Set<number>();
      const capture = new Capture(odoo, {
        ...SETTINGS,
        ...settings,
        store: own,
        source: 'changes',
        capture: 'test',
        watched: { model: 'thing', domain, fields },
        messages: (found) => changeMessages(found),
        arrived: () => undefined,
      });
      const changes = async (): Promise<Change[]> => {
        const [result] = await own.run([
          {
            sql: "SELECT seq, body, partition_key FROM crossdock_inbox WHERE source = 'changes' ORDER BY seq",
          },
        ]);
        return (result?.rows ?? []).flatMap((row) => {
          if (shown.has(Number(row['seq']))) return [];
          shown.add(Number(row['seq']));
          const change = JSON.parse(Buffer.from(row['body'] as Uint8Array).toString()) as Change;
          assert.equal(row['partition_key'], `thing:${change.id}`);
          return [change];
        });
      };
      return {
        capture,
        changes,
        told: async () =>
          (await changes()).map(
            ({ id, operation, values, backfill }) =>
              `${id} ${operation}${values === undefined ? '' : ` ${values['name']}`}${backfill ? ' (fill)' : ''}`,
          ),
      };
    }

    /** A capture that reads, with nothing told yet. */
    async function started(more: Parameters<typeof watch>[0] = {}): Promise<Watching> {
      const watching = await watch(more);
      assert.equal(await watching.capture.acquire(), true);
      await watching.capture.look();
      return watching;
    }

    it('tells of what is created and changed after the start, once per version, and of nothing before', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(1000);
      odoo.do((t) => t.create(2));
      odoo.tick(5);
      const { capture, told } = await started();
      assert.deepEqual(await told(), []);
      odoo.tick(5);
      odoo.do((t) => t.create(3));
      odoo.do((t) => t.write(1, { name: 'changed' }));
      await capture.look();
      assert.deepEqual((await told()).sort(), ['1 changed changed', '3 created n3']);
      for (let n = 0; n < 5; n += 1) {
        odoo.tick(60);
        await capture.look();
      }
      assert.deepEqual(await told(), []);
      odoo.do((t) => t.write(3, { name: 'again' }));
      await capture.look();
      assert.deepEqual(await told(), ['3 changed again']);
    });

    it('finds a transaction that commits late, behind others that began after it', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(1000);
      const { capture, told } = await started();
      const long = odoo.begin();
      long.write(1, { name: 'late' });
      long.create(7, { name: 'late too' });
      for (let n = 0; n < 14; n += 1) {
        odoo.tick(10);
        odoo.do((t) => t.create(100 + n));
        await capture.look();
      }
      assert.equal((await told()).length, 14);
      long.commit();
      await capture.look();
      assert.deepEqual((await told()).sort(), ['1 changed late', '7 created late too']);
    });

    it('many changes at once make the next looks short, and none that is late is lost by that', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(1000);
      const { capture, told } = await started();
      const long = odoo.begin();
      long.write(1, { name: 'late' });
      odoo.tick(20);
      odoo.do((t) => {
        for (let id = 1000; id < 1600; id += 1) t.create(id);
      });
      await capture.look();
      await told();
      const since = async (): Promise<string> => {
        const from = odoo.calls.length;
        await capture.look();
        const domain = odoo.calls
          .slice(from)
          .find(({ domain: [first] }) => String(first).startsWith('write_date'))?.domain;
        return String((domain?.[0] as string[] | undefined)?.[2]);
      };
      assert.equal(await since(), '2026-11-27 10:16:45', '15 s back');
      long.commit();
      assert.deepEqual(await told(), []);
      // The tenth part of the window later.
      const clock = performance.now.bind(performance);
      performance.now = () => clock() + 16_000;
      try {
        assert.equal(await since(), '2026-11-27 10:14:13', 'the window and its tenth, or the beginning');
      } finally {
        performance.now = clock;
      }
      assert.deepEqual(await told(), ['1 changed late']);
    });

    it('finds one that is later than the window by comparing, once', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(1000);
      const { capture, told } = await started({ compareMs: 1 });
      await capture.compare();
      const long = odoo.begin();
      long.write(1, { name: 'very late' });
      long.create(7, { name: 'new' });
      for (let n = 0; n < 20; n += 1) {
        odoo.tick(WINDOW / 5);
        odoo.do((t) => t.create(100 + n));
        await capture.look();
      }
      assert.equal((await told()).length, 20);
      long.commit();
      await capture.look();
      assert.deepEqual(await told(), []);
      await capture.compare();
      assert.deepEqual((await told()).sort(), ['1 changed very late', '7 changed new']);
      await capture.compare();
      await capture.look();
      assert.deepEqual(await told(), []);
    });

    it('tells two versions of one second apart, also when the second one commits late', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(1000);
      const { capture, told } = await started();
      odoo.do((t) => t.write(1, { name: 'first' }));
      const late = odoo.begin();
      late.write(1, { note: 'not in the message' });
      await capture.look();
      assert.deepEqual(await told(), ['1 changed first']);
      odoo.do((t) => t.write(1, { name: 'second' }));
      odoo.tick(2);
      await capture.look();
      assert.deepEqual(await told(), ['1 changed second']);
      odoo.tick(20);
      late.commit();
      odoo.tick(WINDOW);
      await capture.look();
      assert.deepEqual(await told(), ['1 changed second'], 'the note makes it another version');
      odoo.tick(WINDOW);
      await capture.look();
      assert.deepEqual(await told(), []);
    });

    it('tells a record that changes back within its second', async () => {
      odoo.do((t) => t.create(1, { name: 'a' }));
      odoo.tick(1000);
      const { capture, told } = await started();
      for (const [name, seconds] of [
        ['b', 0],
        ['a', 2],
        ['b', 2],
      ] as const) {
        odoo.rows.set(1, {
          ...(odoo.rows.get(1) as { id: number; create_date: string; write_date: string }),
          name,
          write_date: '2026-11-27 10:16:40',
        });
        odoo.tick(seconds);
        await capture.look();
      }
      assert.deepEqual(await told(), ['1 changed b', '1 changed a', '1 changed b']);
    });

    it('a figure that Odoo computes at each reading is no change', async () => {
      odoo.do((t) => t.create(1, { computed: 1 }));
      odoo.tick(1000);
      const { capture, changes } = await started({ fields: ['name', 'computed'] });
      odoo.do((t) => t.write(1, { name: 'x' }));
      await capture.look();
      assert.deepEqual(
        (await changes()).map(({ values }) => values),
        [{ name: 'x', computed: '1' }],
      );
      (odoo.rows.get(1) as Record<string, unknown>)['computed'] = 2;
      odoo.tick(5);
      await capture.look();
      assert.deepEqual(await changes(), []);
    });

    it('goes on where it stopped: nothing of the time between is lost, nothing comes twice', async () => {
      for (let id = 1; id <= 5; id += 1) odoo.do((t) => t.create(id));
      odoo.tick(1000);
      const first = await started();
      odoo.do((t) => t.write(1, { name: 'before' }));
      await first.capture.look();
      assert.deepEqual(await first.told(), ['1 changed before']);
      await first.capture.release();
      odoo.tick(86_400);
      odoo.do((t) => t.write(2, { name: 'meanwhile' }));
      odoo.tick(40_000);
      odoo.do((t) => t.create(6));
      const second = await watch();
      await second.capture.acquire();
      await second.capture.look();
      assert.deepEqual((await second.told()).sort(), [
        '1 changed before',
        '2 changed meanwhile',
        '6 created n6',
      ]);
    });

    it('a step that the store refuses is read again, and nothing of it is told twice', async () => {
      for (let id = 1; id <= 250; id += 1) odoo.do((t) => t.create(id));
      odoo.tick(1000);
      let refuse = -1;
      const run: Store['run'] = (statements) => {
        const accepts = statements.filter(({ sql }) => sql.includes('INSERT INTO crossdock_inbox'));
        if (accepts.length > 0 && refuse-- === 0) {
          return Promise.reject(new CrossdockError('full', { code: 'STORE_FULL', kind: 'transient' }));
        }
        return store.run(statements);
      };
      const refusing = new Proxy(store, {
        get(target, name) {
          if (name === 'run') return run;
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      const { capture, told } = await started({ in: refusing });
      odoo.do((t) => {
        for (let id = 1; id <= 250; id += 1) t.write(id, { name: 'new' });
      });
      refuse = 1;
      await assert.rejects(capture.look(), { code: 'STORE_FULL' });
      const before = await told();
      assert.ok(before.length > 0 && before.length < 250, `${before.length} were committed`);
      await capture.look();
      assert.equal(before.length + (await told()).length, 250);
    });

    it('a record that is deleted is told once, by comparing or by a hint', async () => {
      for (let id = 1; id <= 250; id += 1) odoo.do((t) => t.create(id));
      odoo.tick(1000);
      const { capture, told } = await started({ compareMs: 1 });
      const compare = async () => {
        do await capture.compare();
        while (capture.comparing);
      };
      await compare();
      assert.deepEqual(await told(), []);
      odoo.do((t) => {
        for (let id = 3; id <= 220; id += 1) t.unlink(id);
        t.unlink(250);
      });
      await capture.readBack([250, 249, 999]);
      assert.deepEqual(await told(), ['250 deleted']);
      await compare();
      assert.deepEqual(
        await told(),
        Array.from({ length: 218 }, (_, n) => `${n + 3} deleted`),
      );
      await compare();
      assert.deepEqual(await told(), []);
    });

    it('deletions are found across pages that end at different records', async () => {
      for (let id = 1; id <= 300; id += 1) odoo.do((t) => t.create(id));
      odoo.tick(1000);
      const { capture, told } = await started({ compareMs: 1 });
      const compare = async () => {
        do await capture.compare();
        while (capture.comparing);
      };
      await compare();
      odoo.do((t) => {
        for (let id = 1; id <= 150; id += 1) t.unlink(id);
      });
      await compare();
      assert.deepEqual(
        await told(),
        Array.from({ length: 150 }, (_, n) => `${n + 1} deleted`),
      );
    });

    it('a look that breaks off after its first page leaves the position where it was', async () => {
      odoo.do((t) => {
        for (let id = 1; id <= 60; id += 1) t.create(id);
      });
      odoo.tick(1000);
      const { capture, told } = await started({ pageSize: 50 });
      odoo.do((t) => t.write(60, { name: 'older' }));
      odoo.tick(10 * WINDOW);
      odoo.do((t) => {
        for (let id = 1; id <= 50; id += 1) t.write(id, { name: 'newer' });
      });
      odoo.before = (_method, domain) => {
        if (JSON.stringify(domain).includes('["id",">",50]')) throw new Error('away');
      };
      await assert.rejects(capture.look());
      assert.equal((await told()).length, 50);
      odoo.before = () => undefined;
      // As after a crash: what counts is what the store has.
      const next = await started({ pageSize: 50 });
      assert.deepEqual((await next.told()).at(-1), '60 changed older');
    });

    it('a record that is created and deleted between two comparisons is told as both', async () => {
      const { capture, told } = await started({ compareMs: 1 });
      await capture.compare();
      odoo.do((t) => t.create(1));
      await capture.look();
      odoo.do((t) => t.unlink(1));
      await capture.compare();
      assert.deepEqual(await told(), ['1 created n1', '1 deleted']);
    });

    it('a record that no longer matches the filter leaves, and comes back', async () => {
      odoo.do((t) => t.create(1, { state: 'sale' }));
      odoo.tick(1000);
      const { capture, told } = await started({ compareMs: 1, domain: [['state', '=', 'sale']] });
      await capture.compare();
      odoo.do((t) => t.write(1, { state: 'cancel' }));
      await capture.look();
      await capture.compare();
      await capture.compare();
      assert.deepEqual(await told(), ['1 left']);
      odoo.tick(10);
      odoo.do((t) => t.write(1, { state: 'sale' }));
      await capture.look();
      assert.deepEqual(await told(), ['1 changed n1']);
    });

    it('a hint reads back at once, and what it told is not told again', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(1000);
      const { capture, told } = await started();
      odoo.do((t) => t.write(1, { name: 'hinted' }));
      await capture.readBack([1, 1, 77]);
      assert.deepEqual(await told(), ['1 changed hinted']);
      await capture.look();
      odoo.tick(200);
      await capture.look();
      assert.deepEqual(await told(), []);
    });

    it('a hint tells two versions of one second apart at once', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(1000);
      const { capture, told } = await started();
      for (const name of ['first', 'second', 'third']) {
        odoo.do((t) => t.write(1, { name }));
        await capture.look();
        await capture.readBack([1]);
      }
      assert.deepEqual(await told(), ['1 changed first', '1 changed second', '1 changed third']);
    });

    it('the back-fill tells of all there was, goes on after a stop, and leaves to the present what is its own', async () => {
      for (let id = 1; id <= 250; id += 1) odoo.do((t) => t.create(id));
      odoo.tick(800);
      odoo.do((t) => t.write(249, {}));
      odoo.tick(200);
      odoo.do((t) => t.write(250, { name: 'just before' }));
      odoo.tick(5);
      const settings = { compareMs: 1, backfill: { since: undefined, run: 1 } };
      const first = await started(settings);
      assert.deepEqual(first.capture.filling && { ...first.capture.filling, key: '' }, {
        key: '',
        until: '2026-11-27 10:14:15',
        after: 0,
        done: 0,
        total: 249,
      });
      assert.equal(await first.capture.fill(), 100);
      odoo.do((t) => t.write(150, { name: 'live' }));
      odoo.do((t) => t.write(1, { name: 'live' }));
      await first.capture.look();
      await first.capture.release();
      const second = await watch(settings);
      await second.capture.acquire();
      assert.equal(second.capture.filling?.done, 100);
      while (second.capture.filling !== undefined) await second.capture.fill();
      await second.capture.look();
      const told = await second.told();
      const expected = Array.from({ length: 249 }, (_, n) => n + 1)
        .filter((id) => id !== 150)
        .map((id) => `${id} changed n${id} (fill)`);
      const live = ['1 changed live', '150 changed live', '250 changed just before'];
      assert.deepEqual([...told].sort(), [...expected, ...live].sort());
      // The same again is done; another run begins anew.
      await second.capture.release();
      const same = await watch(settings);
      await same.capture.acquire();
      assert.equal(same.capture.filling, undefined);
      const again = await watch({ ...settings, backfill: { since: '2026-11-27 10:16:00', run: 2 } });
      await again.capture.acquire();
      assert.equal(again.capture.filling?.total, 3);
    });

    it('many changes at once are told once each, in pages, and the position moves at the end only', async () => {
      const { capture, told } = await started({ pageSize: 50 });
      odoo.do((t) => {
        for (let id = 1; id <= 230; id += 1) t.create(id);
      });
      odoo.tick(3);
      odoo.do((t) => t.write(5, { name: 'newer' }));
      await capture.look();
      assert.equal((await told()).length, 230);
      odoo.tick(500);
      await capture.look();
      assert.deepEqual(await told(), []);
    });

    it('a clock of the database that is set back loses nothing', async () => {
      odoo.do((t) => t.create(1));
      odoo.tick(10_000);
      const { capture, told } = await started();
      odoo.do((t) => t.write(1, { name: 'ahead' }));
      await capture.look();
      odoo.tick(-3600);
      odoo.do((t) => t.create(2));
      await capture.look();
      // Before the beginning nothing is live: the comparison tells of it.
      odoo.tick(3600 + 60);
      odoo.do((t) => t.create(3));
      await capture.look();
      assert.deepEqual(
        (await told()).filter((line) => !line.startsWith('2')),
        ['1 changed ahead', '3 created n3'],
      );
    });

    it('a field that is named and does not exist fails by its name; one of a ready-made choice is left out', async () => {
      const named = await watch({ fields: ['name', 'nonsense'] });
      await assert.rejects(named.capture.acquire(), {
        code: 'ODOO_FIELD_MISSING',
        kind: 'transient',
        facts: { model: 'thing', field: 'nonsense' },
      });
    });

    it('products whose stock changed leave as one message per step', async () => {
      odoo.do((t) => {
        t.create(11, { default_code: 'A-11' });
        t.create(12);
      });
      const values = (id: number) => ({ product_id: { id, name: 'x' } });
      const change = (id: number, product: number): { change: Change; deliveryId: string } => ({
        change: {
          model: 'stock.quant',
          id,
          operation: 'changed',
          values: values(product),
          writeDate: `2026-11-27T10:00:0${id}Z`,
        },
        deliveryId: `d${id}`,
      });
      const gone = {
        change: { model: 'stock.quant', id: 9, operation: 'deleted' as const, writeDate: '' },
        deliveryId: 'gone',
      };
      const messages = await productMessages(odoo, [change(2, 12), change(1, 11), change(3, 11), gone]);
      assert.deepEqual(
        messages.map(({ body, partitionKey }) => [
          partitionKey,
          JSON.parse(Buffer.from(body).toString()) as unknown,
        ]),
        [
          [
            'stock',
            {
              products: [
                { id: 11, sku: 'A-11' },
                { id: 12, sku: null },
              ],
              skus: ['A-11'],
              model: 'stock.quant',
              writeDate: '2026-11-27T10:00:03Z',
            },
          ],
        ],
      );
      assert.deepEqual(await productMessages(odoo, [gone]), []);
    });

    it('only one reads: an older reader of the same process is fenced off in the middle', async () => {
      const first = await started();
      const second = await started();
      odoo.do((t) => t.create(1));
      await assert.rejects(first.capture.look(), { code: 'CHANGES_TAKEN', kind: 'transient' });
      await second.capture.look();
      assert.deepEqual(await second.told(), ['1 created n1']);
    });

    it('of two processes one reads; the other takes over when it is gone', async () => {
      if (another === undefined) return;
      const other = await another();
      const first = await started();
      const second = await watch({ in: other });
      assert.equal(await second.capture.acquire(), false);
      odoo.do((t) => t.create(1));
      await first.capture.release();
      assert.equal(await second.capture.acquire(), true);
      await second.capture.look();
      await assert.rejects(first.capture.renew(), { code: 'CHANGES_TAKEN' });
      assert.deepEqual(await second.told(), ['1 created n1']);
    });

    it('a process that gives no sign of life any more has lost its reading, also in the middle of a step', async () => {
      if (another === undefined) return;
      const other = await another();
      const first = await started();
      const second = await watch({ in: other });
      odoo.do((t) => t.create(1));
      let taken = false;
      odoo.before = async () => {
        if (taken) return;
        taken = true;
        // It was stopped for minutes, with its question at Odoo already answered.
        await other.run([
          { sql: 'UPDATE crossdock_instance SET alive_until = 0 WHERE id = ?', params: [store.instanceId] },
        ]);
        assert.equal(await second.capture.acquire(), true);
        await second.capture.look();
      };
      await assert.rejects(first.capture.look(), { code: 'CHANGES_TAKEN' });
      assert.deepEqual(await second.told(), ['1 created n1']);
    });

    describe('the clock', () => {
      let poller: ChangePoller | undefined;
      afterEach(async () => {
        await poller?.stop();
        poller = undefined;
      });

      function poll(
        { capture }: Watching,
        more: { pollMs?: number; hasRoom?: () => boolean } = {},
      ): ChangePoller {
        poller = new ChangePoller({
          captures: [capture],
          pollMs: 10,
          fillPerSecond: 0,
          hasRoom: () => true,
          changed: () => undefined,
          ...more,
        });
        poller.start();
        return poller;
      }

      it('looks again and again, and goes on when Odoo is back', async () => {
        const watching = await watch();
        const { state } = poll(watching);
        assert.equal(state.phase, 'starting');
        await waitFor(() => poller?.state.phase === 'live');
        odoo.do((t) => t.create(1));
        await waitFor(async () => (await watching.told()).length === 1);
        odoo.failure = new CrossdockError('away', {
          code: 'ODOO_UNREACHABLE',
          kind: 'transient',
          retryAfterMs: 5,
        });
        await waitFor(() => poller?.state.problem?.code === 'ODOO_UNREACHABLE');
        odoo.do((t) => t.create(2));
        odoo.failure = undefined;
        await waitFor(async () => (await watching.told()).length === 1);
        await waitFor(() => poller?.state.phase === 'live' && poller.state.problem === undefined);
      });

      it('a hint does not wait for the interval', async () => {
        const watching = await watch();
        const polling = poll(watching, { pollMs: 3_600_000 });
        await waitFor(() => polling.state.phase === 'live');
        odoo.do((t) => t.create(1));
        assert.equal(polling.hint({ model: 'thing', id: 1 }), true);
        await waitFor(async () => (await watching.told()).length === 1);
        odoo.do((t) => t.create(2));
        // A crowd without an end does not put the look off.
        await waitFor(
          async () => {
            polling.hint(undefined);
            return (await watching.told()).length === 1;
          },
          { intervalMs: 2 },
        );
        for (let n = 0; n < 700; n += 1) polling.hint(undefined);
        assert.equal(polling.hint(undefined), false, 'a flood of hints is cut off');
      });

      it('what a hint has found is looked at again when its second is over, however long the interval', async () => {
        const watching = await watch();
        const polling = poll(watching, { pollMs: 3_600_000 });
        await waitFor(() => polling.state.phase === 'live');
        odoo.do((t) => t.create(1, { name: 'a' }));
        polling.hint(undefined);
        await waitFor(async () => (await watching.told()).length === 1);
        odoo.do((t) => t.write(1, { name: 'b' }));
        odoo.tick(3);
        await waitFor(async () => (await watching.told()).length === 1);
      });

      it('waits while the inbox is full, and tells nothing new meanwhile', async () => {
        let room = true;
        const watching = await watch();
        const polling = poll(watching, { hasRoom: () => room });
        await waitFor(() => polling.state.phase === 'live');
        room = false;
        await waitFor(() => polling.state.phase === 'paused');
        odoo.do((t) => t.create(1));
        const asked = odoo.calls.length;
        polling.poke();
        polling.hint({ model: 'thing', id: 1 });
        await waitFor(() => polling.state.phase === 'paused');
        assert.deepEqual(await watching.told(), []);
        assert.equal(odoo.calls.length, asked);
        room = true;
        polling.poke();
        await waitFor(async () => (await watching.told()).length === 1);
      });

      it('back-fills and compares beside the live changes', async () => {
        for (let id = 1; id <= 500; id += 1) odoo.do((t) => t.create(id));
        odoo.tick(1000);
        const watching = await watch({ compareMs: 3_600_000, backfill: { since: undefined, run: 1 } });
        const polling = poll(watching);
        await waitFor(() => polling.state.fill !== undefined);
        odoo.do((t) => t.create(501));
        const told: string[] = [];
        await waitFor(async () => {
          told.push(...(await watching.told()));
          return told.length >= 501 && polling.state.fill === undefined && !watching.capture.comparing;
        });
        assert.deepEqual([told.length, new Set(told).size], [501, 501]);
      });
    });
  });
}
