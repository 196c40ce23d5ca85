import assert from 'node:assert/strict';
import {
  AXES,
  AXIS_NAMES,
  type Axis,
  type AxisModel,
  isFinal,
  isState,
  lineFulfilment,
  type Milestone,
  mergeMilestones,
  orderFulfilment,
  PARTNER_SYSTEMS,
  shipmentState,
  stateOfWord,
  statesOf,
  transition,
  wordTables,
} from '../../core/canonical';
import { builtinContracts } from '../../core/contract';
import { asSchema, nodeAt } from '../../core/contract/schema-tree';

const model = (axis: Axis): AxisModel => AXES[axis];

/** A repeatable source of numbers below a bound: the same seed gives the same cases. */
function dice(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** What may follow a state, going back included. */
function legalAfter(axis: Axis, state: string): readonly string[] {
  return [...(model(axis).next[state] ?? []), ...(model(axis).back?.[state] ?? [])];
}

function reachable(axis: Axis, from: string): Set<string> {
  const found = new Set([from]);
  for (const state of found) for (const next of model(axis).next[state] ?? []) found.add(next);
  return found;
}

describe('status axes', () => {
  for (const axis of AXIS_NAMES) {
    describe(axis, () => {
      const states: string[] = statesOf(axis);

      it('knows every state that it leads to', () => {
        for (const [from, next] of Object.entries(model(axis).next)) {
          for (const to of next) assert.ok(isState(axis, to), `${from} leads to ${to}`);
          assert.equal(new Set(next).size, next.length, `${from} leads nowhere twice`);
          assert.ok(!next.includes(from), `${from} does not lead to itself`);
        }
      });

      it('reaches every state from where a life begins', () => {
        assert.deepEqual([...reachable(axis, model(axis).initial)].sort(), [...states].sort());
      });

      it('lets every later state of its usual way follow, but none before', () => {
        const way = model(axis).way ?? [];
        way.forEach((from, index) => {
          for (const to of way.slice(index + 1))
            assert.ok(transition(axis, from, to).legal, `${from} -> ${to}`);
          const before = way.slice(0, index).filter((to) => transition(axis, from, to).legal);
          // Goods that are taken from an order's allocation, and a parcel that leaves a hub again.
          const known: Record<string, string[]> = { allocated: ['none'], atHub: ['inTransit'] };
          assert.deepEqual(before, known[from] ?? [], from);
        });
      });

      it('comes to an end from every state', () => {
        for (const state of states)
          assert.ok(
            [...reachable(axis, state)].some((end) => model(axis).next[end]?.length === 0),
            `${state} has an end`,
          );
      });

      it('lets nothing follow a final state', () => {
        const finals = states.filter((state) => isFinal(axis, state as never));
        assert.ok(finals.length > 0);
        for (const from of finals) {
          for (const to of states) {
            const judged = transition(axis, from, to);
            if (from === to) assert.deepEqual(judged, { legal: true, unchanged: true });
            else assert.ok(!judged.legal && judged.because === 'final' && judged.allowed.length === 0);
          }
        }
      });

      it('judges every pair: legal, or refused with a sentence that says what would be', () => {
        for (const from of states) {
          for (const to of states) {
            const judged = transition(axis, from, to);
            const next = legalAfter(axis, from);
            assert.equal(judged.legal, from === to || next.includes(to), `${from} -> ${to}`);
            if (judged.legal) continue;
            assert.deepEqual([...judged.allowed], [...next]);
            assert.ok(judged.reason.startsWith(`${model(axis).of} that is ${from} cannot become ${to}`));
            for (const state of next) assert.ok(judged.reason.includes(state));
            const ahead = next.some((state) => reachable(axis, state).has(to));
            const behind = legalAfter(axis, to).some((state) => reachable(axis, state).has(from));
            const because = next.length === 0 ? 'final' : ahead ? 'skipped' : behind ? 'past' : 'apart';
            assert.equal(judged.because, because, `${from} -> ${to}`);
          }
        }
      });

      it('leads through random lives without ever getting stuck', () => {
        const roll = dice(axis.length * 7919);
        for (let life = 0; life < 200; life += 1) {
          let state = model(axis).initial;
          for (let step = 0; step < 500; step += 1) {
            const next = legalAfter(axis, state);
            if (next.length === 0) break;
            const to = next[roll(next.length)] ?? '';
            assert.deepEqual(transition(axis, state, to), { legal: true, unchanged: false });
            state = to;
          }
        }
      });
    });
  }

  it('have the words of the contracts', () => {
    const contracts = builtinContracts();
    const words = (name: string, path: string[]) =>
      [...((nodeAt(contracts.schema(name, '1.0'), path)?.schema.enum ?? []) as string[])].sort();
    const places: [axis: Axis, name: string, path: string[]][] = [
      ['order', 'order', ['status', 'order']],
      ['fulfilment', 'order', ['status', 'fulfilment']],
      ['fulfilment', 'order', ['lines', '0', 'status']],
      ['return', 'order', ['status', 'return']],
      ['payment', 'order', ['status', 'payment']],
      ['payment', 'order', ['payment', 'status']],
      ['shipment', 'shipment', ['status']],
      ['shipment', 'shipment', ['milestones', '0', 'code']],
      ['invoice', 'invoice', ['status']],
    ];
    for (const [axis, name, path] of places) {
      assert.deepEqual(words(name, path), [...statesOf(axis)].sort(), `${name} ${path.join('.')}`);
    }
    assert.deepEqual(['none', ...words('return', ['status'])].sort(), [...statesOf('return')].sort());
    const axes = asSchema(nodeAt(contracts.schema('order', '1.0'), ['events', '0', 'axis'])?.schema)?.enum;
    assert.deepEqual(axes, ['order', 'fulfilment', 'return', 'payment']);
  });

  it('explain a refusal as an analyst would', () => {
    const reason = (axis: Axis, from: string, to: string) => {
      const judged = transition(axis, from, to);
      return judged.legal ? '' : judged.reason;
    };
    assert.equal(
      reason('order', 'received', 'released'),
      'an order that is received cannot become released at once: validated, accepted must come between; now possible: validated, rejected, cancelRequested',
    );
    assert.equal(
      reason('return', 'received', 'inTransit'),
      'a return that is received cannot become inTransit: inTransit lies before received, so that this message probably came late; now possible: inspected',
    );
    assert.equal(
      reason('order', 'closed', 'accepted'),
      'an order that is closed cannot become accepted: closed is final',
    );
    assert.match(
      reason('order', 'received', 'shipped'),
      /^"shipped" is not a status of an order; there are received, /,
    );
    assert.match(reason('order', 'x'.repeat(1000), 'received'), /^"x{40}\.\.\." is not a status/);
  });

  it('never take words of objects for states', () => {
    for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const judged = transition('order', 'received', word);
      assert.ok(!judged.legal && judged.because === 'unknown', word);
      assert.equal(stateOfWord('odoo', 'order', word), undefined);
    }
  });

  it('send a declined cancellation back to where it came from', () => {
    const back = (to: string) => transition('order', 'cancelRequested', to, { before: 'released' });
    assert.ok(back('released').legal);
    assert.ok(back('cancelled').legal);
    const elsewhere = back('validated');
    assert.ok(!elsewhere.legal);
    assert.deepEqual(elsewhere.allowed, ['cancelled', 'released']);
    assert.ok(transition('order', 'cancelRequested', 'validated').legal, 'without history any of them');
  });
});

describe('derived fulfilment', () => {
  const line = (current: string, shipped?: string, delivered?: string, allocated?: string) => ({
    quantity: {
      current,
      ...(shipped === undefined ? {} : { shipped }),
      ...(delivered === undefined ? {} : { delivered }),
      ...(allocated === undefined ? {} : { allocated }),
    },
  });

  it('of a line follows from its quantities', () => {
    const table: [expected: string, ...parameters: Parameters<typeof line>][] = [
      ['cancelled', '0', '0'],
      ['none', '3'],
      ['none', '3', '0', '0', '0'],
      ['allocated', '3', '0', '0', '3'],
      ['backordered', '3', '0', '0', '2'],
      ['partiallyShipped', '3', '2'],
      ['partiallyShipped', '3', '2.999', '1'],
      ['shipped', '3', '3.0', '0'],
      ['shipped', '3', '4'],
      ['partiallyDelivered', '3', '3', '1'],
      ['delivered', '3', '3', '3'],
      ['delivered', '0.30', '0.3', '0.3'],
      ['delivered', '3', undefined, '3'],
      ['partiallyShipped', '3', undefined, '1'],
    ];
    for (const [expected, ...parameters] of table)
      assert.equal(lineFulfilment(line(...parameters).quantity), expected, JSON.stringify(parameters));
  });

  it('of an order follows from its lines; those no longer wanted do not count', () => {
    const table: [expected: string, lines: ReturnType<typeof line>[]][] = [
      ['cancelled', []],
      ['cancelled', [line('0'), line('0', '1')]],
      ['none', [line('3'), line('2', '0')]],
      ['allocated', [line('3', '0', '0', '3'), line('0')]],
      ['backordered', [line('3', '0', '0', '3'), line('2')]],
      ['partiallyShipped', [line('3', '3'), line('2')]],
      ['partiallyShipped', [line('3', '3', '3'), line('2')]],
      ['shipped', [line('3', '3'), line('2', '2'), line('0')]],
      ['partiallyDelivered', [line('3', '3', '3'), line('2', '2')]],
      ['delivered', [line('3', '3', '3'), line('2', '2', '2')]],
    ];
    for (const [expected, lines] of table)
      assert.equal(orderFulfilment(lines), expected, JSON.stringify(lines));
  });

  it('takes what only the warehouse knows', () => {
    const open = [line('3', '0', '0', '3')];
    assert.equal(orderFulfilment(open, { warehouse: 'picking' }), 'picking');
    assert.equal(orderFulfilment([line('3', '1')], { warehouse: 'packed' }), 'partiallyShipped');
    assert.equal(orderFulfilment([line('3', '1'), line('2', '2')], { noMoreFollows: true }), 'shortShipped');
    assert.equal(orderFulfilment([line('3', '3'), line('2', '2')], { noMoreFollows: true }), 'shipped');
  });

  it('only ever moves along the axis while quantities grow', () => {
    const roll = dice(42);
    for (let life = 0; life < 300; life += 1) {
      const lines = Array.from({ length: 1 + roll(4) }, () => ({
        quantity: { current: String(1 + roll(5)), allocated: '0', shipped: '0', delivered: '0' },
      }));
      let before: string = orderFulfilment(lines);
      for (let step = 0; step < 30; step += 1) {
        const each = lines[roll(lines.length)]?.quantity;
        if (each === undefined) continue;
        const [current, shipped, delivered] = [each.current, each.shipped, each.delivered].map(Number) as [
          number,
          number,
          number,
        ];
        // Goods are allocated, then leave, then arrive.
        const move = roll(3);
        if (move === 0) each.allocated = String(current - shipped);
        else if (move === 1 && shipped < current) each.shipped = String(shipped + 1);
        else if (move === 2 && delivered < shipped) each.delivered = String(delivered + 1);
        const after = orderFulfilment(lines);
        const judged = transition('fulfilment', before, after);
        assert.ok(judged.legal, `${before} -> ${after}: ${JSON.stringify(lines)}`);
        before = after;
      }
    }
  });
});

describe('milestones of a shipment', () => {
  const milestone = (code: Milestone['code'], at: string, more: Partial<Milestone> = {}): Milestone => ({
    code,
    at: `2026-11-${at}:00Z`,
    ...more,
  });
  const way = [
    milestone('labelCreated', '24T08:00'),
    milestone('pickedUp', '24T16:00'),
    milestone('inTransit', '24T20:00'),
    milestone('atHub', '25T02:00'),
    milestone('outForDelivery', '25T07:00'),
    milestone('attemptFailed', '25T12:00'),
    milestone('outForDelivery', '26T07:00'),
    milestone('delivered', '26T10:00'),
  ];

  it('give the state of the latest, however they come', () => {
    way.forEach((last, index) => {
      assert.equal(shipmentState(way.slice(0, index + 1)), last.code);
    });
    assert.equal(shipmentState([]), undefined);
  });

  it('give the same in every order of reports, one by one or together', () => {
    const roll = dice(7);
    const whole = mergeMilestones([], way);
    for (let round = 0; round < 200; round += 1) {
      const reports = [...way];
      for (let index = reports.length - 1; index > 0; index -= 1) {
        const other = roll(index + 1);
        [reports[index], reports[other]] = [reports[other] as Milestone, reports[index] as Milestone];
      }
      let known: Milestone[] = [];
      let status: string | undefined;
      for (const report of reports) ({ milestones: known, status } = mergeMilestones(known, [report]));
      assert.deepEqual(known, whole.milestones);
      assert.equal(status, 'delivered');
    }
  });

  it('keep what comes late, and say so', () => {
    const merged = mergeMilestones(way.slice(-1), way.slice(0, 2));
    assert.equal(merged.milestones.length, 3);
    assert.deepEqual(
      merged.milestones.map(({ code }) => code),
      ['labelCreated', 'pickedUp', 'delivered'],
    );
    assert.equal(merged.status, 'delivered');
    assert.deepEqual(merged.late, way.slice(0, 2));
  });

  it('keep what is reported twice, and say so; the same message once more is not added', () => {
    const again = milestone('inTransit', '24T20:00', { rawCode: 'X6' });
    const merged = mergeMilestones(way, [again]);
    assert.equal(merged.milestones.length, way.length + 1);
    assert.deepEqual(merged.repeated, [again]);
    assert.deepEqual(merged.late, []);
    const same = mergeMilestones(merged.milestones, [again, ...way]);
    assert.deepEqual(same.milestones, merged.milestones);
    assert.deepEqual([same.late, same.repeated], [[], []]);
  });

  it('do not let a slow clock undo a delivery, nor a scan undo a return', () => {
    const late = milestone('inTransit', '27T10:00');
    assert.equal(shipmentState([...way, late]), 'delivered');
    assert.equal(shipmentState([...way.slice(0, 6), milestone('returning', '26T08:00'), late]), 'returning');
  });

  it('let a later end outweigh an earlier one, and a lost parcel be found', () => {
    assert.equal(shipmentState([...way, milestone('returned', '30T10:00')]), 'returned');
    assert.equal(
      shipmentState([milestone('lost', '25T10:00'), milestone('delivered', '24T10:00')]),
      'delivered',
    );
    assert.equal(shipmentState([milestone('cancelled', '24T09:00'), ...way]), 'delivered');
  });

  it('call a shipment delivered when all of its packages are', () => {
    const first = milestone('delivered', '26T10:00', { packageId: 'A' });
    const second = milestone('outForDelivery', '26T11:00', { packageId: 'B' });
    assert.equal(shipmentState([first, second]), 'outForDelivery');
    assert.equal(shipmentState([first], ['A', 'B']), 'labelCreated', 'nobody has seen B');
    assert.equal(shipmentState([first, milestone('pickedUp', '24T16:00')], ['A', 'B']), 'pickedUp');
    assert.equal(
      shipmentState([first, milestone('delivered', '27T10:00', { packageId: 'B' })], ['A', 'B']),
      'delivered',
    );
    assert.equal(shipmentState([first, second], ['A']), 'delivered', 'B is not of this shipment');
    assert.equal(shipmentState([], ['A']), undefined);
  });

  it('are sorted by time and not by text', () => {
    const merged = mergeMilestones(
      [],
      [
        { code: 'inTransit', at: '2026-11-24T20:00:00.5Z' },
        { code: 'pickedUp', at: '2026-11-24T20:00:00Z' },
      ],
    );
    assert.deepEqual(
      merged.milestones.map(({ code }) => code),
      ['pickedUp', 'inTransit'],
    );
  });

  it('stay fast with thousands of reports and packages', () => {
    const reports = Array.from({ length: 5000 }, (_each, index) =>
      milestone('inTransit', '24T20:00', { packageId: String(index) }),
    );
    assert.equal(mergeMilestones(reports, reports.slice(0, 10)).status, 'inTransit');
  });
});

describe("partners' words for the states", () => {
  it('mean states of the axis', () => {
    for (const system of PARTNER_SYSTEMS) {
      for (const { axis, field, words } of wordTables(system)) {
        assert.ok(Object.keys(words).length > 0, `${system} ${field}`);
        for (const [word, state] of Object.entries(words))
          assert.ok(isState(axis, state), `${system} ${field} ${word} -> ${state}`);
      }
    }
  });

  it('are there for every partner and axis of the trade', () => {
    const wanted: Record<string, Axis[]> = {
      odoo: ['order', 'fulfilment', 'shipment', 'return', 'payment', 'invoice'],
      shopify: ['order', 'fulfilment', 'shipment', 'return', 'payment'],
      woocommerce: ['order', 'fulfilment', 'return', 'payment'],
      amazon: ['order', 'fulfilment', 'shipment', 'return'],
      mirakl: ['order', 'fulfilment', 'payment'],
      x12: ['order', 'fulfilment', 'shipment', 'return', 'payment'],
      edifact: ['order', 'fulfilment', 'shipment', 'return', 'payment'],
    };
    assert.deepEqual([...PARTNER_SYSTEMS].sort(), Object.keys(wanted).sort());
    for (const system of PARTNER_SYSTEMS)
      for (const axis of wanted[system] ?? [])
        assert.ok(wordTables(system, axis).length > 0, `${system} ${axis}`);
  });

  it('are translated', () => {
    assert.equal(stateOfWord('odoo', 'order', 'sale'), 'released');
    assert.equal(stateOfWord('shopify', 'payment', 'partially_refunded'), 'partiallyRefunded');
    assert.equal(stateOfWord('amazon', 'fulfilment', 'PARTIALLY_SHIPPED'), 'partiallyShipped');
    assert.equal(stateOfWord('x12', 'shipment', 'D1'), 'delivered');
    assert.equal(stateOfWord('edifact', 'order', '27'), 'rejected');
    assert.equal(
      stateOfWord('shopify', 'payment', 'PAID'),
      undefined,
      'words are as the partner writes them',
    );
  });

  it('are not guessed where two fields use one word differently', () => {
    assert.equal(stateOfWord('odoo', 'fulfilment', 'waiting'), undefined);
    assert.equal(stateOfWord('odoo', 'fulfilment', 'waiting', 'stock.picking.state'), 'backordered');
    assert.equal(stateOfWord('odoo', 'fulfilment', 'waiting', 'stock.move.state'), 'none');
    assert.equal(stateOfWord('odoo', 'fulfilment', 'done'), 'shipped', 'both say the same');
  });
});
