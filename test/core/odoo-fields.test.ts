import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrossdockError } from '../../core/errors';
import { createOdooClient, type OdooClient, requireFields } from '../../core/odoo';
import { fieldMap, NEWEST, OLDEST } from '../../core/odoo/client/field-map';
import { Fault, type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

/** What `fields_get` says in one version; see test/fixtures/odoo-fields. */
interface Recorded {
  readonly models: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const MAJORS = Array.from({ length: NEWEST - OLDEST + 1 }, (_one, index) => OLDEST + index);
const recorded = new Map(
  MAJORS.map((major) => [
    major,
    JSON.parse(readFileSync(join('test/fixtures/odoo-fields', `${major}.json`), 'utf8')) as Recorded,
  ]),
);

/** What the map has that is no field: methods, models, and what a value means. */
const NO_FIELDS = new Set([
  'order.lock',
  'order.unlock',
  'returnPicking.create',
  'returnPicking.unitOf',
  'uom.factorIs',
]);

/** Every field of the map, as `section.field`. */
function mapped(): string[] {
  return Object.entries(fieldMap({ major: NEWEST, text: '' })).flatMap(([section, names]) =>
    typeof names === 'object' && section !== 'models'
      ? Object.keys(names)
          .map((field) => `${section}.${field}`)
          .filter((name) => !NO_FIELDS.has(name))
      : [],
  );
}

function nameIn(major: number, path: string): string | undefined {
  const [section = '', field = ''] = path.split('.');
  return fieldMap({ major, text: '' }).nameOf(section, field);
}

describe('odoo fields', () => {
  let odoo: ScriptedOdoo;
  let client: OdooClient;
  /** Taken away from what was recorded, as `model.field` or a model. */
  let missing: Set<string>;

  async function start(major: number, options: { mayRead?: boolean; transport?: 'jsonrpc' } = {}) {
    const { models } = recorded.get(major) ?? assert.fail();
    missing = new Set();
    odoo = await startScriptedOdoo(({ model, method, args, transport }) => {
      if (method === 'authenticate') return 7;
      if (/^(has_access|check_access_rights)$/.test(method)) return options.mayRead ?? true;
      const fields = missing.has(model) ? undefined : models[model];
      if (fields === undefined) {
        return transport === 'json2'
          ? new Fault(404, 'werkzeug.exceptions.NotFound', `the model '${model}' does not exist`)
          : new Fault(200, 'odoo.exceptions.UserError', `Object ${model} doesn't exist`);
      }
      return Object.fromEntries(
        (args.allfields as string[])
          .filter((name) => fields[name] !== undefined && !missing.has(`${model}.${name}`))
          .map((name) => {
            const [type, relation] = (fields[name] ?? '').split(' ');
            return [name, relation === undefined ? { type } : { type, relation }];
          }),
      );
    });
    odoo.version = [major, 0];
    client = createOdooClient({
      url: odoo.url,
      database: 'db',
      login: 'bot',
      apiKey: 'key',
      transport: options.transport ?? 'auto',
    });
  }

  afterEach(async () => {
    await client.close();
    await odoo.close();
  });

  const failure = (work: Promise<unknown>): Promise<CrossdockError> =>
    work.then(
      () => assert.fail('nothing was missing'),
      (error: CrossdockError) => error,
    );

  for (const major of MAJORS) {
    it(`finds every field of the map in what Odoo ${major} shows, and no name of another version`, async () => {
      await start(major);
      const { models } = recorded.get(major) ?? assert.fail();
      const map = fieldMap({ major, text: '' });
      for (const path of mapped()) {
        const [section = '', field = ''] = path.split('.');
        const name = map.nameOf(section, field);
        const fields = models[map.modelOf(section)] ?? assert.fail(`nothing recorded of ${section}`);
        const others = MAJORS.map((other) => nameIn(other, path)).filter((other) => other !== name);
        if (name === undefined) {
          const error = await failure(requireFields(client, { [section]: [field] }));
          assert.equal(error.code, 'ODOO_FIELD_MISSING', path);
          assert.ok(error.message.includes(path), error.message);
        } else {
          const found = await requireFields(client, { [section]: [field] });
          assert.equal(found.name(section, field), name);
        }
        for (const other of others) {
          // What is called otherwise elsewhere may mean something else here; these do.
          if (other === undefined || STILL_THERE.has(`${major} ${path} ${other}`)) continue;
          assert.equal(fields[other], undefined, `${major} has ${other} too: is ${path} right?`);
        }
      }
      for (const [kind, model] of Object.entries(map.models)) {
        assert.ok(models[model], `${kind} is no ${model} in ${major}`);
        await requireFields(client, { [kind]: ['name'] } as Record<'lot', string[]>);
      }
    });
  }

  it('fails closed by the name of what is missing: meaning, field, model, version', async () => {
    await start(19);
    missing.add('sale.order.line.tax_ids');
    const error = await failure(requireFields(client, { orderLine: ['unit', 'taxes'] }));
    assert.equal(error.code, 'ODOO_FIELD_MISSING');
    assert.equal(error.kind, 'permanent');
    assert.deepEqual(error.facts, {
      model: 'sale.order.line',
      field: 'tax_ids',
      meaning: 'orderLine.taxes',
      version: '19.0',
    });
    assert.match(
      error.message,
      /^Odoo 19\.0 shows no field "tax_ids" \(orderLine\.taxes\) on sale\.order\.line\. /,
    );
    assert.match(error.message, /Is the app Sales installed/);
  });

  it('says that the field has the name of another version', async () => {
    await start(18);
    missing.add('stock.move.quantity');
    odoo.version = [18, 0];
    const { models } = recorded.get(16) ?? assert.fail();
    const script = odoo.script;
    odoo.script = (call) =>
      call.method === 'fields_get' && (call.args.allfields as string[]).includes('quantity_done')
        ? { quantity_done: { type: models['stock.move']?.['quantity_done'] } }
        : script(call);
    const error = await failure(requireFields(client, { move: ['done'] }));
    assert.match(error.message, /It has "quantity_done", as Odoo 16 calls it/);
  });

  it('says when the account may not read the model, else names the app', async () => {
    await start(19, { mayRead: false });
    missing.add('account.move.checked');
    assert.match(
      (await failure(requireFields(client, { invoice: ['checked'] }))).message,
      /may not read account\.move/,
    );
    await client.close();
    await odoo.close();
    await start(19);
    missing.add('product.product.free_qty');
    assert.match(
      (await failure(requireFields(client, { product: ['free_qty'] }))).message,
      /Is the app Inventory installed in Odoo\? Or the API key's user lacks the right/,
    );
    const own = { field: 'x_route', app: 'Our add-on' };
    assert.match(
      (await failure(requireFields(client, { order: [own] }))).message,
      /app Our add-on installed/,
    );
  });

  for (const transport of ['json2', 'jsonrpc'] as const) {
    it(`names a model that is not there, over ${transport}`, async () => {
      await start(transport === 'json2' ? 19 : 16);
      missing.add('stock.picking');
      const error = await failure(requireFields(client, { picking: ['moves'] }));
      assert.equal(error.code, 'ODOO_MODEL_MISSING');
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /has no model stock\.picking: is the app Inventory installed in Odoo\?/);
      assert.equal(error.facts['meaning'], 'picking.moves');
      // As a wish it is simply not there.
      const fields = await requireFields(client, { order: ['state'] }, { picking: ['moves'] });
      assert.equal(fields.has('picking', 'moves'), false);
      assert.equal(fields.name('picking', 'moves'), undefined);
    });
  }

  it('asks each model once, and again only for what it does not know yet', async () => {
    await start(19);
    const asked = (): number => odoo.calls.filter(({ method }) => method === 'fields_get').length;
    const needs = { orderLine: ['taxes', 'unit'], order: ['state'] };
    const [fields] = await Promise.all([requireFields(client, needs)]);
    assert.deepEqual(fields.fact('orderLine', 'taxes'), { type: 'many2many', relation: 'account.tax' });
    assert.equal(asked(), 2);
    await requireFields(client, needs);
    assert.equal(asked(), 2);
    await requireFields(client, { order: ['state', 'locked'] });
    assert.equal(asked(), 3);
    assert.deepEqual(odoo.calls.at(-1)?.args, { allfields: ['locked'], attributes: ['type', 'relation'] });
    assert.equal(odoo.calls.at(-1)?.ids, undefined);
  });

  it('looks again for what was missing, since an app can be installed', async () => {
    await start(19);
    missing.add('sale.order.locked');
    await failure(requireFields(client, { order: ['locked'] }));
    missing.clear();
    assert.ok((await requireFields(client, { order: ['locked'] })).has('order', 'locked'));
  });

  it('does not take an outage or a refusal for a missing field', async () => {
    await start(19);
    const script = odoo.script;
    odoo.script = () => new Fault(403, 'odoo.exceptions.AccessDenied', 'no');
    assert.equal((await failure(requireFields(client, { order: ['state'] }))).code, 'ODOO_AUTH');
    odoo.script = script;
    await requireFields(client, { order: ['state'] });
  });

  it('refuses a version whose names it does not know', async () => {
    await start(14);
    odoo.version = [13, 0];
    const error = await failure(requireFields(client, { order: ['state'] }));
    assert.equal(error.code, 'ODOO_VERSION_UNSUPPORTED');
  });
});

/** `major path name`: another version's name that is also there, and why that is right. */
const STILL_THERE = new Set([
  // 18 and later compute `price_include` from the override; 14 to 17 have only the former.
  '18 tax.priceIncludeOverride price_include',
  '19 tax.priceIncludeOverride price_include',
  // 14 has `type`, and keeps it beside `detailed_type` (15 to 17) and `is_storable`.
  ...[15, 16, 17, 18, 19].map((major) => `${major} product.storable type`),
]);
