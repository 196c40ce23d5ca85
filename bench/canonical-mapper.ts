/**
 * Bench `canonical-mapper`: a Shopify order of 20 lines to a canonical order.
 *
 * - `ratio`: messages per second through the canonical mapper node as it is used (with the checks of both contracts, of
 *   identity, totals and unsafe keys), over those through one core change node that gives the same result by JSONata
 *   and checks nothing; both in one Node-RED, one message at a time.
 * - `byHand`: mappings per second of the compiled mapping alone, over a hand-written function with exact decimals
 *   that gives the same result; neither checks contracts. `checked`: the mapping with all checks, over that function.
 *
 * All results are compared, and must be equal, before anything is measured. Targets: ratio 10, byHand 0.4.
 * Arguments: rounds (7).
 */
import assert from 'node:assert/strict';
import { compileMapping, createMapper, readyMapping } from '../core/mapping';
import { spawnNodeRed, tempDir, waitFor } from '../test/support';
import { compared, run, type Side, seconds, sideBySide } from './lib/measure';
import { addRoundTripNode, RECEIVED_AT } from './lib/round-trip-node';
import { mapByJsonata } from './lib/shopify-jsonata';
import { largeOrder, mapByHand } from './lib/shopify-order';

const ROUNDS = Number(process.argv[2] ?? 7);
const MESSAGES = 1500;
const BY_JSONATA = 100;
const MAPPINGS = 4000;
const CONTEXT = { channel: 'shop', account: 'main', partnerId: 'shop', receivedAt: RECEIVED_AT };
const at = { z: 'tab', x: 100, y: 100 };

/** Both sides beside each other, between the outputs and the input of the node that measures. */
function flows(version: string): object[] {
  return [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'trip', type: 'bench-round-trip', wires: [['ours'], ['bare']], ...at },
    { id: 'ours', type: 'crossdock-canonical-mapper', mapping: 'shopify-order', wires: [['trip']], ...at },
    {
      id: 'bare',
      type: 'change',
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: mapByJsonata(CONTEXT, version), tot: 'jsonata' }],
      wires: [['trip']],
      ...at,
    },
  ];
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

  const folder = tempDir('crossdock-bench-');
  addRoundTripNode(folder.path);
  const red = await spawnNodeRed({ userDir: folder.path, flows: flows(version) });
  const through = async (side: Side, count: number): Promise<number> => {
    const answer = await fetch(`${red.url}/round-trip/${side === 'ours' ? 0 : 1}/${count}`);
    const { perSecond, payload } = (await answer.json()) as { perSecond: number; payload: unknown };
    assert.deepEqual(payload, expected);
    return perSecond;
  };
  await waitFor(async () => (await fetch(`${red.url}/round-trip/0/1`)).ok, { what: 'the flow' });
  const nodes = await sideBySide(ROUNDS, (side) => through(side, side === 'ours' ? MESSAGES : BY_JSONATA));
  await red.remove();
  folder.remove();

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
