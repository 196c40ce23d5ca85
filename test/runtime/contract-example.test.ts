/** The example of a contract at the door does what it says, as imported into an installed Node-RED. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';
import { type FlowNode, type Letter, post } from './flow';

const FILE = join(projectFolders().root, 'examples', 'contract check', '02 - A contract at the door.json');
const GOOD = { number: 'PO-1', lines: [{ sku: 'A-1', quantity: 3 }] };
const FAULTY = { number: 'PO-2', mail: 'Ada at home', lines: [{ sku: 'A-1', quantity: 0 }] };

describe('example: a contract at the door', () => {
  let red: NodeRed;
  const flow = JSON.parse(readFileSync(FILE, 'utf8')) as FlowNode[];
  before(async () => {
    red = await spawnNodeRed({ flows: flow });
    for (const path of ['door', 'park'])
      await waitFor(async () => (await post(red, `/example/acme/${path}`, GOOD)).status === 202, {
        what: path,
      });
  });
  after(() => red?.remove());
  const letters = async (): Promise<readonly Letter[]> => {
    const dead = flow.find(({ type }) => type === 'crossdock-dead-letter');
    return ((await red.admin(`/crossdock/dead-letters/${dead?.id}`)) as { items: Letter[] }).items;
  };

  it('refuses at one address what it takes in and parks at the other', async () => {
    const refused = await post(red, '/example/acme/door', FAULTY);
    assert.equal(refused.status, 422);
    assert.equal(refused.body['code'], 'CONTRACT_BROKEN');
    assert.deepEqual((refused.body['problems'] as { path: string }[]).map(({ path }) => path).sort(), [
      '/lines/0/quantity',
      '/mail',
    ]);
    assert.doesNotMatch(JSON.stringify(refused.body), /Ada/);
    assert.equal((await post(red, '/example/acme/park', FAULTY)).status, 202);
    const [letter] = await waitFor(async () => ((await letters()).length > 0 ? letters() : undefined), {
      what: 'the letter',
    });
    assert.equal(letter?.code, 'CONTRACT_BROKEN');
    assert.match(letter.reason, /acme-portal-order 1\.0/);
    assert.equal((await letters()).length, 1, 'nothing of what was refused');
  });
});
