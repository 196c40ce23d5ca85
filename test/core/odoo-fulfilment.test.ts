/** What shipping decides without asking Odoo: places, keys, statuses, names by version. */
import assert from 'node:assert/strict';
import { decimal, type Shipment } from '../../core/canonical';
import { CrossdockError } from '../../core/errors';
import type { OdooClient } from '../../core/odoo';
import { fieldMap } from '../../core/odoo/client/field-map';
import { allocate, type Goods } from '../../core/odoo/fulfilment/allocate';
import { appliedOf } from '../../core/odoo/fulfilment/applied';
import { type Content, contentsOf, contentsPrint } from '../../core/odoo/fulfilment/contents';
import { splitKey } from '../../core/odoo/fulfilment/find-order';
import { keyBase, readKey, writeKey } from '../../core/odoo/fulfilment/keys';
import { orderAsked } from '../../core/odoo/fulfilment/operations';
import { Patience } from '../../core/odoo/fulfilment/patience';
import type { ReadContext } from '../../core/odoo/fulfilment/read';
import { divideReturn } from '../../core/odoo/fulfilment/returnable';
import { pickingsOfReturn, reasonOf, rmaNote } from '../../core/odoo/fulfilment/rma';
import { keyed, stage } from '../../core/odoo/fulfilment/stage';
import { fulfilmentOf } from '../../core/odoo/fulfilment/status';
import { nextStep } from '../../core/odoo/fulfilment/steps';
import { toShipment } from '../../core/odoo/fulfilment/to-shipment';
import type { Move, MoveLine, Picking, StockOrder, StockProduct } from '../../core/odoo/fulfilment/types';
import { UnitTable } from '../../core/odoo/fulfilment/units';
import { validatePicking } from '../../core/odoo/fulfilment/validate';
import { assertCanonical } from '../conformance/fulfilment';
import { shipment as sample } from './odoo-fulfilment-samples';

const A: StockProduct = {
  id: 1,
  name: 'A',
  sku: 'A',
  barcode: undefined,
  tracking: 'none',
  storable: true,
  unitId: 1,
};
const B: StockProduct = { ...A, id: 2, name: 'B', sku: 'B', tracking: 'serial' };
const BASE = keyBase('', 'shipment', 'shipment:shop:x:1');
const PRINT = '01234567';

let ids = 0;
const line = (moveId: number, quantity: string, more: Partial<MoveLine> = {}): MoveLine => {
  ids += 1;
  const place = { ownerId: undefined, locationId: 8, destination: { id: 9, name: 'Customers' } };
  const goods = { lot: undefined, source: undefined, target: undefined, key: undefined };
  return { id: ids, moveId, quantity: decimal(quantity), picked: false, ...goods, ...place, ...more };
};
const move = (product: StockProduct, demand: string, more: Partial<Move> & { done?: string } = {}): Move => {
  ids += 1;
  const { done, ...rest } = more;
  const lines = done === undefined ? [] : [line(ids, done, { picked: true })];
  return {
    id: ids,
    productId: product.id,
    unitId: 1,
    demand: decimal(demand),
    state: done === undefined ? 'assigned' : 'done',
    picked: false,
    saleLineId: product.id * 10,
    toRefund: true,
    returnOf: undefined,
    locationId: 8,
    destinationId: 9,
    lines,
    ...rest,
  };
};
const picking = (name: string, moves: readonly Move[], more: Partial<Picking> = {}): Picking => {
  ids += 1;
  const none = {
    origin: undefined,
    backorderOf: undefined,
    returnOf: undefined,
    carrier: undefined,
    tracking: undefined,
  };
  const times = { scheduledAt: undefined, doneAt: undefined, createdAt: undefined, note: undefined };
  return {
    id: ids,
    name,
    state: 'assigned',
    type: 'outgoing',
    typeId: 2,
    trackingUrl: undefined,
    partnerId: undefined,
    companyId: 1,
    location: { id: 8, name: 'WH/Stock' },
    destination: { id: 9, name: 'Customers' },
    moves,
    ...none,
    ...times,
    ...more,
  };
};
const orderOf = (pickings: readonly Picking[], more: Partial<StockOrder> = {}): StockOrder => ({
  id: 1,
  name: 'S00001',
  origin: 'shop:acme:1',
  customerRef: '#1',
  state: 'sale',
  locked: false,
  deliveryStatus: undefined,
  credited: false,
  lines: [
    { id: 10, productId: 1, ordered: decimal('5'), delivered: decimal('0') },
    { id: 20, productId: 2, ordered: decimal('2'), delivered: decimal('0') },
  ],
  pickings,
  products: new Map([
    [1, A],
    [2, B],
  ]),
  ...more,
});
const content = (index: number, quantity: string, more: Partial<Content> = {}): Content => ({
  index,
  lineId: String(index + 1),
  orderRef: undefined,
  orderLineId: undefined,
  item: { identifiers: [{ scheme: 'sku', value: 'A' }] },
  quantity: decimal(quantity),
  unit: 'C62',
  lot: undefined,
  serial: undefined,
  expiry: undefined,
  packageId: undefined,
  ...more,
});
const goods = (quantity: string, product = A, index = 0, more: Partial<Content> = {}): Goods => ({
  content: content(index, quantity, more),
  product,
  quantity: decimal(quantity),
  nextPart: 0,
});
const code = (work: () => unknown): string => {
  try {
    work();
    return 'nothing';
  } catch (error) {
    return error instanceof CrossdockError ? error.code : String(error);
  }
};
const places = (allocations: ReturnType<typeof allocate>) =>
  allocations.map(({ picking: { name }, pieces }) => [
    name,
    pieces.map(({ quantity }) => quantity.toFixed()),
  ]);

describe('fulfilment: where goods go', () => {
  it('takes the only delivery that has room for all, and divides over several when none has', () => {
    const small = picking('OUT/1', [move(A, '2')]);
    const large = picking('OUT/2', [move(A, '5')]);
    const order = orderOf([small, large]);
    assert.deepEqual(places(allocate(order, [goods('4')], [small, large], { excess: 'hold' })), [
      ['OUT/2', ['4']],
    ]);
    assert.deepEqual(places(allocate(order, [goods('6')], [small, large], { excess: 'hold' })), [
      ['OUT/1', ['2']],
      ['OUT/2', ['4']],
    ]);
  });

  it('asks which one when several fit, and takes the one that is named', () => {
    const [one, other] = [picking('OUT/1', [move(A, '5')]), picking('OUT/2', [move(A, '5')])];
    const order = orderOf([one, other]);
    const wish = (named?: string) =>
      allocate(order, [goods('1')], [one, other], { excess: 'hold', picking: named });
    assert.equal(
      code(() => wish()),
      'PICKING_AMBIGUOUS',
    );
    assert.deepEqual(places(wish('OUT/2')), [['OUT/2', ['1']]]);
    assert.deepEqual(places(wish(String(one.id))), [['OUT/1', ['1']]]);
    assert.equal(
      code(() => wish('OUT/9')),
      'PICKING_UNKNOWN',
    );
  });

  it('never divides a piece with a serial number, and fills the line that the message names first', () => {
    const moves = [move(A, '3', { saleLineId: 11 }), move(A, '3', { saleLineId: 12 })];
    const only = picking('OUT/1', moves);
    const order = orderOf([only]);
    const wished = allocate(order, [goods('2', A, 0, { orderLineId: '12' })], [only], { excess: 'hold' });
    assert.equal(wished[0]?.pieces[0]?.move.saleLineId, 12);
    const serials = picking('OUT/2', [move(B, '0.5'), move(B, '1')]);
    const [allocation] = allocate(orderOf([serials]), [goods('1', B, 0, { serial: 'S' })], [serials], {
      excess: 'hold',
    });
    assert.deepEqual(
      allocation?.pieces.map(({ quantity }) => quantity.toFixed()),
      ['1'],
    );
  });

  it('refuses more than is left, or writes it on the last place', () => {
    const only = picking('OUT/1', [move(A, '2')]);
    const order = orderOf([only]);
    assert.equal(
      code(() => allocate(order, [goods('3')], [only], { excess: 'hold' })),
      'SHIPMENT_EXCEEDS_ORDER',
    );
    assert.deepEqual(places(allocate(order, [goods('3')], [only], { excess: 'allow' })), [['OUT/1', ['3']]]);
    const none = orderOf([picking('OUT/2', [move(B, '1')])]);
    assert.equal(
      code(() => allocate(none, [goods('1')], none.pickings, { excess: 'allow' })),
      'SHIPMENT_EXCEEDS_ORDER',
    );
  });
});

describe('fulfilment: what was applied', () => {
  const key = { base: BASE, print: PRINT, what: 'shipment 1' };
  const withKey = (more: Partial<Parameters<typeof writeKey>[0]>, quantity = '3') =>
    line(1, quantity, {
      picked: true,
      key: writeKey({ base: BASE, print: PRINT, index: 0, tag: '', part: 0, ...more }),
    });

  it('writes keys that Odoo takes, and reads only its own', () => {
    for (const more of [false, true]) {
      const written = { base: BASE, print: PRINT, index: 12, tag: 'p7', part: 3, more };
      assert.match(writeKey(written), /^[0-9a-z_]+$/);
      assert.deepEqual(readKey(writeKey(written)), written);
    }
    for (const foreign of [undefined, '', 'a'.repeat(64), `${BASE}_package_1`, 'order_1']) {
      assert.equal(readKey(foreign), undefined);
    }
    assert.notEqual(keyBase('', 'shipment', 'x'), keyBase('t', 'shipment', 'x'));
    assert.notEqual(keyBase('', 'shipment', 'x'), keyBase('', 'return', 'x'));
  });

  it('counts a content as complete whatever people make of its quantity, unless more was to follow elsewhere', () => {
    const corrected = orderOf([
      picking('OUT/1', [move(A, '3', { state: 'done', lines: [withKey({}, '1')] })], { state: 'done' }),
    ]);
    assert.equal(appliedOf(corrected, key).contents.get(0)?.complete, true);
    const divided = orderOf([
      picking('OUT/1', [move(A, '3', { state: 'done', lines: [withKey({ more: true }, '2')] })], {
        state: 'done',
      }),
    ]);
    const applied = appliedOf(divided, key).contents.get(0);
    assert.equal(applied?.complete, false);
    assert.equal(applied?.quantity.toFixed(), '2');
    assert.equal(applied?.nextPart, 1);
  });

  it('notices other goods under the same id, and a picking that was cancelled', () => {
    const other = orderOf([picking('OUT/1', [move(A, '3', { lines: [withKey({ print: '76543210' })] })])]);
    assert.equal(
      code(() => appliedOf(other, key)),
      'SHIPMENT_CHANGED',
    );
    const gone = orderOf([
      picking('OUT/1', [move(A, '3', { state: 'cancel', lines: [withKey({})] })], { state: 'cancel' }),
    ]);
    assert.equal(
      code(() => appliedOf(gone, key)),
      'PICKING_CANCELLED',
    );
  });

  it('tells the same goods from others', () => {
    const same = contentsPrint(contentsOf(sample()));
    assert.equal(contentsPrint(contentsOf(sample())), same);
    const changes: ((shipment: Shipment) => void)[] = [
      (each) => {
        each.lines.reverse();
      },
      (each) => {
        const [first] = each.packages[0]?.contents ?? [];
        if (first !== undefined) first.lot = 'OTHER';
      },
      (each) => {
        const [first] = each.packages;
        if (first !== undefined) first.packageId = 'OTHER';
      },
    ];
    for (const change of changes) {
      const shipment = sample();
      change(shipment);
      assert.notEqual(contentsPrint(contentsOf(shipment)), same);
    }
    // What is about the way and not about the goods changes nothing.
    assert.equal(
      contentsPrint(contentsOf({ ...sample(), tracking: [{ number: 'NEW' }], notes: ['x'] })),
      same,
    );
  });
});

describe('fulfilment: names by version', () => {
  async function columnsOf(major: number): Promise<readonly string[]> {
    let fields: readonly string[] = [];
    const client = {
      version: () => Promise.resolve({ major, minor: 0, text: `${major}.0`, transport: 'jsonrpc' }),
      call(
        _model: string,
        _method: string,
        options: { args: { fields: readonly string[]; data: readonly string[][] } },
      ) {
        fields = options.args.fields;
        assert.ok(options.args.data.every((row) => row.length === fields.length));
        return Promise.resolve({ ids: [1], messages: [] });
      },
    } as unknown as OdooClient;
    const map = fieldMap({ major, text: `${major}.0` });
    const context = { client, namespace: 'crossdock', fields: { map } } as unknown as ReadContext;
    const only = picking('OUT/1', [move(A, '2')]);
    const [piece] = allocate(orderOf([only]), [goods('2')], [only], { excess: 'hold' })[0]?.pieces ?? [];
    assert.ok(piece !== undefined);
    const sourced = {
      piece,
      picking: only,
      quantity: decimal('2'),
      locationId: 8,
      lotId: 3,
      sourcePackageId: undefined,
      ownerId: undefined,
    };
    const lines = keyed([sourced], { base: BASE, print: PRINT }, '', () => ({ targetPackageId: 4 }));
    await stage(context, only, lines, { tracking: 'T' });
    return fields;
  }

  it('writes done quantities as each version calls them', async () => {
    const names = {
      14: ['move_lines', 'qty_done'],
      15: ['move_lines', 'qty_done'],
      16: ['move_ids', 'qty_done'],
    };
    for (const [major, [moves, done]] of Object.entries(names)) {
      const columns = await columnsOf(Number(major));
      assert.ok(columns.includes(`${moves}/move_line_ids/${done}`), `${major}: ${columns.join()}`);
      assert.ok(!columns.some((column) => column.endsWith('/picked')));
    }
    for (const major of [17, 18, 19]) {
      const columns = await columnsOf(major);
      assert.ok(columns.includes('move_ids/move_line_ids/quantity'));
      assert.ok(columns.includes('move_ids/move_line_ids/picked'));
    }
  });

  it('guards every move by its unit, and keys every line', async () => {
    const columns = await columnsOf(19);
    assert.ok(columns.includes('move_ids/product_uom/.id'));
    assert.ok(columns.includes('move_ids/move_line_ids/id'));
    assert.ok(columns.includes('carrier_tracking_ref'));
  });
});

describe('fulfilment: the end of a delivery', () => {
  const ask = async (answer: unknown, state: string): Promise<string> => {
    const client = {
      call: (_model: string, method: string) => Promise.resolve(method === 'read' ? [{ state }] : answer),
    } as unknown as OdooClient;
    try {
      await validatePicking(client, { id: 1, name: 'OUT/1' }, 'backorder');
      return 'done';
    } catch (error) {
      return error instanceof CrossdockError
        ? `${error.code} ${error.facts['asks'] ?? ''}`.trim()
        : String(error);
    }
  };

  it('is what is read back, whatever Odoo answers', async () => {
    assert.equal(await ask(true, 'done'), 'done');
    assert.equal(await ask({ type: 'ir.actions.client', tag: 'do_multi_print' }, 'done'), 'done');
    const question = { res_model: 'expiry.picking.confirmation', type: 'ir.actions.act_window' };
    assert.equal(await ask(question, 'assigned'), 'VALIDATION_ASKS expiry.picking.confirmation');
    assert.equal(await ask(true, 'assigned'), 'VALIDATION_ASKS');
    assert.equal(await ask(true, 'cancel'), 'PICKING_CANCELLED');
  });

  it('is not waited for without end', async () => {
    const patience = new Patience({ attempts: 1, baseMs: 1, maxMs: 1 });
    const [order, out] = [orderOf([]), picking('OUT/1', [])];
    patience.validating(order, out);
    assert.equal(
      code(() => patience.validating(order, out)),
      'SHIPMENT_IN_PROGRESS',
    );
    let refusals = 0;
    const refusal = await (async () => {
      for (;;) {
        refusals += 1;
        await patience.refused(order, out, 'no');
      }
    })().catch((error: CrossdockError) => error.code);
    assert.deepEqual([refusal, refusals], ['ODOO_VALIDATION', 3]);
    patience.progress();
    const idle = await (async () => {
      for (;;) await patience.again(order);
    })().catch((error: CrossdockError) => error.code);
    assert.equal(idle, 'SHIPMENT_IN_PROGRESS');
  });
});

describe('fulfilment: statuses', () => {
  const shipped = (done: string) => picking('OUT/1', [move(A, done, { done })], { state: 'done' });
  const status = (pickings: readonly Picking[], more: Partial<StockOrder> = {}) =>
    fulfilmentOf(
      orderOf(pickings, {
        lines: [{ id: 10, productId: 1, ordered: decimal('5'), delivered: decimal('0') }],
        ...more,
      }),
    );

  it('follows from quantities', () => {
    const open = (lines: MoveLine[], more: Partial<Picking> = {}) =>
      picking('OUT/2', [move(A, '5', { lines, picked: lines.some(({ picked }) => picked) })], more);
    assert.equal(status([]).fulfilment, 'none');
    assert.equal(status([open([])]).fulfilment, 'backordered');
    assert.equal(status([open([line(1, '5')])]).fulfilment, 'allocated');
    assert.equal(status([open([line(1, '3')])]).fulfilment, 'backordered');
    assert.equal(status([open([line(1, '3', { picked: true })])]).fulfilment, 'picking');
    assert.equal(
      status([open([line(1, '5', { picked: true, target: { id: 1, name: 'P' } })])]).fulfilment,
      'packed',
    );
    assert.equal(status([shipped('5')]).fulfilment, 'shipped');
    assert.equal(status([shipped('3'), open([line(1, '2')])]).fulfilment, 'partiallyShipped');
    assert.equal(status([shipped('3')]).fulfilment, 'shortShipped');
    assert.equal(
      status([shipped('3'), picking('OUT/3', [move(A, '2', { state: 'cancel' })], { state: 'cancel' })])
        .fulfilment,
      'shortShipped',
    );
    assert.equal(status([], { state: 'cancel' }).fulfilment, 'cancelled');
  });

  it('knows a pick that is done while the delivery does not exist yet', () => {
    const pick = picking('PICK/1', [move(A, '5', { done: '5', saleLineId: 10 })], {
      type: 'internal',
      state: 'done',
    });
    const pack = picking('PACK/1', [move(A, '5', { lines: [line(1, '5')] })], { type: 'internal' });
    assert.equal(status([pick, pack]).fulfilment, 'picking');
  });

  it('tells how far returns are, and that they were credited', () => {
    const back = (state: string, tag?: string) => {
      const lines = [
        line(1, '1', {
          picked: true,
          key: tag && writeKey({ base: BASE, print: PRINT, index: 0, tag, part: 0 }),
        }),
      ];
      return picking('IN/1', [move(A, '1', { state, returnOf: 1, lines })], { type: 'incoming', state });
    };
    const of = (returns: readonly Picking[], more: Partial<StockOrder> = {}) =>
      status([shipped('5'), ...returns], more).return;
    assert.equal(of([]), 'none');
    assert.equal(of([back('assigned')]), 'authorised');
    assert.equal(of([back('cancel')]), 'cancelled');
    assert.equal(of([back('done')]), 'received');
    assert.equal(of([back('done', 'a')]), 'accepted');
    assert.equal(of([back('done', 'r')]), 'rejected');
    assert.equal(of([back('done', 'a'), back('done', 'r')]), 'partlyAccepted');
    // The least advanced decides, as in the order's status.
    assert.equal(of([back('done', 'a'), back('assigned')]), 'authorised');
    assert.equal(of([back('done', 'a')], { credited: true }), 'refunded');
    assert.equal(of([back('done', 'r')], { credited: true }), 'rejected');
    assert.equal(status([shipped('5'), back('done')]).fulfilment, 'shipped', 'what came back has left once');
  });
});

describe('fulfilment: steps before the delivery', () => {
  const key = { base: BASE, print: PRINT, what: 'shipment 1' };
  const stock = { id: 8, name: 'WH/Stock' };
  const zone = { id: 30, name: 'WH/Packing' };
  const output = { id: 31, name: 'WH/Output' };

  it('takes what is furthest on its way first, and nothing that still waits', () => {
    const pick = picking('PICK/2', [move(A, '2')], {
      type: 'internal',
      typeId: 4,
      location: stock,
      destination: zone,
    });
    const done = picking('PICK/1', [move(A, '3', { done: '3' })], {
      type: 'internal',
      typeId: 4,
      location: stock,
      destination: zone,
      state: 'done',
    });
    const pack = picking('PACK/1', [move(A, '3')], {
      type: 'internal',
      typeId: 5,
      location: zone,
      destination: output,
    });
    const waiting = picking('OUT/1', [move(A, '5')], { state: 'waiting', location: output });
    const order = orderOf([done, pick, pack, waiting]);
    const step = nextStep(order, [goods('5')], key);
    assert.equal(step?.allocation.picking.name, 'PACK/1');
    assert.equal(step?.tag, 'p5');
    assert.deepEqual(places(step === undefined ? [] : [step.allocation]), [['PACK/1', ['3']]]);
    const ready = picking('OUT/1', [move(A, '5')], { location: output });
    assert.equal(
      nextStep(orderOf([done, pick, ready]), [goods('5')], key),
      undefined,
      'the delivery has room',
    );
  });
});

describe('fulfilment: returns', () => {
  const delivery = picking(
    'OUT/1',
    [move(A, '5', { done: '5' }), move(B, '2', { state: 'done', lines: [] })],
    { state: 'done' },
  );
  const [sent] = delivery.moves;
  const back = (demand: string, state = 'assigned') =>
    picking('IN/1', [move(A, demand, { returnOf: sent?.id, state })], { type: 'incoming', state });

  it('lets only so much come back as was shipped and is not on its way back', () => {
    const all = () => true;
    const wish = (quantity: string, returns: readonly Picking[], of = all) =>
      code(() => divideReturn(orderOf([delivery, ...returns]), [goods(quantity)], of));
    assert.equal(wish('5', []), 'nothing');
    assert.equal(wish('6', []), 'RETURN_EXCEEDS_SHIPPED');
    assert.equal(wish('3', [back('3')]), 'RETURN_EXCEEDS_SHIPPED');
    assert.equal(wish('2', [back('3')]), 'nothing');
    assert.equal(wish('5', [back('3', 'cancel')]), 'nothing');
    assert.equal(
      wish('1', [], () => false),
      'RETURN_EXCEEDS_SHIPPED',
    );
  });

  it('knows its pickings by the whole number, not by its end', () => {
    const named = (origin: string) =>
      picking('IN/9', [move(A, '1', { returnOf: 1 })], { type: 'incoming', origin });
    const order = orderOf([
      named('Return of OUT/1, RMA 1'),
      named('Return of OUT/1, RMA X, RMA 1'),
      named('RMA 11'),
    ]);
    assert.equal(pickingsOfReturn(order, '1').length, 1);
    assert.equal(pickingsOfReturn(order, 'X, RMA 1').length, 1);
    assert.equal(pickingsOfReturn(order, '11').length, 1);
    assert.equal(pickingsOfReturn(order, 'X').length, 0);
  });

  it('keeps the reason in a note that harms nobody', () => {
    const value = {
      returnId: '1<script>',
      reason: 'damaged',
      reasonText: '</p><img src=x onerror=alert(1)>',
    } as never;
    const note = rmaNote(value);
    assert.ok(!/<(?!\/?p>)/.test(note), note);
    assert.equal(reasonOf(note), 'damaged');
    assert.equal(reasonOf('<p>something else</p>'), 'other');
    assert.equal(reasonOf(undefined), 'other');
  });
});

describe('fulfilment: canonical shipments', () => {
  const units = new UnitTable(
    new Map([
      [1, { id: 1, name: 'Units', factor: 1, parentPath: '1/', xmlId: 'uom.product_uom_unit' }],
      [2, { id: 2, name: 'Pack of 6', factor: 6, parentPath: '1/2/', xmlId: 'uom.product_uom_pack_6' }],
      [3, { id: 3, name: 'Roll', factor: 1, parentPath: '3/' }],
    ]),
    19,
  );

  it('speaks of pieces where Odoo counts in packs', () => {
    assert.deepEqual(units.toCode(decimal('2'), 2), { value: '12', unit: 'C62' });
    assert.equal(units.fromCode('12', 'C62', 2).toFixed(), '2');
    assert.deepEqual(units.toCode(decimal('2'), 3), { value: '2', unit: 'C62' });
    assert.equal(
      code(() => units.fromCode('1', 'KGM', 1)),
      'UNIT_KINDS_DIFFER',
    );
    assert.equal(
      code(() => units.between(decimal('1'), 1, 3)),
      'UNIT_KINDS_DIFFER',
    );
  });

  it('are valid for loose, packed and half packed goods, and for pallets', () => {
    const pallet = { id: 41, name: 'PALLET' };
    const box = { id: 42, name: '340123450000000025' };
    const details = {
      packages: new Map([
        [
          41,
          {
            name: 'PALLET',
            type: { id: 1, name: 'Pallet' },
            typeCode: undefined,
            weight: decimal('25'),
            parent: undefined,
          },
        ],
        [42, { name: box.name, type: undefined, typeCode: 'CT', weight: decimal('0'), parent: pallet }],
      ]),
      expiries: new Map([[7, '2027-05-31']]),
      places: new Map(),
      warehouses: new Map([[2, { code: 'WH', name: 'Main' }]]),
      weightUnit: 'KGM' as const,
    };
    const done = { state: 'done', doneAt: '2026-11-25T10:00:00Z' };
    const of = (lines: readonly Partial<MoveLine>[]) => {
      const moves = [
        move(A, '5', { state: 'done', lines: lines.map((each) => line(1, '2', { picked: true, ...each })) }),
      ];
      const out = picking('WH/OUT/00007', moves, done);
      const naming = { channel: 'odoo', account: 'db', now: '2026-11-25T10:00:01Z' };
      const shipment = toShipment(out, { order: orderOf([out]), details, units, naming });
      assertCanonical('shipment', shipment);
      return shipment;
    };
    assert.deepEqual(of([{}, {}])?.packages, []);
    const packed = of([{ target: box, lot: { id: 7, name: 'L' } }, {}]);
    assert.deepEqual(
      packed?.packages.map(({ packageId, parentPackageId }) => [packageId, parentPackageId]),
      [
        [box.name, 'PALLET'],
        ['WH/OUT/00007', undefined],
        ['PALLET', undefined],
      ],
    );
    assert.equal(packed?.packages[0]?.contents?.[0]?.expiry, '2027-05-31');
    assert.equal(packed?.orderRefs[0]?.id, 'shop:acme:1');
    assert.equal(packed?.account, 'acme');
    assert.equal(toShipment(picking('X', []), {} as never), undefined);
  });
});

describe('fulfilment: which order', () => {
  it('is told by canonical objects, results and numbers', () => {
    assert.deepEqual(orderAsked('S00012'), { ref: { orderNumber: 'S00012' } });
    assert.deepEqual(orderAsked('shop:acme:1'), { ref: { id: 'shop:acme:1' } });
    assert.deepEqual(orderAsked({ odooId: 7, name: 'S7' }), { odooId: 7, ref: {} });
    assert.deepEqual(orderAsked(sample()).ref, sample().orderRefs[0]);
    assert.deepEqual(orderAsked({ orderRef: { orderNumber: '#1' }, channel: 'shop', account: 'a' }), {
      channel: 'shop',
      account: 'a',
      ref: { orderNumber: '#1' },
    });
    for (const nothing of [undefined, null, 7, '', '  ', {}, [], { orderRefs: [] }, { odooId: '7' }])
      assert.equal(
        code(() => orderAsked(nothing)),
        'ORDER_NOT_NAMED',
      );
  });

  it('takes a key apart only when it is one', () => {
    assert.deepEqual(splitKey('shop:acme.example:1:2'), {
      channel: 'shop',
      account: 'acme.example',
      externalId: '1:2',
    });
    assert.deepEqual(splitKey('a%3Ab:c%25:1'), { channel: 'a:b', account: 'c%', externalId: '1' });
    for (const text of ['S00012', 'a:b', 'a::1', ':b:1', 'a:b:'])
      assert.equal(splitKey(text), undefined, text);
  });
});
