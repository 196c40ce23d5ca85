import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { builtinContracts } from '../../core/contract';
import { asSchema, type JsonSchema } from '../../core/contract/schema-tree';
import { type Field, fieldsOf, valuesAt } from './canonical-fields';
import { CONTRACT_NAMES, sampleOf } from './canonical-samples';

const ENDING = '.schema.json';
const CANONICAL = readdirSync(join(__dirname, '..', '..', 'core', 'canonical'))
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
  .sort();

const REFERENCES = ['x-ubl', 'x-edi', 'x-odoo', 'x-standard'];
const CLASSES = ['public', 'internal', 'confidential', 'pii'];
/** What AsyncAPI 3 tools, which speak draft 07, do not take. */
const FORBIDDEN = [
  'unevaluated',
  'prefixItems',
  'dynamicRef',
  'dynamicAnchor',
  'dependentSchemas',
  'dependentRequired',
  'minContains',
  'maxContains',
  '"$anchor"',
];

const examplesOf = (field: Field) => (field.schema.examples ?? []) as unknown[];
const text = (value: unknown): boolean => typeof value === 'string' && value.trim().length > 0;

describe('canonical contracts', () => {
  const contracts = builtinContracts();
  const schemas = new Map(CANONICAL.map((name) => [name, contracts.schema(name, '1.0')]));
  const all = [...schemas].flatMap(([name, schema]) =>
    [...fieldsOf(schema)].map((field) => ({ name, field })),
  );
  const where = (name: string, field: Field) => `${name} ${field.path.join('.')}`;

  it('are these nine, all of version 1.0', () => {
    assert.deepEqual(CANONICAL, [
      'inventory-adjustment',
      'inventory-level',
      'invoice',
      'order',
      'order-response',
      'party',
      'product-cross-reference',
      'return',
      'shipment',
    ]);
    for (const [name, schema] of schemas) {
      assert.equal(schema.$id, `https://crossdock.dev/contracts/${name}/1.0`);
      assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
      for (const keyword of ['title', 'description']) assert.ok(text(schema[keyword]), `${name} ${keyword}`);
    }
  });

  it('take a sample with every field of the types, and have no property that the types do not have', () => {
    assert.deepEqual([...CONTRACT_NAMES].sort(), CANONICAL);
    for (const name of CONTRACT_NAMES) {
      assert.deepEqual(contracts.validate(name, '1.0', sampleOf(name)), [], name);
      const missing = all
        .filter((each) => each.name === name && valuesAt(sampleOf(name), each.field.path).length === 0)
        .map(({ field }) => where(name, field));
      assert.deepEqual(missing, []);
    }
  });

  it('say of every property what it is called and means', () => {
    assert.ok(all.length > 600, `${all.length} properties`);
    const bare = all.filter(({ field }) => !text(field.schema.title) || !text(field.schema.description));
    assert.deepEqual(
      bare.map(({ name, field }) => where(name, field)),
      [],
    );
  });

  it('say of every property, itself or by what it refers to, how sensitive it is', () => {
    const unclassed = all.filter(({ field }) => !CLASSES.includes(String(field.schema['x-class'])));
    assert.deepEqual(
      unclassed.map(({ name, field }) => where(name, field)),
      [],
    );
  });

  it('say of every property what it is in a standard or in Odoo', () => {
    const alone = all.filter(({ field }) => !REFERENCES.some((key) => text(field.schema[key])));
    assert.deepEqual(
      alone.map(({ name, field }) => where(name, field)),
      [],
    );
  });

  it('give examples of every property, and each keeps the contract', () => {
    const own = builtinContracts();
    for (const [name, schema] of schemas) {
      // One object with every property of the contract side by side, so that each contract is compiled once.
      const fields = [...fieldsOf(schema)];
      const properties = Object.fromEntries(fields.map((field) => [field.path.join('.'), field.schema]));
      const flat = { type: 'object', additionalProperties: false, properties, $defs: schema.$defs };
      own.register({ name: `${name}-examples`, version: '1.0', schema: flat as JsonSchema });
      const most = Math.max(...fields.map((field) => examplesOf(field).length));
      for (const field of fields)
        assert.ok(examplesOf(field).length > 0, `${where(name, field)} has examples`);
      for (let index = 0; index < most; index += 1) {
        const given = fields.filter((field) => index < examplesOf(field).length);
        const value = Object.fromEntries(
          given.map((field) => [field.path.join('.'), examplesOf(field)[index]]),
        );
        assert.deepEqual(own.validate(`${name}-examples`, '1.0', value), [], name);
      }
    }
  });

  it('keep to what AsyncAPI 3 tools take', () => {
    for (const [name, schema] of schemas) {
      const json = JSON.stringify(schema);
      for (const keyword of FORBIDDEN) assert.ok(!json.includes(keyword), `${name}: ${keyword}`);
    }
  });

  it('are closed at every level, except below extensions', () => {
    for (const { name, field } of all) {
      if (field.schema.type !== 'object' || field.path.at(-1) === 'extensions') continue;
      assert.equal(field.schema.additionalProperties, false, where(name, field));
    }
  });

  it('require only what they have', () => {
    for (const { name, field } of [...all, ...roots()]) {
      const known = Object.keys(asSchema(field.schema.properties) ?? {});
      for (const required of (field.schema.required ?? []) as string[])
        assert.ok(known.includes(required), `${where(name, field)}: ${required}`);
    }
  });

  it('use no definition that they do not have, and have none that they do not use', () => {
    for (const [name, schema] of schemas) {
      const used = new Set(
        [...JSON.stringify(schema).matchAll(/"#\/\$defs\/([A-Za-z]+)"/g)].map(([, def]) => def),
      );
      assert.deepEqual([...used].sort(), Object.keys(asSchema(schema.$defs) ?? {}).sort(), name);
    }
  });

  it('mean the same by the same definition', () => {
    const first = new Map<string, { name: string; def: unknown }>();
    for (const [name, schema] of schemas) {
      for (const [key, def] of Object.entries(asSchema(schema.$defs) ?? {})) {
        const other = first.get(key);
        if (other === undefined) first.set(key, { name, def });
        else assert.deepEqual(def, other.def, `${key} of ${name} and ${other.name}`);
      }
    }
  });

  it('take amounts and quantities only as text, never as numbers', () => {
    const numbers = all
      .filter(({ field }) => field.schema.type === 'number')
      .map(({ name, field }) => where(name, field));
    assert.deepEqual(numbers, ['product-cross-reference identifiers.0.confidence']);
  });

  it('call people and what they write personal data', () => {
    const pii = /\.(email|phone|line[123]|city|postalCode|legalName|tradingName|iban|approvedBy|notes)$/;
    const open = all.filter(
      ({ name, field }) => pii.test(where(name, field)) && field.schema['x-class'] !== 'pii',
    );
    assert.deepEqual(
      open.map(({ name, field }) => where(name, field)),
      [],
    );
  });

  function roots(): { name: string; field: Field }[] {
    return [...schemas].map(([name, schema]) => ({ name, field: { path: [], schema } }));
  }
});
