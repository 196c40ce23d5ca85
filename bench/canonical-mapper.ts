/**
 * Bench `canonical-mapper`: a Shopify order of 20 lines to a canonical order.
 *
 * - `ratio`: messages per second through the canonical mapper node as it is used (with the checks of both contracts, of
 *   identity, totals and unsafe keys), over those through one core change node that gives the same result by JSONata
 *   and checks nothing; both in one Node-RED (embedded), one message at a time.
 * - `byHand`: mappings per second of the compiled mapping alone, over a hand-written function with exact decimals
 *   that gives the same result; neither checks contracts. `checked`: the mapping with all checks, over that function.
 *
 * All results are compared, and must be equal, before anything is measured. Targets: ratio 10, byHand 0.4.
 * Arguments: rounds (7).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { compileMapping, createMapper, readyMapping } from '../core/mapping';
import { projectFolders, tempDir } from '../test/support';
import { compared, run, seconds, sideBySide } from './lib/measure';
import { largeOrder, mapByHand, mapByJsonata } from './lib/shopify-order';

const ROUNDS = Number(process.argv[2] ?? 7);
const MESSAGES = 1500;
const BY_JSONATA = 100;
const MAPPINGS = 4000;
const CONTEXT = { channel: 'shop', account: 'main', partnerId: 'shop', receivedAt: '2026-11-23T09:02:15Z' };
const at = { z: 'tab', x: 100, y: 100 };

interface BenchNode {
  receive(message: object): void;
  on(event: 'input', listener: (message: { payload: unknown }) => void): void;
}

run('canonical-mapper', async () => {
  const spec = readyMapping('shopify-order');
  const version = `${spec.name}@${spec.version}`;
  const order = largeOrder();
  const compiled = compileMapping(spec);
  const mapper = createMapper({ mapping: spec });
  const byHand = mapByHand(order, CONTEXT, version);
  // JSON: the hand-written function's absent members are undefined ones.
  const expected = JSON.parse(JSON.stringify(byHand)) as unknown;
  assert.deepEqual((await compiled.map(order, CONTEXT)).value, expected);
  assert.deepEqual(await mapper.map(order, CONTEXT), expected);

  const flow = [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'ours', type: 'crossdock-canonical-mapper', mapping: 'shopify-order', wires: [['out']], ...at },
    {
      id: 'bare',
      type: 'change',
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: mapByJsonata(CONTEXT, version), tot: 'jsonata' }],
      wires: [['out']],
      ...at,
    },
    { id: 'out', type: 'helper', wires: [], ...at },
  ];
  const root = projectFolders().root;
  const dir = tempDir('crossdock-bench-');
  helper.init(require.resolve(join(root, 'node_modules', 'node-red')));
  helper.settings({ userDir: dir.path });
  await helper.startServer();
  await helper.load(
    [
      require(join(root, 'node_modules/@node-red/nodes/core/function/15-change.js')),
      require(join(root, 'dist/nodes/canonical-mapper/canonical-mapper')),
    ],
    flow,
  );
  let arrived: (payload: unknown) => void = () => undefined;
  (helper.getNode('out') as unknown as BenchNode).on('input', ({ payload }) => arrived(payload));
  const through = (id: string): Promise<unknown> =>
    new Promise((resolve) => {
      arrived = resolve;
      const message = { payload: order, crossdock: { receivedAt: CONTEXT.receivedAt } };
      (helper.getNode(id) as unknown as BenchNode).receive(message);
    });
  assert.deepEqual(await through('ours'), expected);
  assert.deepEqual(JSON.parse(JSON.stringify(await through('bare'))), expected);

  const nodes = await sideBySide(ROUNDS, async (side) => {
    const count = side === 'ours' ? MESSAGES : BY_JSONATA;
    const taken = await seconds(async () => {
      for (let n = 0; n < count; n += 1) await through(side);
    });
    return count / taken;
  });
  await helper.unload();
  await helper.stopServer();
  dir.remove();

  const functions = async (ours: () => Promise<unknown>) =>
    sideBySide(ROUNDS, async (side) => {
      const taken = await seconds(async () => {
        for (let n = 0; n < MAPPINGS; n += 1) {
          if (side === 'ours') await ours();
          else mapByHand(order, CONTEXT, version);
        }
      });
      return MAPPINGS / taken;
    });
  const byHandRates = await functions(() => compiled.map(order, CONTEXT));
  const checkedRates = await functions(() => mapper.map(order, CONTEXT));
  return {
    lines: order.line_items.length,
    bytes: JSON.stringify(order).length,
    ...compared(nodes, 10),
    byHand: compared(byHandRates, 0.4),
    checked: compared(checkedRates, 0),
  };
});
