/** What returns must do with an Odoo, real or stand-in: the same tests over both. */
import assert from 'node:assert/strict';
import type { CanonicalReturn } from '../../core/canonical';
import { CrossdockError } from '../../core/errors';
import { crashingAt, losingAnswers } from './crashing-client';
import { assertCanonical, type Breadth, codeOf, withFulfilment } from './fulfilment';
import { createOne, type OdooUnderTest } from './sales-fixture';
import { makeReturn, makeShipment } from './shipping-fixture';

export function describeReturns(
  name: string,
  getServer: () => Promise<OdooUnderTest | undefined>,
  breadth: Breadth = {},
): void {
  describe(`returns on ${name}`, function () {
    this.timeout(120_000);
    withFulfilment(getServer, breadth, (bench) => {
      /** An order of 5 plain, 2 of a lot and 2 serial numbers, all shipped. */
      async function shippedOrder() {
        const { fixture } = bench();
        const { plain, lotted, serial, lots } = fixture;
        const serials = fixture.serials.slice(0, 2);
        const of = await bench().order([
          { sku: plain, quantity: '5' },
          { sku: lotted, quantity: '2' },
        ]);
        const shipmentId = bench().shipmentId();
        const shipment = makeShipment(of.order, shipmentId, [
          { sku: plain, quantity: '5' },
          { sku: lotted, quantity: '2', lot: lots[0] },
        ]);
        await bench().fulfilment().ship(shipment);
        return { ...of, shipmentId, serial, serials };
      }

      async function returnPickings(orderId: number) {
        return bench().admin.call<
          readonly { name: string; state: string; origin: string; move_ids: number[] }[]
        >('stock.picking', 'search_read', {
          args: {
            domain: [
              ['sale_id', '=', orderId],
              ['picking_type_code', '=', 'incoming'],
            ],
            fields: ['name', 'state', 'origin', 'move_ids'],
            order: 'id',
          },
        });
      }

      async function delivered(orderId: number): Promise<number[]> {
        const rows = await bench().admin.call<readonly { qty_delivered: number }[]>(
          'sale.order.line',
          'search_read',
          {
            args: { domain: [['order_id', '=', orderId]], fields: ['qty_delivered'], order: 'sequence, id' },
          },
        );
        return rows.map((row) => row.qty_delivered);
      }

      it('authorises, then receives in part, accepted and rejected apart', async () => {
        const { fixture, admin } = bench();
        const of = await shippedOrder();
        const quarantine = `${fixture.prefix} Quarantine`;
        await createOne(admin, 'stock.location', {
          name: quarantine,
          usage: 'internal',
          location_id: fixture.stockLocation,
        });
        const [location] = await admin.call<readonly { complete_name: string }[]>(
          'stock.location',
          'search_read',
          {
            args: { domain: [['name', '=', quarantine]], fields: ['complete_name'] },
          },
        );
        const fulfilment = bench().fulfilment({ quarantine: location?.complete_name });
        const id = `RMA-${bench().shipmentId()}`;
        const asked = makeReturn(of.order, id, [
          { sku: fixture.plain, requested: '4' },
          { sku: fixture.lotted, requested: '1', lot: fixture.lots[0] },
        ]);
        assertCanonical('return', asked);
        const authorised = await fulfilment.authorise(asked);
        assert.equal(authorised.applied, true);
        assertCanonical('return', authorised.return);
        assert.equal(authorised.return.status, 'authorised');
        assert.equal(authorised.return.returnId, id);
        assert.deepEqual(
          authorised.return.lines.map(({ quantity }) => quantity),
          [
            { requested: '4', authorised: '4' },
            { requested: '1', authorised: '1' },
          ],
        );
        assert.equal(authorised.order.return, 'authorised');
        const [picking] = await returnPickings(of.placed.odooId);
        assert.match(picking?.origin ?? '', new RegExp(`, RMA ${id}$`));

        const came: CanonicalReturn = {
          ...makeReturn(of.order, id, [
            { sku: fixture.plain, requested: '4', received: '3', accepted: '2', rejected: '1' },
            { sku: fixture.lotted, requested: '1', received: '1', lot: fixture.lots[0] },
          ]),
          status: 'received',
        };
        const received = await fulfilment.receive(came);
        assertCanonical('return', received.return);
        assert.equal(received.return.status, 'partlyAccepted');
        // Of the order, the least advanced decides: one of the four is still on its way.
        assert.equal(received.order.return, 'authorised');
        assert.deepEqual(
          received.return.lines.map(({ quantity }) => quantity),
          [
            { requested: '4', authorised: '4', received: '3', accepted: '2', rejected: '1' },
            { requested: '1', authorised: '1', received: '1', accepted: '1', rejected: '0' },
          ],
        );
        assert.equal(received.return.lines[1]?.lot, fixture.lots[0]);
        assert.equal(received.return.lines[1]?.disposition, 'restock');
        // Only what was accepted is credited: 5 - 2, and 2 - 1.
        assert.deepEqual(await delivered(of.placed.odooId), [3, 1]);
        // One is still on its way: the rest of the four.
        assert.deepEqual(
          (await returnPickings(of.placed.odooId)).map(({ state }) => state),
          ['done', 'done', 'assigned'],
        );
        const again = await fulfilment.receive(came);
        assert.equal(again.applied, false);
        // The total grows by one: one more is received.
        const [first, second] = came.lines;
        const more: CanonicalReturn = {
          ...came,
          lines: [
            {
              ...(first as (typeof came.lines)[number]),
              quantity: { requested: '4', received: '4', accepted: '3', rejected: '1' },
            },
            second as (typeof came.lines)[number],
          ],
        };
        const rest = await fulfilment.receive(more);
        assert.equal(rest.return.lines[0]?.quantity.received, '4');
        assert.equal(rest.order.return, 'partlyAccepted');
        assert.deepEqual(await delivered(of.placed.odooId), [2, 1]);
        const [read] = await fulfilment.returns({ ref: { id: of.order.id } });
        assertCanonical('return', read);
        assert.equal(read?.reason, 'unwanted');
        assert.equal(read?.returnId, id);
      });

      if (breadth.essential === true) return;

      it('authorises and receives once, wherever the process dies', async () => {
        const { fixture, client } = bench();
        const of = await shippedOrder();
        const id = `RMA-${bench().shipmentId()}`;
        const asked = makeReturn(of.order, id, [{ sku: fixture.plain, requested: '3' }]);
        const came = makeReturn(of.order, id, [{ sku: fixture.plain, requested: '3', received: '2' }]);
        for (const [method, value] of [
          ['authorise', asked],
          ['receive', came],
        ] as const) {
          for (let call = 1; ; call += breadth.every ?? 1) {
            let through = 0;
            for (const lost of ['request', 'reply'] as const) {
              try {
                await bench()
                  .fulfilment({}, crashingAt(client, call, lost))
                  [method](value);
                through += 1;
              } catch (error) {
                assert.equal(codeOf(error), 'TEST_CRASH', String(error));
              }
            }
            if (through === 2) break;
          }
        }
        assert.deepEqual(await delivered(of.placed.odooId), [3, 2]);
        assert.deepEqual(
          (await returnPickings(of.placed.odooId)).map(({ state }) => state),
          ['done', 'assigned'],
        );
      });

      it('finds the return again when the answer of the wizard was lost', async () => {
        const { fixture, client } = bench();
        const of = await shippedOrder();
        const asked = makeReturn(of.order, `RMA-${bench().shipmentId()}`, [
          { sku: fixture.plain, requested: '2' },
        ]);
        const lossy = losingAnswers(client, 'stock.return.picking', 'action_create_returns');
        await assert.rejects(
          bench().fulfilment({}, lossy).authorise(asked),
          (error) => error instanceof CrossdockError && error.kind === 'ambiguous',
        );
        const again = await bench().fulfilment().authorise(asked);
        assert.equal(again.applied, false);
        assert.equal((await returnPickings(of.placed.odooId)).length, 1);
      });

      it('leaves one return when two processes authorise it at the same time', async () => {
        const { fixture } = bench();
        const of = await shippedOrder();
        const asked = makeReturn(of.order, `RMA-${bench().shipmentId()}`, [
          { sku: fixture.plain, requested: '2' },
        ]);
        const deliver = async () => {
          for (let attempt = 0; ; attempt += 1) {
            try {
              return await bench().fulfilment().authorise(asked);
            } catch (error) {
              if (!(error instanceof CrossdockError && error.retryable) || attempt === 20) throw error;
            }
          }
        };
        await Promise.all([deliver(), deliver(), deliver()]);
        await deliver();
        const states = (await returnPickings(of.placed.odooId)).map(({ state }) => state);
        assert.deepEqual(
          states.filter((state) => state !== 'cancel'),
          ['assigned'],
        );
      });

      if (breadth.lean === true) return;

      it('refuses what a person must decide, by code', async () => {
        const { fixture } = bench();
        const of = await shippedOrder();
        const fulfilment = bench().fulfilment();
        const id = `RMA-${bench().shipmentId()}`;
        const code = (work: Promise<unknown>) => work.then(() => 'done', codeOf);
        const asked = (requested: string, changes: Partial<CanonicalReturn> = {}) =>
          makeReturn(of.order, id, [{ sku: fixture.plain, requested }], changes);
        assert.equal(await code(fulfilment.authorise(asked('6'))), 'RETURN_EXCEEDS_SHIPPED');
        assert.equal(
          await code(fulfilment.authorise(asked('1', { shipmentRef: 'NO-SUCH' }))),
          'RETURN_EXCEEDS_SHIPPED',
        );
        assert.equal(
          await code(fulfilment.authorise(asked('1', { status: 'declined' }))),
          'RETURN_NOT_WANTED',
        );
        const came = (quantities: object, more: object = {}) =>
          makeReturn(of.order, id, [{ sku: fixture.plain, requested: '2', ...quantities, ...more }]);
        assert.equal(await code(fulfilment.receive(came({ received: '1' }))), 'RETURN_NOT_AUTHORISED');
        await fulfilment.authorise(asked('2', { shipmentRef: of.shipmentId }));
        assert.equal(await code(fulfilment.receive(came({}))), 'RETURN_EMPTY');
        assert.equal(await code(fulfilment.receive(came({ received: '3' }))), 'RETURN_EXCEEDS_AUTHORISED');
        assert.equal(
          await code(fulfilment.receive(came({ received: '1', rejected: '1' }))),
          'RETURN_LOCATION_MISSING',
        );
        // What is on its way back cannot come back twice.
        const other = makeReturn(of.order, `${id}-2`, [{ sku: fixture.plain, requested: '4' }]);
        assert.equal(await code(fulfilment.authorise(other)), 'RETURN_EXCEEDS_SHIPPED');
      });
    });
  });
}
