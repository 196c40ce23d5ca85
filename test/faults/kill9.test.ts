import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createOdooClient } from '../../core/odoo';
import { catalogue } from '../../sandbox/catalogue';
import { type Demo, startDemo } from '../../sandbox/demo/demo';
import { EVIDENCE_ALLOW, evidenceOf } from '../../sandbox/demo/evidence';
import { openHome } from '../../sandbox/demo/home';
import type { OdooAccess } from '../../sandbox/demo/odoo';
import { verdictTable } from '../../sandbox/demo/report';
import { check } from '../../sandbox/storefront/checker';
import { planRun } from '../../sandbox/storefront/plan';
import { createRng } from '../../sandbox/storefront/rng';
import { runPlan } from '../../sandbox/storefront/simulator';
import { freePort, type TempDir, tempDir } from '../support';

const COUNT = 200;
const KILLS = 3;
/** The same number gives the same orders and the same points of the kills (not the same moments). */
const seed = process.env.CROSSDOCK_FAULT_SEED ?? randomBytes(4).toString('hex');

function realOdoo(): OdooAccess | undefined {
  const { env } = process;
  const { ODOO_TEST_URL: url, ODOO_TEST_DB: database, ODOO_TEST_API_KEY: apiKey } = env;
  if (!url || !database || !apiKey) return undefined;
  return { url, database, apiKey, login: env.ODOO_TEST_LOGIN ?? 'admin' };
}

const odoos = [
  { name: 'the Odoo stand-in', wanted: true, odoo: undefined },
  { name: 'a real Odoo', wanted: realOdoo() !== undefined, odoo: realOdoo() },
];

for (const { name, wanted, odoo } of odoos) {
  describe(`kill -9 of Node-RED in the middle of 200 orders, with ${name}`, () => {
    let temp: TempDir;
    let demo: Demo;
    const said: string[] = [];

    before(async function () {
      if (!wanted) this.skip();
      temp = tempDir('crossdock-kill9-');
      demo = await startDemo({
        home: openHome(join(temp.path, 'home')),
        port: await freePort(),
        odoo,
        ports: { odoo: 0, mqtt: 0 },
        seedRealOdoo: true,
        say: (line) => said.push(line),
      });
    });
    after(async () => {
      await demo?.stop();
      temp?.remove();
    });

    it(`loses, doubles and garbles nothing (CROSSDOCK_FAULT_SEED=${seed})`, async () => {
      const plan = planRun({
        seed,
        run: `kill9-${seed}-${Date.now()}`,
        catalogue,
        currency: demo.currency,
        count: COUNT,
        duplicates: 0.3,
        malformed: 0.05,
        unknownSku: 0.05,
      });
      const rng = createRng(`${seed}:kills`);
      const points = Array.from({ length: KILLS }, (_, index) => {
        const part = plan.messages.length / KILLS;
        return rng.int(Math.ceil(part * index) + 1, Math.floor(part * (index + 1)) - 1);
      });
      const killed: number[] = [];
      const history = await runPlan(plan, {
        target: demo.editorUrl,
        concurrency: 8,
        onProgress: (done) => {
          const { pid } = demo.nodeRed;
          if (done < (points[killed.length] ?? Number.POSITIVE_INFINITY) || pid === undefined) return;
          // Answers that were under way come after the kill, and before the supervisor knows: the next run is meant.
          if (pid === killed.at(-1)) return;
          killed.push(pid);
          process.kill(pid, 'SIGKILL');
        },
      });
      await demo.nodeRed.ready(killed.at(-1));
      assert.equal(new Set(killed).size, KILLS, 'three runs of Node-RED were killed');
      assert.equal(demo.nodeRed.starts, KILLS + 1);

      const client = createOdooClient({ ...demo.odoo, allow: EVIDENCE_ALLOW });
      try {
        const verdict = await check(history, evidenceOf(client, demo.editorUrl), { deadlineMs: 240_000 });
        const { ok, lost, doubled, wrong, unparked, wronglyParked, placed, parked, messages } = verdict;
        assert.deepEqual(
          { lost, doubled, wrong, unparked, wronglyParked },
          { lost: [], doubled: [], wrong: [], unparked: [], wronglyParked: [] },
          `seed ${seed}, kills after ${points.join(', ')} messages\n${verdictTable(verdict)}\n${said.join('\n')}`,
        );
        assert.deepEqual({ ok, placed, parked }, { ok: true, placed: COUNT * 0.9, parked: COUNT * 0.1 });
        assert.deepEqual([messages.acknowledged, messages.unknown], [COUNT * 1.3, 0]);
      } finally {
        await client.close();
      }
    });
  });
}
