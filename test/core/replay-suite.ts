/** What dead letters and replay baskets must do on every driver of the store. */
import assert from 'node:assert/strict';
import { attemptStatements, DeadLetters, keepWithin } from '../../core/dead-letter';
import { SCHEMA as LETTER_SCHEMA } from '../../core/dead-letter/schema';
import { type Delivery, Inbox, type ScopedMessage, ScopeRegistry } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { type Basket, Desk, type DeskOptions, type LetterFilter, type TrialMapping } from '../../core/replay';
import { TO_SEND, WORKING } from '../../core/replay/schema';
import { sending } from '../../core/replay/send';
import { StatementExpectationError, type Store } from '../../core/store';
import { waitFor } from '../support';

const ANNA = 'anna';
const FAILED_AT = {
  flowId: 'tab',
  flowName: 'Orders',
  nodeId: 'n',
  nodeType: 'crossdock-odoo-order',
  nodeName: 'place',
};

export function unknownSku(sku: string): CrossdockError {
  return new CrossdockError(`The SKU ${sku} is unknown.`, {
    code: 'UNKNOWN_SKU',
    kind: 'business',
    facts: { sku },
  });
}

type Fate = 'park' | 'fail' | 'hold' | 'done';

/** A source with its flow: what happens to each message is `fate`'s to say. */
export class Shop {
  fate: (id: string) => Fate = () => 'done';
  /** Messages that the flow finished, by delivery id, each time. */
  readonly effects: string[] = [];
  readonly bodies: string[] = [];
  readonly headers: Readonly<Record<string, string>>[] = [];
  readonly held: (() => void)[] = [];
  errorOf: (id: string) => CrossdockError = () => unknownSku('A-1');

  private constructor(
    readonly store: Store,
    readonly source: string,
    readonly inbox: Inbox,
    readonly letters: DeadLetters,
  ) {}

  static async open(store: Store, source = 'shop', newestOnly = false): Promise<Shop> {
    const letters = await DeadLetters.open(store);
    const inbox = await Inbox.open(store, {
      source,
      concurrency: 50,
      maxAttempts: 3,
      holdMs: 60_000,
      newestOnly,
    });
    const shop = new Shop(store, source, inbox, letters);
    const scopes = new ScopeRegistry();
    inbox.start((delivery) => {
      const message: ScopedMessage = {};
      const { scope } = delivery;
      const statements: typeof scope.statements = (outcome) => [
        ...attemptStatements(delivery, outcome),
        ...scope.statements(outcome),
      ];
      const token = scopes.open(message, { ...scope, statements }, 60_000);
      void shop.#flow(scopes, message, delivery);
      return () => scopes.handBack(token);
    });
    return shop;
  }

  async #flow(scopes: ScopeRegistry, message: ScopedMessage, delivery: Delivery): Promise<void> {
    const fate = this.fate(delivery.deliveryId);
    if (fate === 'hold') {
      await new Promise<void>((resolve) => this.held.push(resolve));
    }
    const error = this.errorOf(delivery.deliveryId);
    if (fate === 'park') {
      const { id, statements } = this.letters.park({
        error,
        failedAt: FAILED_AT,
        origin: scopes.origin(message),
        payload: { schemaVersion: '1.0', id: delivery.deliveryId, lines: [] },
        businessKey: `order:${delivery.deliveryId}`,
      });
      await scopes.settle(message, { type: 'parked', error, id }, { store: this.store, statements });
      return;
    }
    if (fate === 'fail') {
      await scopes.settle(message, { type: 'failed', error });
      return;
    }
    this.bodies.push(Buffer.from(delivery.body).toString());
    this.headers.push(delivery.headers);
    const settled = await scopes.settle(message, { type: 'completed', result: undefined });
    if (settled === 'settled') this.effects.push(delivery.deliveryId);
  }

  /** Takes messages in and waits until all of them are parked. */
  async park(...ids: string[]): Promise<void> {
    this.fate = () => 'park';
    const before = await this.letters.count();
    await Promise.all(
      ids.map((id) =>
        this.inbox.accept({
          id,
          partitionKey: undefined,
          body: Buffer.from(JSON.stringify({ id, email: 'a@example.com' })),
          headers: { topic: 'orders' },
        }),
      ),
    );
    await waitFor(async () => (await this.letters.count()) === before + ids.length, { what: 'parked' });
    this.fate = () => 'done';
  }
}

export function describeReplay(
  name: string,
  open: () => Promise<{ store: Store; close: () => Promise<void> }>,
  skip: () => boolean = () => false,
): void {
  describe(`dead letters and replay: ${name}`, function () {
    this.timeout(30_000);
    let store: Store;
    let closeStore: () => Promise<void>;
    let shop: Shop;
    const desks: Desk[] = [];
    const open_ = new Map<string, Shop>();
    let mapping: TrialMapping | undefined;

    before(function () {
      if (skip()) this.skip();
    });
    beforeEach(async () => {
      ({ store, close: closeStore } = await open());
      shop = await Shop.open(store);
      open_.clear();
      open_.set('shop', shop);
      mapping = undefined;
    });
    afterEach(async () => {
      for (const desk of desks.splice(0)) await desk.close();
      for (const { inbox } of open_.values()) await inbox.stop(0);
      await closeStore?.();
    });

    async function openDesk(more: Partial<DeskOptions['targets']> = {}): Promise<Desk> {
      const desk = await Desk.open(store, {
        targets: {
          open: (source) => open_.has(source),
          arrived: (source, count) => open_.get(source)?.inbox.arrived(count),
          findMapping: () => mapping,
          ...more,
        },
        changed: () => undefined,
      });
      desks.push(desk);
      return desk;
    }
    const basketOf = async (desk: Desk, filter: LetterFilter = {}): Promise<string> =>
      (await desk.create({ name: 'all', filter }, ANNA)).id;
    const until = (desk: Desk, id: string, state: Basket['state']): Promise<Basket> =>
      waitFor(
        async () => {
          const basket = await desk.basket(id);
          return basket.state === state ? basket : undefined;
        },
        { what: `the basket ${state}`, timeoutMs: 15_000 },
      );

    it('keeps the letters of stores from before there were baskets', async () => {
      await store.run([
        { sql: 'DROP TABLE crossdock_dead_letter' },
        { sql: 'DROP TABLE crossdock_dead_letter_group' },
        { sql: "DELETE FROM crossdock_schema WHERE idea = 'dead-letter'" },
      ]);
      await store.migrate({ idea: 'dead-letter', steps: LETTER_SCHEMA.steps.slice(0, 1) });
      await store.run([
        {
          sql: `INSERT INTO crossdock_dead_letter (id, cause, code, kind, reason, details, business_key, source,
              delivery_id, flow_id, node_id, node_type, node_name, attempts, occurrences, received_at, first_at, last_at,
              state, original, failed_as)
            VALUES ('0a', 'c', 'OLD', 'business', 'Of old.', '{"problems":[],"facts":{}}', 'Order:9', 'shop', 'd-9', 'f',
              'n', 't', '', 1, 1, 1, 2, 3, 'parked', ?, '{"n":9}')`,
          params: [Buffer.from('{"n":9}')],
        },
      ]);
      const desk = await openDesk();
      const { items } = await desk.letters({ q: 'order:9' }, 10);
      assert.deepEqual(
        items.map(({ id, bytes, lastAt }) => [id, bytes, lastAt]),
        [['0a', 14, 3]],
      );
      await desk.start(await basketOf(desk), ANNA, 1000);
      await waitFor(() => shop.effects.length === 1, { what: 'the replay' });
      assert.deepEqual([shop.bodies, shop.effects], [['{"n":9}'], ['d-9']]);
    });

    it('sends a frozen set once; a second replay of the same basket does nothing', async () => {
      await shop.park('a', 'b', 'c');
      const desk = await openDesk();
      const { id, count } = await desk.create({ name: 'three', filter: {} }, ANNA);
      assert.equal(count, 3);
      await shop.park('later');
      assert.equal((await desk.basket(id)).progress.total, 3, 'frozen');
      await desk.start(id, ANNA, 1000);
      const finished = await until(desk, id, 'finished');
      assert.deepEqual(
        [finished.progress.done, finished.progress.pending, finished.progress.sent],
        [3, 0, 0],
      );
      assert.deepEqual([...shop.effects].sort(), ['a', 'b', 'c']);
      assert.deepEqual(shop.headers[0]?.['topic'], 'orders');
      assert.equal((await desk.start(id, ANNA, 1000)).state, 'finished');
      assert.deepEqual([...shop.effects].sort(), ['a', 'b', 'c']);
      assert.equal((await desk.letters({}, 10)).total, 1);
      assert.equal((await desk.letters({ state: 'replayed' }, 10)).items[0]?.handled?.by, ANNA);
    });

    it('goes on after a crash in the middle, and sends nothing twice', async () => {
      const ids = Array.from({ length: 60 }, (_, n) => `m${n}`);
      await shop.park(...ids);
      const first = await openDesk();
      const id = await basketOf(first);
      await first.start(id, ANNA, 40);
      await waitFor(() => shop.effects.length > 0, { what: 'the first effects' });
      await first.close();
      const left = (await first.basket(id)).progress.pending;
      assert.ok(left > 0, 'something is left to send');
      const second = await openDesk();
      await second.start(id, ANNA, 1000);
      await until(second, id, 'finished');
      assert.deepEqual([...shop.effects].sort(), [...ids].sort());
    });

    it('two processes that both work through one basket send each message once', async () => {
      const ids = Array.from({ length: 40 }, (_, n) => `m${n}`);
      await shop.park(...ids);
      const one = await openDesk();
      const two = await openDesk();
      const id = await basketOf(one);
      await Promise.all([one.start(id, ANNA, 1000), two.start(id, ANNA, 1000)]);
      await until(one, id, 'finished');
      assert.deepEqual([...shop.effects].sort(), [...ids].sort());
    });

    it('a sending that another process has done already does nothing, also when its message failed again', async () => {
      await shop.park('a');
      const desk = await openDesk();
      const id = await basketOf(desk);
      await desk.close();
      await store.run([{ sql: "UPDATE crossdock_basket SET state = 'running' WHERE id = ?", params: [id] }]);
      const [basket, items] = await store.run([{ sql: WORKING }, { sql: TO_SEND, params: [id, 10] }]);
      const { statements } = sending(store, basket?.rows[0] ?? {}, items?.rows[0] ?? {}, 'shop');
      shop.fate = () => 'park';
      await store.run(statements);
      shop.inbox.arrived(1);
      await waitFor(async () => (await shop.letters.list())[0]?.occurrences === 2, { what: 'parked again' });
      shop.fate = () => 'done';
      await assert.rejects(store.run(statements), StatementExpectationError);
      assert.equal(await shop.letters.count(), 1, 'still parked');
      assert.equal(shop.inbox.inFlight, 0);
      await store.run([{ sql: "UPDATE crossdock_basket SET state = 'paused' WHERE id = ?", params: [id] }]);
      await store.run([{ sql: "UPDATE crossdock_basket_item SET state = 'pending'" }]);
      await assert.rejects(store.run(statements), StatementExpectationError, 'paused meanwhile');
      assert.deepEqual(shop.effects, []);
    });

    it('two baskets with the same letters send them once', async () => {
      await shop.park('a', 'b');
      const desk = await openDesk();
      const [one, two] = [await basketOf(desk), await basketOf(desk)];
      await desk.start(one, ANNA, 1000);
      await until(desk, one, 'finished');
      await desk.start(two, ANNA, 1000);
      const { progress } = await until(desk, two, 'finished');
      assert.deepEqual([progress.skipped, progress.done], [2, 0]);
      assert.deepEqual([...shop.effects].sort(), ['a', 'b']);
    });

    it('does not send what its sender has sent again by itself', async () => {
      await shop.park('a');
      const desk = await openDesk();
      const id = await basketOf(desk);
      await shop.inbox.accept({ id: 'a', partitionKey: undefined, body: Buffer.from('{}') });
      await waitFor(() => shop.effects.length === 1, { what: 'the copy done' });
      await desk.start(id, ANNA, 1000);
      const { progress } = await until(desk, id, 'finished');
      assert.equal(progress.skipped, 1);
      assert.deepEqual(shop.effects, ['a']);
      assert.match((await desk.report(id)).notDone[0]?.note ?? '', /its sender/);
    });

    it('does not send what a newer message of its key has replaced meanwhile, and says so', async () => {
      const stock = await Shop.open(store, 'stock', true);
      open_.set('stock', stock);
      const level = (id: string) => ({
        id,
        partitionKey: 'main/LAMP',
        body: Buffer.from(JSON.stringify({ id })),
      });
      stock.fate = () => 'park';
      await stock.inbox.accept(level('old'));
      await waitFor(async () => (await stock.letters.count()) === 1, { what: 'parked' });
      stock.fate = () => 'done';
      await stock.inbox.accept(level('new'));
      await waitFor(() => stock.effects.length === 1, { what: 'the newer one' });
      const desk = await openDesk();
      const id = await basketOf(desk);
      await desk.start(id, ANNA, 1000);
      const { progress } = await until(desk, id, 'finished');
      assert.deepEqual([progress.skipped, progress.done], [1, 0]);
      assert.deepEqual(stock.effects, ['new']);
      assert.match((await desk.report(id)).notDone[0]?.note ?? '', /newer message/);
    });

    it('counts what fails again; what no dead letter node took is a letter again', async () => {
      await shop.park('parks', 'fails');
      shop.fate = (id) => (id === 'parks' ? 'park' : 'fail');
      const desk = await openDesk();
      const id = await basketOf(desk);
      await desk.start(id, ANNA, 1000);
      const { progress } = await until(desk, id, 'finished');
      assert.deepEqual([progress.failedAgain, progress.done], [2, 0]);
      const { items } = await desk.letters({}, 10);
      assert.deepEqual(
        items.map(({ occurrences }) => occurrences),
        [2, 2],
        'both are parked again, none is out of sight',
      );
      assert.match((await desk.report(id)).notDone[0]?.note ?? '', /^UNKNOWN_SKU: The SKU A-1/);
    });

    it('sends what a person made of it; the original stays, and what was sent cannot be edited', async () => {
      await shop.park('a');
      const desk = await openDesk();
      const id = await basketOf(desk);
      await desk.edit(id, 1, { mended: true }, ANNA);
      const letterId = (await desk.letters({}, 1)).items[0]?.id ?? '';
      const edited = await desk.item(id, 1, true, ANNA);
      assert.deepEqual([edited.edited, edited.body.value], [true, { mended: true }]);
      await desk.start(id, ANNA, 1000);
      await until(desk, id, 'finished');
      assert.deepEqual(shop.bodies, ['{"mended":true}']);
      const letter = await desk.letter(letterId, true, ANNA);
      assert.deepEqual(letter.original.value, { id: 'a', email: 'a@example.com' });
      await assert.rejects(desk.edit(id, 1, 'x', ANNA), { code: 'ITEM_SENT' });
      await assert.rejects(desk.edit(id, 9, 'x', ANNA), { code: 'ITEM_UNKNOWN' });
    });

    it('pauses, resumes and cancels; what was not sent stays parked', async () => {
      await shop.park('a', 'b', 'c');
      const desk = await openDesk();
      const id = await basketOf(desk);
      await desk.start(id, ANNA, 1);
      await waitFor(() => shop.effects.length === 1, { what: 'the first effect' });
      assert.equal((await desk.pause(id, ANNA)).state, 'paused');
      const { pending } = (await desk.basket(id)).progress;
      assert.ok(pending >= 1);
      assert.equal((await desk.resume(id, ANNA)).state, 'running');
      const cancelled = await desk.cancel(id, ANNA);
      assert.equal(cancelled.state, 'cancelled');
      assert.equal(cancelled.progress.pending, 0);
      assert.equal((await desk.letters({}, 10)).total, cancelled.progress.skipped);
      await assert.rejects(desk.start(id, ANNA), { code: 'BASKET_STATE' });
      const { actions } = await desk.report(id);
      assert.deepEqual(
        actions.map(({ action, who }) => `${action} ${who}`),
        ['basket.created', 'basket.started', 'basket.paused', 'basket.resumed', 'basket.cancelled'].map(
          (action) => `${action} ${ANNA}`,
        ),
      );
    });

    it('discards with a reason; a basket passes over what was discarded', async () => {
      await shop.park('a', 'b');
      const desk = await openDesk();
      const id = await basketOf(desk);
      const { items } = await desk.letters({ q: 'order:a' }, 10);
      assert.equal(items.length, 1);
      assert.equal(
        await desk.discard({ ids: items.map((letter) => letter.id), reason: 'a test order' }, ANNA),
        1,
      );
      assert.equal(await desk.discard({ ids: items.map((letter) => letter.id), reason: 'again' }, ANNA), 0);
      await desk.start(id, ANNA, 1000);
      const { progress } = await until(desk, id, 'finished');
      assert.deepEqual([progress.discarded, progress.done], [1, 1]);
      assert.deepEqual(shop.effects, ['b']);
      const [, first] = (await desk.audit(100)).items.slice().reverse();
      assert.deepEqual(
        [first?.action, first?.letters, first?.note],
        ['letters.discarded', 1, 'a test order'],
      );
      assert.equal(await desk.discard({ filter: { source: 'nobody' }, reason: 'x' }, ANNA), 0);
    });

    it('sends messages of no source into a replay node, and says when there is none', async () => {
      const letters = await DeadLetters.open(store);
      const parking = {
        error: unknownSku('B'),
        failedAt: FAILED_AT,
        origin: undefined,
        businessKey: undefined,
      };
      await store.run(letters.park({ ...parking, payload: { n: 1 } }).statements);
      const desk = await openDesk();
      const id = await basketOf(desk);
      if (store.exclusive) await assert.rejects(desk.start(id, ANNA), { code: 'SOURCE_NOT_OPEN' });
      const replay = await Shop.open(store, 'replay:r1');
      open_.set('replay:r1', replay);
      await desk.start(id, ANNA, 1000, 'r1');
      await until(desk, id, 'finished');
      assert.deepEqual(replay.bodies, ['{"n":1}']);
      assert.deepEqual(replay.effects, [`${id}/1`]);
    });

    // On a shared store another process may have the source.
    const alone = name === 'SQLite' ? it : undefined;
    alone?.('waits for a source that is not there now, and says so', async () => {
      await shop.park('a');
      const desk = await openDesk();
      const id = await basketOf(desk);
      await desk.start(id, ANNA, 1);
      await desk.pause(id, ANNA);
      open_.delete('shop');
      await store.run([
        { sql: "UPDATE crossdock_dead_letter SET state = 'parked'" },
        { sql: "UPDATE crossdock_basket_item SET state = 'pending'" },
      ]);
      await desk.resume(id, ANNA);
      await waitFor(async () => (await desk.basket(id)).problem !== null, { what: 'the problem' });
      assert.match((await desk.basket(id)).problem ?? '', /takes messages of shop/);
      open_.set('shop', shop);
      await waitFor(async () => (await desk.basket(id)).problem === null, { what: 'no problem' });
    });

    it('tries every message with the mapping of its source, and shows no personal value', async () => {
      shop.errorOf = (id) => unknownSku(id);
      await shop.park('good', 'bad');
      mapping = {
        id: 'm1',
        name: 'mapper',
        map: async ({ body }) => {
          const { id } = JSON.parse(Buffer.from(body).toString()) as { id: string };
          if (id === 'bad')
            throw new CrossdockError('No lines.', { code: 'MAPPING_FAILED', kind: 'permanent' });
          return { schemaVersion: '1.0', id: `new-${id}`, lines: [], notes: ['ring twice'] };
        },
      };
      const desk = await openDesk();
      const id = await basketOf(desk);
      await desk.dryRun(id, ANNA);
      const basket = await until(desk, id, 'draft');
      assert.deepEqual(basket.dryRun, { checked: 2, ok: 1, failing: 1, unknown: 0 });
      assert.deepEqual(shop.effects, [], 'nothing was sent');
      const { items } = await desk.items(id, 10);
      const tried = items.map(({ dryRun }) => dryRun);
      const good = tried.find((run) => run?.result === 'ok');
      const bad = tried.find((run) => run?.result === 'error');
      assert.deepEqual([bad?.code, bad?.message, bad?.mapper?.id], ['MAPPING_FAILED', 'No lines.', 'm1']);
      assert.ok(good?.changes.some(({ path, after }) => path === '/id' && after === 'new-good'));
      assert.ok(!JSON.stringify(good).includes('ring twice'));
      mapping = undefined;
      await desk.dryRun(id, ANNA);
      assert.equal((await until(desk, id, 'draft')).dryRun.unknown, 2);
    });

    it('finds letters by cause, source, time and text, page by page', async () => {
      shop.errorOf = (id) => unknownSku(id === 'x' ? 'B-2' : 'A-1');
      await shop.park('a', 'b', 'c', 'x');
      const desk = await openDesk();
      const groups = await desk.groups('parked');
      assert.deepEqual(groups.map(({ count }) => count).sort(), [1, 3]);
      const large = groups.find(({ count }) => count === 3);
      assert.deepEqual(
        [large?.code, large?.kind, large?.source, large?.node.flowName, large?.businessKeys.length],
        ['UNKNOWN_SKU', 'business', 'shop', 'Orders', 3],
      );
      const cause = large?.cause ?? '';
      const first = await desk.letters({ cause }, 2);
      assert.deepEqual([first.items.length, first.total], [2, 3]);
      const rest = await desk.letters({ cause }, 2, first.next ?? '');
      assert.deepEqual([rest.items.length, rest.next], [1, null]);
      assert.equal(new Set([...first.items, ...rest.items].map(({ id }) => id)).size, 3);
      assert.equal((await desk.letters({ q: 'ORDER:X' }, 9)).total, 1);
      assert.equal((await desk.letters({ q: 'b-2' }, 9)).total, 1);
      assert.equal((await desk.letters({ q: '100%_!' }, 9)).total, 0);
      assert.equal((await desk.letters({ source: 'nobody' }, 9)).total, 0);
      const at = rest.items[0]?.lastAt ?? 0;
      assert.equal((await desk.letters({ from: at + 3_600_000 }, 9)).total, 0);
      assert.equal((await desk.letters({ from: at - 3_600_000, to: at + 3_600_000 }, 9)).total, 4);
      await assert.rejects(desk.create({ name: 'none', filter: { q: 'nothing' } }, ANNA), {
        code: 'BASKET_EMPTY',
      });
      await assert.rejects(desk.create({ name: 'none', ids: ['00'] }, ANNA), { code: 'BASKET_EMPTY' });
      assert.deepEqual(await desk.list(), [], 'a basket of nothing is none');
    });

    it('keeps every failed attempt, the newest twenty', async () => {
      await shop.park('a');
      for (let n = 0; n < 25; n += 1) {
        const origin = {
          source: 'shop',
          deliveryId: 'a',
          body: Buffer.from(''),
          receivedAt: 1,
          attempts: n + 1,
        };
        await store.run(attemptStatements(origin, { type: 'failed', error: unknownSku(`S-${n}`) }));
      }
      const desk = await openDesk();
      const id = (await desk.letters({}, 1)).items[0]?.id ?? '';
      const { history } = await desk.letter(id, false, ANNA);
      assert.equal(history.length, 20);
      assert.deepEqual([history.at(-1)?.attempt, history.at(-1)?.code], [25, 'UNKNOWN_SKU']);
    });

    it('hides personal data without the permission, and notes who has seen it', async () => {
      await shop.park('a');
      const desk = await openDesk();
      const id = (await desk.letters({}, 1)).items[0]?.id ?? '';
      const hidden = await desk.letter(id, false, ANNA);
      assert.deepEqual(
        [hidden.original.value, hidden.original.redacted],
        [{ id: 'a', email: '[personal]' }, 1],
      );
      assert.ok(!JSON.stringify(hidden).includes('a@example.com'));
      assert.equal((await desk.audit(10)).total, 0);
      assert.ok(JSON.stringify(await desk.letter(id, true, ANNA)).includes('a@example.com'));
      const [entry] = (await desk.audit(10)).items;
      assert.deepEqual([entry?.action, entry?.who, entry?.note], ['letter.shown', ANNA, id]);
      await assert.rejects(desk.letter('none', false, ANNA), { code: 'LETTER_UNKNOWN' });
    });

    it('tells a group once, and again when it comes back after all its letters were handled', async () => {
      await shop.park('a', 'b');
      const desk = await openDesk();
      const [group] = await desk.groups('parked');
      const cause = group?.cause ?? '';
      const told = await Promise.all([shop.letters.tellGroup(cause), shop.letters.tellGroup(cause)]);
      assert.deepEqual(told.map((found) => found?.count ?? 0).sort(), [0, 2]);
      await shop.park('c');
      assert.equal(await shop.letters.tellGroup(cause), undefined);
      await desk.discard({ filter: {}, reason: 'handled' }, ANNA);
      await shop.park('d');
      assert.equal((await shop.letters.tellGroup(cause))?.count, 1);
    });

    it('drops handled letters that are old or too large together, and never one that nobody has handled', async () => {
      await shop.park('a', 'b', 'c');
      const desk = await openDesk();
      const { items } = await desk.letters({}, 1);
      await desk.discard({ ids: items.map(({ id }) => id), reason: 'old' }, ANNA);
      const limits = { keepMs: 86_400_000, maxBytes: 1_000_000 };
      assert.equal((await keepWithin(store, limits)).dropped, 0);
      await store.run([{ sql: 'UPDATE crossdock_dead_letter SET handled_at = handled_at - 90000000' }]);
      assert.equal((await keepWithin(store, limits)).dropped, 1);
      await desk.discard({ ids: [(await desk.letters({}, 1)).items[0]?.id ?? ''], reason: 'large' }, ANNA);
      const kept = await keepWithin(store, { ...limits, maxBytes: 1 });
      assert.deepEqual([kept.dropped, kept.parked, kept.over], [1, 1, true]);
      assert.equal((await desk.letters({}, 10)).total, 1);
    });
  });
}
