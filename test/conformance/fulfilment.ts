/**
 * What shipping must do with an Odoo, real or stand-in: the same tests over both.
 */
import assert from 'node:assert/strict';
import { checkCanonical, type Shipment } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import { checkDigit } from '../../core/identifiers';
import {
  createOdooClient,
  Fulfilment,
  type FulfilmentOptions,
  type OdooClient,
  type TransportKind,
} from '../../core/odoo';
import { beforeCall, crashingAt, losingAnswers } from './crashing-client';
import { adminClient, type LineSpec, type OdooUnderTest } from './sales-fixture';
import {
  createStockFixture,
  makeShipment,
  placeOrder,
  type ShipSpec,
  type StockFixture,
} from './shipping-fixture';

/** How much of a suite runs: a real Odoo is asked what only it can tell. */
export interface Breadth {
  readonly transport?: TransportKind;
  /** What the stand-in shows as well is left out: the real Odoo of the services is asked for half a minute. */
  readonly lean?: boolean;
  /** Only what differs between transports and accounts. */
  readonly essential?: boolean;
  /** Every how many calls the process dies; 1 is all of them. */
  readonly every?: number;
}

export interface FulfilmentBench {
  /** The account that the operations run with. */
  readonly client: OdooClient;
  readonly admin: OdooClient;
  readonly fixture: StockFixture;
  readonly server: OdooUnderTest;
  fulfilment(options?: FulfilmentOptions, client?: OdooClient): Fulfilment;
  order(specs: readonly LineSpec[]): ReturnType<typeof placeOrder>;
  shipmentId(): string;
  /** Runs before the connections are closed. */
  atEnd(work: () => Promise<void>): void;
}

/** Sets up an Odoo for the tests of one file; `getServer` answers undefined when there is none. */
export function withFulfilment(
  getServer: () => Promise<OdooUnderTest | undefined>,
  { transport }: Breadth,
  tests: (bench: () => FulfilmentBench) => void,
): void {
  let bench: FulfilmentBench | undefined;
  const open: Fulfilment[] = [];
  const endings: (() => Promise<void>)[] = [];
  let count = 0;

  before(async function () {
    const server = await getServer();
    if (server === undefined) return this.skip();
    const admin = adminClient({ ...server, ...(server.admin ?? {}) });
    const client = createOdooClient({ ...server, ...(transport ? { transport } : {}) });
    const fixture = await createStockFixture(admin);
    bench = {
      client,
      admin,
      fixture,
      server,
      fulfilment(options = {}, through = client) {
        const made = new Fulfilment(through, {
          raceRetry: { attempts: 3, baseMs: 5, maxMs: 20 },
          ...options,
        });
        open.push(made);
        return made;
      },
      order: (specs) => placeOrder(client, fixture, specs),
      shipmentId() {
        count += 1;
        return `${fixture.prefix}-${count}`;
      },
      atEnd: (work) => endings.push(work),
    };
  });

  after(async () => {
    await Promise.all(open.map((each) => each.close()));
    for (const work of endings) await work();
    await bench?.client.close();
    await bench?.admin.close();
  });

  tests(() => {
    if (bench === undefined) throw new Error('the server is not there yet');
    return bench;
  });
}

export function codeOf(error: unknown): string {
  return error instanceof CrossdockError ? error.code : String(error);
}

/** A valid canonical object: contract and checks. */
export function assertCanonical(name: 'shipment' | 'return', value: unknown): void {
  assert.deepEqual(contracts().validate(name, '1.0', value), []);
  assert.deepEqual(checkCanonical(name, value as never), []);
}

/** An SSCC that nobody used before. */
export function newSscc(): string {
  const body = `3${String(Date.now()).padStart(13, '0')}${String(Math.floor(Math.random() * 1000)).padStart(3, '0')}`;
  return `${body}${checkDigit(body)}`;
}

interface DoneMove {
  readonly product_id: readonly [number, string];
  readonly quantity: number;
}

/** What has left for a customer of an order, by product id, read straight from Odoo's moves. */
export async function leftWarehouse(admin: OdooClient, orderId: number): Promise<Record<number, number>> {
  const moves = await admin.call<readonly DoneMove[]>('stock.move', 'search_read', {
    args: {
      domain: [
        ['picking_id.sale_id', '=', orderId],
        ['state', '=', 'done'],
        ['location_dest_id.usage', '=', 'customer'],
      ],
      fields: ['product_id', 'quantity'],
    },
  });
  const sums: Record<number, number> = {};
  for (const move of moves) sums[move.product_id[0]] = (sums[move.product_id[0]] ?? 0) + move.quantity;
  return sums;
}

export function describeShipping(
  name: string,
  getServer: () => Promise<OdooUnderTest | undefined>,
  breadth: Breadth = {},
): void {
  describe(`shipping on ${name}`, function () {
    this.timeout(120_000);
    withFulfilment(getServer, breadth, (bench) => {
      const ship = (
        specs: readonly ShipSpec[],
        of: { order: Parameters<typeof makeShipment>[0] },
        changes = {},
      ) => makeShipment(of.order, bench().shipmentId(), specs, changes);

      it('ships in part with a lot, serial numbers and a package, and the rest as backorder', async () => {
        const { fixture, admin } = bench();
        const { plain, lotted, serial, lots, serials } = fixture;
        const of = await bench().order([
          { sku: plain, quantity: '5' },
          { sku: lotted, quantity: '4' },
          { sku: serial, quantity: '3' },
        ]);
        const fulfilment = bench().fulfilment();
        const sscc = newSscc();
        const shipment = ship(
          [
            { sku: plain, quantity: '2', in: 'box-1' },
            { sku: lotted, quantity: '4', lot: lots[1], in: 'box-1' },
            { sku: serial, quantity: '2', serials: serials.slice(4, 6), in: 'box-2' },
          ],
          of,
        );
        const withSscc: Shipment = {
          ...shipment,
          packages: shipment.packages.map((each, index) =>
            index === 0 ? { ...each, sscc, weight: { value: '1500', unit: 'GRM' } } : each,
          ),
        };
        assertCanonical('shipment', withSscc);
        const result = await fulfilment.ship(withSscc);
        assert.equal(result.applied, true);
        assert.deepEqual(result.short, []);
        assert.equal(result.pickings.length, 1);
        assert.equal(result.pickings[0]?.state, 'done');
        assert.equal(result.backorders.length, 1);
        assert.equal(result.orders[0]?.fulfilment, 'partiallyShipped');
        const { products } = fixture;
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), {
          [products.plain]: 2,
          [products.lotted]: 4,
          [products.serial]: 2,
        });
        const [read] = result.shipments;
        assertCanonical('shipment', read);
        assert.equal(read?.status, 'pickedUp');
        assert.deepEqual(read?.tracking, [{ number: `1Z${shipment.shipmentId}` }]);
        assert.equal(read?.orderRefs[0]?.id, of.order.id);
        assert.deepEqual(
          read?.lines.map((line) => [line.quantity, line.ordered, line.backordered, line.unit]),
          [
            ['2', '5', '3', 'C62'],
            ['4', '4', '0', 'C62'],
            ['2', '3', '1', 'C62'],
          ],
        );
        const box = read?.packages.find((each) => each.sscc === sscc);
        assert.deepEqual(box?.weight, { value: '1.5', unit: 'KGM' });
        assert.ok(box?.contents?.some((content) => content.lot === lots[1] && content.quantity === '4'));
        const other = read?.packages.find((each) => each.packageId === 'box-2');
        assert.deepEqual(other?.contents?.[0]?.serials?.toSorted(), [...serials.slice(4, 6)].toSorted());

        const rest = ship(
          [
            { sku: plain, quantity: '3' },
            { sku: serial, quantity: '1', serials: serials.slice(6, 7) },
          ],
          of,
        );
        const second = await fulfilment.ship(rest);
        assert.equal(second.orders[0]?.fulfilment, 'shipped');
        assert.deepEqual(second.backorders, []);
        const status = await fulfilment.status({ ref: { id: of.order.id } });
        assert.equal(status.deliveryStatus, 'full');
        assert.equal(status.fulfilment, 'shipped');
        assert.equal(status.return, 'none');
      });

      if (breadth.essential === true) return;

      it('ships once, however often the message comes and wherever the process dies', async () => {
        const { fixture, admin, client } = bench();
        const of = await bench().order([
          { sku: fixture.plain, quantity: '4' },
          { sku: fixture.lotted, quantity: '2' },
        ]);
        const shipment = ship(
          [
            { sku: fixture.plain, quantity: '3', in: 'once-box' },
            { sku: fixture.lotted, quantity: '1', lot: fixture.lots[0], in: 'once-box' },
          ],
          of,
        );
        // Each delivery dies one call later than the one before: first without the call, then without its reply.
        let deaths = 0;
        for (let call = 1; ; call += breadth.every ?? 1) {
          const outcomes = [];
          for (const lost of ['request', 'reply'] as const) {
            const crashing = crashingAt(client, call, lost);
            try {
              await bench().fulfilment({}, crashing).ship(shipment);
              outcomes.push('shipped');
            } catch (error) {
              assert.equal(codeOf(error), 'TEST_CRASH', String(error));
              deaths += 1;
            }
          }
          if (outcomes.length === 2) break;
        }
        assert.ok(deaths * (breadth.every ?? 1) >= 20, `only ${deaths} deaths`);
        const again = await bench().fulfilment().ship(shipment);
        assert.equal(again.applied, false);
        const { products } = fixture;
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), {
          [products.plain]: 3,
          [products.lotted]: 1,
        });
        const status = await bench()
          .fulfilment()
          .status({ ref: { id: of.order.id } });
        assert.equal(status.fulfilment, 'partiallyShipped');
        assert.deepEqual(
          status.pickings.map(({ state }) => state),
          ['done', 'assigned'],
        );
      });

      it('ships once when the same message and another one of the order come at the same time', async () => {
        const { fixture, admin } = bench();
        const of = await bench().order([{ sku: fixture.plain, quantity: '9' }]);
        const one = ship([{ sku: fixture.plain, quantity: '2' }], of);
        const other = ship([{ sku: fixture.plain, quantity: '3' }], of);
        // Four processes: they share nothing but Odoo.
        const deliver = async (shipment: Shipment) => {
          for (let attempt = 0; ; attempt += 1) {
            try {
              return await bench().fulfilment().ship(shipment);
            } catch (error) {
              if (!(error instanceof CrossdockError && error.retryable) || attempt === 20) throw error;
            }
          }
        };
        await Promise.all([one, other, one, other].map(deliver));
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), { [fixture.products.plain]: 5 });
        const status = await bench()
          .fulfilment()
          .status({ ref: { id: of.order.id } });
        assert.equal(status.lines[0]?.shipped, '5');
      });

      it('writes nothing into a delivery that was validated between its reading and its writing', async () => {
        const { fixture, admin, client } = bench();
        const of = await bench().order([{ sku: fixture.plain, quantity: '5' }]);
        const first = ship([{ sku: fixture.plain, quantity: '2' }], of);
        let meanwhile: Promise<unknown> | undefined;
        const late = beforeCall(client, 'stock.picking', 'load', async () => {
          meanwhile ??= bench().fulfilment().ship(first);
          await meanwhile;
        });
        const result = await bench()
          .fulfilment({}, late)
          .ship(ship([{ sku: fixture.plain, quantity: '3' }], of));
        assert.notEqual(meanwhile, undefined);
        assert.equal(result.orders[0]?.fulfilment, 'shipped');
        assert.equal(result.shipments[0]?.lines[0]?.quantity, '3');
        assert.deepEqual(result.backorders, []);
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), { [fixture.products.plain]: 5 });
      });

      it('settles a call whose answer was lost', async () => {
        const { fixture, admin, client } = bench();
        const of = await bench().order([{ sku: fixture.plain, quantity: '4' }]);
        for (const method of ['load', 'button_validate']) {
          const lossy = losingAnswers(client, 'stock.picking', method);
          const result = await bench()
            .fulfilment({}, lossy)
            .ship(ship([{ sku: fixture.plain, quantity: '2' }], of));
          assert.equal(result.pickings[0]?.state, 'done');
        }
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), { [fixture.products.plain]: 4 });
      });

      it('writes more than ordered, lots that are new and stock that is not there, where that is allowed', async () => {
        const { fixture, admin } = bench();
        const of = await bench().order([
          { sku: fixture.plain, quantity: '2' },
          { sku: fixture.lotted, quantity: '2' },
        ]);
        const lot = `${fixture.prefix}-NEW`;
        const shipment = ship(
          [
            { sku: fixture.plain, quantity: '3' },
            { sku: fixture.lotted, quantity: '2', lot },
          ],
          of,
        );
        await assert.rejects(
          bench().fulfilment({ excess: 'allow', unknownLots: 'create', shortStock: 'hold' }).ship(shipment),
          (error) => codeOf(error) === 'STOCK_SHORT',
        );
        const result = await bench().fulfilment({ excess: 'allow', unknownLots: 'create' }).ship(shipment);
        assert.deepEqual(result.short, [fixture.lotted]);
        assert.equal(result.orders[0]?.fulfilment, 'shipped');
        assertCanonical('shipment', result.shipments[0]);
        const { products } = fixture;
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), {
          [products.plain]: 3,
          [products.lotted]: 2,
        });
      });

      if (breadth.lean === true) return;

      it('refuses what a person must decide, by code, and writes nothing', async () => {
        const { fixture, admin } = bench();
        const { plain, lotted, serial, lots, serials } = fixture;
        const of = await bench().order([
          { sku: plain, quantity: '2' },
          { sku: lotted, quantity: '2' },
          { sku: serial, quantity: '2' },
        ]);
        const fulfilment = bench().fulfilment();
        const code = (specs: readonly ShipSpec[], changes: Partial<Shipment> = {}) =>
          fulfilment.ship(ship(specs, of, changes)).then(() => 'shipped', codeOf);
        assert.equal(await code([{ sku: plain, quantity: '3' }]), 'SHIPMENT_EXCEEDS_ORDER');
        assert.equal(await code([{ sku: 'NOBODY-KNOWS', quantity: '1' }]), 'SHIPMENT_ITEM_UNKNOWN');
        assert.equal(await code([{ sku: lotted, quantity: '1' }]), 'LOT_REQUIRED');
        assert.equal(await code([{ sku: lotted, quantity: '1', lot: 'NO-SUCH-LOT' }]), 'LOT_UNKNOWN');
        assert.equal(await code([{ sku: serial, quantity: '2', lot: lots[0] }]), 'SERIAL_REQUIRED');
        const twice = [serials[0] ?? '', serials[0] ?? ''];
        assert.equal(await code([{ sku: serial, quantity: '2', serials: twice }]), 'SERIAL_DUPLICATE');
        assert.equal(
          await code([{ sku: plain, quantity: '1' }], { status: 'cancelled' }),
          'SHIPMENT_CANCELLED',
        );
        assert.equal(
          await code([{ sku: plain, quantity: '1' }], { orderRefs: [{ id: 'shop:x:nobody' }] }),
          'ORDER_NOT_FOUND',
        );
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), {});
        const status = await fulfilment.status({ ref: { id: of.order.id } });
        assert.equal(status.fulfilment, 'allocated');
      });

      it('knows a message that was changed, and a serial number that has left', async () => {
        const { fixture } = bench();
        const { plain, serial, serials } = fixture;
        const of = await bench().order([
          { sku: plain, quantity: '4' },
          { sku: serial, quantity: '2' },
        ]);
        const fulfilment = bench().fulfilment();
        const shipment = ship(
          [
            { sku: plain, quantity: '1' },
            { sku: serial, quantity: '1', serials: serials.slice(9, 10) },
          ],
          of,
        );
        await fulfilment.ship(shipment);
        const lines = shipment.lines.map((line) => (line.lineId === '1' ? { ...line, quantity: '2' } : line));
        const packages = shipment.packages.map((each) => ({
          ...each,
          contents:
            each.contents?.map((content) =>
              content.lineId === '1' ? { ...content, quantity: '2' } : content,
            ) ?? [],
        }));
        await assert.rejects(
          fulfilment.ship({ ...shipment, lines, packages }),
          (error) => codeOf(error) === 'SHIPMENT_CHANGED',
        );
        const again = ship([{ sku: serial, quantity: '1', serials: serials.slice(9, 10) }], of);
        await assert.rejects(fulfilment.ship(again), (error) => codeOf(error) === 'SERIAL_DUPLICATE');
      });

      it('cancels the rest when nothing more will come', async () => {
        const { fixture } = bench();
        const of = await bench().order([{ sku: fixture.plain, quantity: '5' }]);
        const result = await bench()
          .fulfilment({ rest: 'cancel' })
          .ship(ship([{ sku: fixture.plain, quantity: '4' }], of));
        assert.deepEqual(result.backorders, []);
        assert.equal(result.orders[0]?.fulfilment, 'shortShipped');
      });

      it('packs first and ships later, and takes a tracking number that comes last', async () => {
        const { fixture, admin } = bench();
        const of = await bench().order([{ sku: fixture.plain, quantity: '2' }]);
        const fulfilment = bench().fulfilment();
        const packed = ship([{ sku: fixture.plain, quantity: '2', in: 'pack-1' }], of, {
          status: 'labelCreated',
          tracking: [],
        });
        const { shippedAt: _left, ...label } = packed;
        const first = await fulfilment.pack(label);
        assert.equal(first.orders[0]?.fulfilment, 'packed');
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), {});
        await assert.rejects(fulfilment.ship(label), (error) => codeOf(error) === 'SHIPMENT_NOT_LEFT');
        const sent = await fulfilment.ship({ ...packed, status: 'pickedUp' });
        assert.equal(sent.orders[0]?.fulfilment, 'shipped');
        assert.equal(sent.shipments[0]?.packages[0]?.packageId, 'pack-1');
        assert.equal(sent.shipments[0]?.tracking, undefined);
        const tracked = await fulfilment.track({
          ...packed,
          tracking: [{ number: 'T-1' }, { number: 'T-2' }],
        });
        assert.equal(tracked.applied, true);
        assert.deepEqual(tracked.shipments[0]?.tracking, [{ number: 'T-1' }, { number: 'T-2' }]);
        const again = await fulfilment.track({ ...packed, tracking: [{ number: 'T-1' }, { number: 'T-2' }] });
        assert.equal(again.applied, false);
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), { [fixture.products.plain]: 2 });
      });

      it('cancels what is open, and nothing that has left', async () => {
        const { fixture } = bench();
        const of = await bench().order([{ sku: fixture.plain, quantity: '3' }]);
        const fulfilment = bench().fulfilment();
        const { backorders } = await fulfilment.ship(ship([{ sku: fixture.plain, quantity: '1' }], of));
        const ref = { id: of.order.id };
        const cancelled = await fulfilment.cancel({ ref });
        assert.equal(cancelled.fulfilment, 'shortShipped');
        assert.deepEqual(
          cancelled.pickings.map(({ state }) => state),
          ['done', 'cancel'],
        );
        await fulfilment.cancel({ ref }, { picking: backorders[0]?.name });
        const left = cancelled.pickings[0]?.name;
        await assert.rejects(
          fulfilment.cancel({ ref }, { picking: left }),
          (error) => codeOf(error) === 'PICKING_DONE',
        );
        await assert.rejects(
          fulfilment.ship(ship([{ sku: fixture.plain, quantity: '1' }], of)),
          (error) => codeOf(error) === 'SHIPMENT_EXCEEDS_ORDER',
        );
      });
    });
  });
}
