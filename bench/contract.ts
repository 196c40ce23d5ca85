/**
 * Bench `contract`: validating a canonical order of 20 lines.
 *
 * - `ratio`: messages per second through a contract check node, over those through a function node that calls a bare
 *   function compiled by ajv (its defaults: the first fault ends it) from the global context; both in one Node-RED, one
 *   message at a time.
 * - `alone`: validations per second of the registry's validator, over the bare function; no nodes around them.
 * - `refused`: the same for an order with a fault, where ours also says in sentences what is wrong.
 *
 * Target: ratio 0.8. Arguments: rounds (7).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import helper from 'node-red-node-test-helper';
import { currencyExponent } from '../core/canonical';
import { contracts } from '../core/contract';
import { makeOrder } from '../test/conformance/sales-fixture';
import { projectFolders, tempDir } from '../test/support';
import { compared, run, seconds, sideBySide } from './lib/measure';

const ROUNDS = Number(process.argv[2] ?? 7);
const MESSAGES = 4000;
const VALIDATIONS = 20_000;
const at = { z: 'tab', x: 100, y: 100 };

interface BenchNode {
  receive(message: object): void;
  on(event: 'input', listener: (message: { payload: unknown }) => void): void;
}

run('contract', async () => {
  const lines = Array.from({ length: 20 }, (_, n) => ({ sku: 'A', quantity: String(n + 1), price: '18.75' }));
  const order = makeOrder({ prefix: 'bench', currency: 'EUR', skus: ['A', 'A', 'A'] } as const, '1', lines);
  const faulty = { ...order, currency: 'XXQ' };
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  ajv.addFormat('iso-4217', (code: string) => currencyExponent(code) !== undefined);
  const bare = ajv.compile(contracts().schema('order', '1.0'));
  const ours = contracts().validator('order', '1.0');
  assert.ok(bare(order) && ours(order).length === 0);
  assert.ok(!bare(faulty) && ours(faulty).length === 1);

  const root = projectFolders().root;
  const dir = tempDir('crossdock-bench-');
  helper.init(require.resolve(join(root, 'node_modules', 'node-red')));
  helper.settings({ userDir: dir.path, functionGlobalContext: { bare } });
  await helper.startServer();
  await helper.load(
    [
      require(join(root, 'node_modules/@node-red/nodes/core/function/10-function.js')),
      require(join(root, 'dist/nodes/contract/contract')),
      require(join(root, 'dist/nodes/contract-check/contract-check')),
    ],
    [
      { id: 'tab', type: 'tab', label: 'bench' },
      { id: 'ours', type: 'crossdock-contract-check', contract: 'order@1.0', wires: [['out']], ...at },
      {
        id: 'bare',
        type: 'function',
        func: "if (global.get('bare')(msg.payload)) return msg; node.error('broken', msg);",
        outputs: 1,
        wires: [['out']],
        ...at,
      },
      { id: 'out', type: 'helper', wires: [], ...at },
    ],
  );
  let arrived: () => void = () => undefined;
  (helper.getNode('out') as unknown as BenchNode).on('input', () => arrived());
  const through = (id: string): Promise<void> =>
    new Promise((resolve) => {
      arrived = resolve;
      (helper.getNode(id) as unknown as BenchNode).receive({ payload: order });
    });
  const nodes = await sideBySide(ROUNDS, async (side) => {
    const taken = await seconds(async () => {
      for (let n = 0; n < MESSAGES; n += 1) await through(side);
    });
    return MESSAGES / taken;
  });
  await helper.unload();
  await helper.stopServer();
  dir.remove();

  const alone = async (value: unknown) =>
    sideBySide(ROUNDS, async (side) => {
      const taken = await seconds(async () => {
        for (let n = 0; n < VALIDATIONS; n += 1) {
          if (side === 'ours') ours(value);
          else bare(value);
        }
      });
      return VALIDATIONS / taken;
    });
  return {
    bytes: JSON.stringify(order).length,
    ...compared(nodes, 0.8),
    alone: compared(await alone(order), 0.8),
    refused: compared(await alone(faulty), 0),
  };
});
