import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contracts } from '../../core/contract';
import { Inbox } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { createMapper, type MappingSpec, readyMapping } from '../../core/mapping';
import {
  compareMappings,
  MappingVersions,
  type RealMessage,
  RecentMessages,
  type Side,
  specHash,
  summaryOf,
  waitingMessages,
} from '../../core/mapping-desk';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { CONTEXT, fixture } from './mapping-support';

const OWN: MappingSpec = readyMapping('shopify-order');

describe('versions of mappings', () => {
  let folder: TempDir;
  let versions: MappingVersions;
  beforeEach(() => {
    folder = tempDir('crossdock-versions-');
    versions = new MappingVersions(join(folder.path, 'mappings'));
  });
  afterEach(() => folder.remove());

  it('are written once, whoever writes them at the same time', async () => {
    const written = await Promise.all(Array.from({ length: 8 }, () => versions.archive(OWN)));
    assert.ok(written.every(({ version, differs }) => version === OWN.version && !differs));
    assert.deepEqual(readdirSync(join(folder.path, 'mappings', OWN.name)), [`${OWN.version}.json`]);
    assert.deepEqual(await versions.read(OWN.name, OWN.version), OWN);
  });

  it('never change: other content under the same version has a name of its own', async () => {
    await versions.archive(OWN);
    const changed = { ...OWN, rules: OWN.rules.slice(1) };
    const { version, differs } = await versions.archive(changed);
    assert.deepEqual([version, differs], [`${OWN.version}+${specHash(changed)}`, true]);
    assert.deepEqual(await versions.archive(changed), { version, differs: true });
    assert.deepEqual(await versions.archive(OWN), { version: OWN.version, differs: false });
    assert.deepEqual(await versions.read(OWN.name, OWN.version), OWN);
    assert.deepEqual(
      (await versions.list(OWN.name)).map((entry) => entry.version).sort(),
      [OWN.version, version].sort(),
    );
    assert.equal((await versions.newest()).length, 1);
  });

  it('tell of a file that somebody has changed, and pass over what is none', async () => {
    const at = join(folder.path, 'mappings', OWN.name);
    await versions.archive(OWN);
    writeFileSync(join(at, `${OWN.version}.json`), '{"spec":');
    writeFileSync(join(at, '9.9.9.json'), '[]');
    writeFileSync(join(at, 'notes.txt'), 'x');
    mkdirSync(join(at, '8.8.8.json'));
    assert.deepEqual(await versions.list(OWN.name), []);
    await assert.rejects(versions.read(OWN.name, OWN.version), CrossdockError);
    const { version } = await versions.archive(OWN);
    assert.equal(version, `${OWN.version}+${specHash(OWN)}`);
    assert.ok(readFileSync(join(at, `${version}.json`), 'utf8').includes('"issuedAt"'));
  });

  it('are never looked for outside of their folder', async () => {
    for (const name of ['..', '../x', 'a/b', 'A', '', 'x'.repeat(61)])
      await assert.rejects(versions.list(name), { code: 'VERSION_UNKNOWN' }, name);
    for (const version of ['..', '../1.0.0', '1.0', '1.0.0+x', '1.0.0.json'])
      await assert.rejects(versions.read('a', version), { code: 'VERSION_UNKNOWN' }, version);
    assert.deepEqual(await versions.list('nobody'), []);
  });

  it('say so when nothing can be written', async () => {
    writeFileSync(join(folder.path, 'mappings'), 'a file in the way');
    await assert.rejects(versions.archive(OWN), { code: 'VERSIONS_NOT_WRITABLE', retryable: true });
  });
});

describe('the last messages of a mapper', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  beforeEach(async () => {
    folder = tempDir('crossdock-recent-');
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  /** Past the time within which no second message is kept. */
  const apart = async (recent: RecentMessages, payload: unknown, id: string): Promise<void> => {
    const before = performance.now;
    const shift = 60_000 * Number(id.replace(/\D/g, ''));
    performance.now = () => before.call(performance) + shift;
    recent.note(payload, '2026-11-27T00:00:00Z', id);
    performance.now = before;
    await recent.flush();
  };

  it('are kept in a ring, over restarts, per node', async () => {
    const recent = await RecentMessages.open(store, 'a');
    for (let n = 1; n <= 205; n += 1) await apart(recent, { n }, `m${n}`);
    const again = await RecentMessages.open(store, 'a');
    await apart(again, { n: 206 }, 'm206');
    const last = await again.last(500);
    assert.equal(last.length, 200);
    assert.deepEqual(last[0]?.payload, { n: 206 });
    assert.ok(!last.some(({ id }) => id === 'm1') && last.some(({ id }) => id === 'm7'));
    const other = await RecentMessages.open(store, 'b');
    assert.deepEqual(await other.last(10), []);
    await again.close(true);
    assert.deepEqual(await (await RecentMessages.open(store, 'a')).last(10), []);
  });

  it('are samples under load, and never of what is too large or no document', async () => {
    const recent = await RecentMessages.open(store, 'a');
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    for (const payload of ['text', 7, null, undefined, loop, { big: 'x'.repeat(300_000) }])
      recent.note(payload, '2026-11-27T00:00:00Z', 'odd');
    for (let n = 0; n < 1000; n += 1) recent.note({ n }, '2026-11-27T00:00:00Z', `m${n}`);
    const last = await recent.last(200);
    assert.ok(last.length >= 1 && last.length < 200, String(last.length));
    assert.ok(!last.some(({ id }) => id === 'odd'));
  });

  it('are what the message was when it came', async () => {
    const recent = await RecentMessages.open(store, 'a');
    const payload = { n: 1 };
    recent.note(payload, '2026-11-27T00:00:00Z', 'm');
    payload.n = 2;
    assert.deepEqual((await recent.last(1))[0]?.payload, { n: 1 });
  });

  it('do not stop the mapper when the store fails', async () => {
    const told: string[] = [];
    const recent = await RecentMessages.open(store, 'a', ({ code }) => void told.push(code));
    recent.note({ n: 1 }, '2026-11-27T00:00:00Z', 'm');
    await store.close();
    await recent.flush();
    assert.equal(told.length, 1);
    await recent.close(true);
    store = await openSqliteStore(join(folder.path, 'other.sqlite'));
  });

  it('are joined by what waits in an inbox, as long as it has its body', async () => {
    const inbox = await Inbox.open(store, { source: 'shop', concurrency: 1, maxAttempts: 1, holdMs: 1000 });
    const body = Buffer.from('{"a":1}');
    await inbox.accept({ id: 'd-1', partitionKey: undefined, body, headers: { topic: 'orders' } });
    await inbox.accept({ id: 'd-2', partitionKey: undefined, body });
    const found = await waitingMessages(store, ['shop', 'nobody'], 10);
    assert.deepEqual(found.map(({ id, found: place, source }) => [id, place, source]).sort(), [
      ['d-1', 'inbox', 'shop'],
      ['d-2', 'inbox', 'shop'],
    ]);
    assert.deepEqual(Buffer.from(found[0]?.body ?? []), body);
    assert.deepEqual(await waitingMessages(store, [], 10), []);
    const plans = await store.run([
      {
        sql: "EXPLAIN QUERY PLAN SELECT id FROM crossdock_inbox WHERE source = ? AND state = 'waiting' LIMIT ?",
        params: ['shop', 5],
      },
    ]);
    assert.match(JSON.stringify(plans[0]?.rows), /USING INDEX crossdock_inbox_waiting/);
    await inbox.stop(0);
  });
});

describe('the impact of a changed mapping', () => {
  const side = (spec: MappingSpec): Side => {
    const mapper = createMapper({ mapping: spec });
    return {
      spec,
      translate: (payload, receivedAt) => mapper.translate(payload, { ...CONTEXT, receivedAt }),
    };
  };
  const message = (payload: () => unknown): RealMessage => ({
    id: 'm',
    found: 'node',
    source: null,
    receivedAt: '2026-11-27T00:00:00Z',
    payload,
  });
  const changed = (change: (spec: MappingSpec) => MappingSpec['rules']): Side =>
    side({ ...OWN, version: '9.0.0', rules: change(OWN) });

  it('tells same, changed, newly failing, newly passing and still failing apart', async () => {
    const good = message(() => fixture('shopify-basic'));
    const broken = message(() => ({
      ...fixture('shopify-basic'),
      name: null,
      order_number: null,
      id: 7,
      currency: 'EUR',
    }));
    const unreadable = message(() => {
      throw new CrossdockError('no JSON', { code: 'JSON_INVALID', kind: 'permanent' });
    });
    const before = side(OWN);
    const strict = changed(({ rules }) =>
      rules.map((rule) =>
        rule.target === 'notes[note]' ? { target: 'notes[note]', from: 'gone', required: true } : rule,
      ),
    );
    const result = await compareMappings(before, strict, [good, broken, unreadable], contracts());
    assert.equal(result[0]?.outcome, 'newlyFailing');
    assert.equal(result[2]?.outcome, 'stillFailing');
    assert.deepEqual([result[2]?.before?.code, result[2]?.after?.code], ['JSON_INVALID', 'JSON_INVALID']);
    const back = await compareMappings(strict, before, [good], contracts());
    assert.equal(back[0]?.outcome, 'newlyPassing');
    // Another version alone is no change.
    const [same] = await compareMappings(
      before,
      changed(({ rules }) => rules),
      [good],
      contracts(),
    );
    assert.equal(same?.outcome, 'same');
    assert.deepEqual(summaryOf([...result, ...back, ...(same === undefined ? [] : [same])]), {
      same: 1,
      changed: 0,
      newlyFailing: result.filter(({ outcome }) => outcome === 'newlyFailing').length,
      newlyPassing: 1,
      stillFailing: result.filter(({ outcome }) => outcome === 'stillFailing').length,
    });
  });

  it('shows values only where their contract lets everyone see them', async () => {
    const after = changed(({ rules }) =>
      rules.map((rule) => {
        if (rule.target === 'parties.buyer.name') return { target: rule.target, const: 'Somebody' };
        if (rule.target === 'orderNumber') return { target: rule.target, const: 'NEW-1' };
        if (rule.target === 'totals.prepaid') return { target: rule.target, const: '0.00' };
        return rule;
      }),
    );
    const [result] = await compareMappings(
      side(OWN),
      after,
      [message(() => fixture('shopify-basic'))],
      contracts(),
    );
    const of = (path: string) => result?.changes.find((change) => change.path === path);
    assert.deepEqual(of('/orderNumber'), { path: '/orderNumber', before: '#1001', after: 'NEW-1' });
    assert.deepEqual(
      [of('/parties/buyer/name')?.before, of('/parties/buyer/name')?.after],
      ['[personal]', '[personal]'],
    );
    const text = JSON.stringify(result);
    for (const secret of ['Somebody', 'Lindqvist']) assert.ok(!text.includes(secret), secret);
  });
});
