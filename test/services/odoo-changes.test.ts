/** Change capture and free calls on a real Odoo: what only it can tell. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  Capture,
  type CaptureSettings,
  CHOICE_NAMES,
  CHOICES,
  type Change,
  changeMessages,
  createOdooClient,
  type OdooClient,
  odooTime,
  type Watched,
} from '../../core/odoo';
import { openSqliteStore, type Store } from '../../core/store';
import {
  adminClient,
  createOne,
  newPrefix,
  type OdooUnderTest,
  odooFromEnvironment,
} from '../conformance/sales-fixture';
import { type TempDir, tempDir, waitFor } from '../support';

const postgres = process.env['POSTGRES_TEST_URL'] ?? '';
const WINDOW = 150;
const SETTINGS: CaptureSettings = { windowSeconds: WINDOW, compareMs: 1, backfill: undefined, pageSize: 100 };

for (const transport of ['json2', 'jsonrpc'] as const) {
  describe(`odoo changes on a real Odoo over ${transport}`, () => {
    let server: OdooUnderTest;
    let admin: OdooClient;
    let client: OdooClient;
    let store: Store;
    let dir: TempDir;
    let prefix: string;

    before(async function () {
      const found = odooFromEnvironment();
      if (found === undefined) return this.skip();
      server = found;
      admin = adminClient(server, transport);
      client = createOdooClient({ ...server, transport });
    });
    beforeEach(async () => {
      prefix = newPrefix();
      dir = tempDir();
      store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    });
    afterEach(async () => {
      await store.close();
      dir.remove();
      const ids = await admin.call<number[]>('res.partner', 'search', {
        args: { domain: [['ref', '=like', `${prefix}%`]] },
        context: { active_test: false },
      });
      if (ids.length > 0) await admin.call('res.partner', 'unlink', { ids });
    });
    after(async () => {
      await client?.close();
      await admin?.close();
    });

    const partner = (name: string): Promise<number> =>
      createOne(admin, 'res.partner', { name, ref: `${prefix}-${name}` });

    async function watch(more: Partial<CaptureSettings> = {}, fields = ['name', 'active']) {
      const capture = new Capture(client, {
        ...SETTINGS,
        ...more,
        store,
        source: 'changes',
        capture: 'test',
        watched: { model: 'res.partner', domain: [['ref', '=like', `${prefix}%`]], fields },
        messages: (found) => changeMessages(found),
        arrived: () => undefined,
      });
      assert.equal(await capture.acquire(), true);
      await capture.look();
      let shown = 0;
      const told = async (): Promise<string[]> => {
        const [result] = await store.run([
          { sql: 'SELECT seq, body FROM crossdock_inbox WHERE seq > ? ORDER BY seq', params: [shown] },
        ]);
        shown = Number(result?.rows.at(-1)?.['seq'] ?? shown);
        return (result?.rows ?? []).map(({ body }) => {
          const { operation, values, backfill } = JSON.parse(
            Buffer.from(body as Uint8Array).toString(),
          ) as Change;
          return `${operation} ${values?.['name'] ?? ''}${values?.['active'] === false ? ' (archived)' : ''}${backfill ? ' (fill)' : ''}`;
        });
      };
      return { capture, told };
    }

    it('created, changed within one second, archived, deleted: each once', async () => {
      const before = await partner('before');
      const { capture, told } = await watch();
      await capture.compare();
      assert.deepEqual(await told(), []);
      const made = await partner('made');
      await capture.look();
      assert.deepEqual(await told(), ['created made']);
      await admin.call('res.partner', 'write', { ids: [made], args: { vals: { name: 'renamed' } } });
      const seen: string[] = [];
      await waitFor(async () => {
        await capture.look();
        seen.push(...(await told()));
        return seen.length > 0;
      });
      assert.deepEqual(seen, ['changed renamed']);
      await admin.call('res.partner', 'write', { ids: [before], args: { vals: { active: false } } });
      await capture.look();
      assert.deepEqual(await told(), ['changed before (archived)']);
      await admin.call('res.partner', 'unlink', { ids: [made] });
      await capture.compare();
      assert.deepEqual(await told(), ['deleted ']);
      await admin.call('res.partner', 'unlink', { ids: [before] });
      await capture.readBack([before, made]);
      assert.deepEqual(await told(), ['deleted ']);
      await capture.look();
      await capture.compare();
      assert.deepEqual(await told(), []);
    });

    it('the back-fill brings what was there, from a date on', async () => {
      const [old, recent] = [await partner('old'), await partner('recent')];
      const made = Date.now();
      await waitFor(() => Date.now() > made + 3000, { what: 'the window to be over' });
      const { capture, told } = await watch({
        backfill: { since: odooTime(new Date(made - 3_600_000)), run: 1 },
        pageSize: 1,
        windowSeconds: 1,
      });
      assert.equal(capture.filling?.total, 2);
      while (capture.filling !== undefined) await capture.fill();
      assert.deepEqual(await told(), ['changed old (fill)', 'changed recent (fill)']);
      await admin.call('res.partner', 'write', { ids: [old, recent], args: { vals: { name: 'both' } } });
      const seen: string[] = [];
      await waitFor(async () => {
        await capture.look();
        seen.push(...(await told()));
        return seen.length >= 2;
      });
      assert.deepEqual(seen, ['changed both', 'changed both']);
    });

    if (transport === 'json2') {
      it('a transaction that commits long after it began is not missed', async function () {
        if (postgres === '') return this.skip();
        const database = new URL(postgres);
        database.pathname = `/${server.database}`;
        const sql = new Client({ connectionString: database.href });
        await sql.connect();
        try {
          const late = await partner('late');
          const { capture, told } = await watch();
          await capture.compare();
          await sql.query('BEGIN');
          // As Odoo writes it, in a transaction that began almost a window ago.
          await sql.query(
            "UPDATE res_partner SET name = 'late indeed', write_date = (now() - $2 * interval '1 second') at time zone 'UTC' WHERE id = $1",
            [late, WINDOW - 10],
          );
          await partner('meanwhile');
          await capture.look();
          assert.deepEqual(await told(), ['created meanwhile']);
          await sql.query('COMMIT');
          await capture.look();
          // Older than the beginning of this capture: the comparison finds it; younger, the look does.
          const first = await told();
          await capture.compare();
          assert.deepEqual([...first, ...(await told())], ['changed late indeed']);
        } finally {
          await sql.end();
        }
      });

      it('a plain account may watch every ready-made choice, or is told what it may not', async function () {
        const { ODOO_TEST_CLERK_LOGIN: login, ODOO_TEST_CLERK_API_KEY: apiKey } = process.env;
        if (!login || !apiKey) return this.skip();
        const clerk = createOdooClient({ ...server, login, apiKey });
        try {
          for (const name of CHOICE_NAMES) {
            for (const watched of CHOICES[name].watched as readonly Watched[]) {
              const capture = new Capture(clerk, {
                ...SETTINGS,
                store,
                source: 'clerk',
                capture: watched.model,
                watched,
                messages: (found) => changeMessages(found),
                arrived: () => undefined,
              });
              assert.equal(await capture.acquire(), true, watched.model);
              await capture.look();
              await capture.compare();
            }
          }
        } finally {
          await clerk.close();
        }
      });
    }
  });
}
