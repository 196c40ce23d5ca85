/** The canonical mapper's examples do what they say when their buttons are pressed, in an installed Node-RED. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';
import { watchEditor } from './editor-channel';
import { type FlowNode, press } from './flow';

const FOLDER = join(projectFolders().root, 'examples', 'canonical mapper');

type Loose = Record<string, unknown>;

/** What a button's message must bring, by the name of the debug node: one check per message, in any order. */
type Expected = Readonly<
  Record<string, readonly (readonly [debug: string, check: (shown: Loose) => void])[]>
>;

const field =
  (path: string, value: unknown): ((shown: Loose) => void) =>
  (shown) => {
    const found = path.split('.').reduce<unknown>((at, step) => (at as Loose)[step], shown);
    assert.deepEqual(found, value, path);
  };
/** The code and a sentence, to be read as it stands. */
const wrong = (code: string) =>
  [
    'what is wrong',
    (shown: Loose) => assert.match(String(shown['text']), new RegExp(`^${code}: [A-Z].+\\.`)),
  ] as const;

const EXAMPLES: Readonly<Record<string, Expected>> = {
  '01 - Shopify order to canonical order.json': {
    'an order': [['canonical order', field('totals.payable', '0.00')]],
    'no quantity': [wrong('SOURCE_CONTRACT')],
  },
  '02 - Shopify refund to return, fulfilment to shipment.json': {
    'a refund': [['return', field('refund.amount', '29.63')]],
    'a fulfilment': [['shipment', field('status', 'outForDelivery')]],
    'paid back too much': [wrong('TOTALS_DO_NOT_FOOT')],
  },
  '03 - CSV files to stock levels and orders.json': {
    'a stock list': [
      ['stock levels', field('available', '102')],
      ['stock levels', field('condition', 'damaged')],
      ['stock levels', field('unit', 'KGM')],
    ],
    'two orders': [
      ['orders', field('parties.shipTo.address.postalCode', '01067')],
      ['orders', field('orderNumber', 'PO-4712')],
    ],
    'an unknown unit': [wrong('UNIT_UNKNOWN')],
  },
  '04 - Marketplace orders, from lists and from two answers.json': {
    'a list of Mirakl orders': [
      ['canonical order', field('id', 'mirakl:be:MKP-20417-A')],
      wrong('TOTALS_DO_NOT_FOOT'),
      ['canonical order', field('id', 'mirakl:be:MKP-30001-A')],
    ],
    'an Amazon order (v0) with its items': [['canonical order', field('totals.taxInclusive', '35.77')]],
    'an Amazon order (2026-01-01)': [['canonical order', field('totals.taxInclusive', '67.06')]],
    'a vendor purchase order': [['canonical order', field('totals.payable', '902.04')]],
  },
  '05 - Canonical objects to partners.json': {
    'an inventory level': [['Shopify quantities', field('input.quantities.0.quantity', 40)]],
    'the same for Mirakl': [['Mirakl stock row', field('quantity', 40)]],
    'a shipment': [['Shopify fulfilment', field('fulfillment.trackingInfo.company', 'DHL')]],
    'an answer to an order': [['Mirakl acceptance', field('order_lines.1.accepted', false)]],
    'part of a line': [wrong('MAPPING_FAILED')],
    'an answer to a vendor order': [
      ['Amazon acknowledgement', field('acknowledgements.0.items.0.orderedQuantity.unitOfMeasure', 'Cases')],
    ],
  },
};

describe('examples of the canonical mapper', () => {
  let red: NodeRed;
  before(async () => {
    red = await spawnNodeRed();
  });
  after(() => red.remove());

  it('are all tested', () => {
    assert.deepEqual(readdirSync(FOLDER).sort(), Object.keys(EXAMPLES).sort());
  });

  for (const [file, expected] of Object.entries(EXAMPLES)) {
    it(`${file} does what it says`, async () => {
      const flow = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as FlowNode[];
      const named = (type: string, name: string) => {
        const node = flow.find((candidate) => candidate.type === type && candidate['name'] === name);
        assert.ok(node, name);
        return node.id;
      };
      const buttons = flow.filter(({ type }) => type === 'inject').map((node) => node['name']);
      assert.deepEqual(buttons.sort(), Object.keys(expected).sort(), 'every button is tested');
      await red.deploy(flow);
      const debug = await watchEditor(red);
      try {
        for (const [button, messages] of Object.entries(expected)) {
          const from = debug.shown.length;
          await press(red, named('inject', button));
          await waitFor(() => debug.shown.length >= from + messages.length, {
            what: `the messages of "${button}"`,
          });
          const got = debug.shown.slice(from);
          assert.equal(got.length, messages.length, button);
          for (const [node, check] of messages) {
            const at = got.findIndex(({ id }) => id === named('debug', node));
            assert.notEqual(at, -1, `${button}: ${node}`);
            check(got.splice(at, 1)[0]?.message ?? {});
          }
        }
      } finally {
        debug.close();
      }
    });
  }
});
