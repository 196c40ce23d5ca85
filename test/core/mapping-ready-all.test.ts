import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkCanonical, isCanonical } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { childNode, type JsonSchema, rootNode, type SchemaNode } from '../../core/contract/schema-tree';
import { READY_MAPPINGS, readyMapping } from '../../core/mapping';
import { parsePath } from '../../core/mapping/path';
import { pathsOf } from './mapping-losses';
import { CONTEXT, FIXTURES } from './mapping-support';
import { PARTNER_FIXTURES, partnerFixture, partnerFixtures, readyMapper } from './partner-support';

/** Partners' own contracts that ready mappings read or write. */
const PARTNER_CONTRACTS = [
  ...new Set(READY_MAPPINGS.map(readyMapping).flatMap(({ from, to }) => [from.contract, to.contract])),
].filter((name) => !isCanonical(name));

describe('every ready mapping', () => {
  it('is called like its file, says what it is for, and has contracts on both sides', () => {
    for (const name of READY_MAPPINGS) {
      const spec = readyMapping(name);
      assert.equal(spec.name, name);
      assert.ok(spec.title && spec.description, name);
      for (const { contract, version } of [spec.from, spec.to]) contracts().schema(contract, version);
    }
  });

  it('has fixtures of its own, and every one of them maps', async () => {
    for (const name of READY_MAPPINGS) {
      if (!existsSync(join(PARTNER_FIXTURES, name))) {
        // Orders of the first two partners are tested in mapping-ready.test.ts.
        assert.ok(existsSync(FIXTURES) && ['shopify-order', 'woocommerce-order'].includes(name), name);
        continue;
      }
      const { from, to } = readyMapping(name);
      for (const fixture of partnerFixtures(name)) {
        const { results } = await readyMapper(name).translate(partnerFixture(name, fixture), CONTEXT);
        assert.ok(results.length > 0, fixture);
        if (isCanonical(from.contract))
          assert.deepEqual(checkCanonical(from.contract, partnerFixture(name, fixture)), [], fixture);
        if (!isCanonical(to.contract)) continue;
        for (const { value } of results) assert.deepEqual(checkCanonical(to.contract, value), [], fixture);
      }
    }
  });

  it('reads only fields that its source contract knows, and fills only fields of its target contract', () => {
    const unknown: string[] = [];
    for (const name of READY_MAPPINGS) {
      const spec = readyMapping(name);
      const source = contracts().schema(spec.from.contract, spec.from.version);
      for (const path of pathsOf(spec)) {
        if (path === '' || path.includes('$') || path.startsWith('extensions.')) continue;
        if (!knows(source, path)) unknown.push(`${name} reads ${path}, not in ${spec.from.contract}`);
      }
      const target = contracts().schema(spec.to.contract, spec.to.version);
      for (const { target: path } of spec.rules) {
        if (path === '[]' || path.includes('$') || path.startsWith('extensions.')) continue;
        if (!knows(target, path.replace(/^\[\]\.?/, '')))
          unknown.push(`${name} fills ${path}, not in ${spec.to.contract}`);
      }
    }
    assert.deepEqual(unknown, []);
  });
});

describe('partner contracts', () => {
  it('tell of every field what it is and how sensitive it is', () => {
    assert.ok(PARTNER_CONTRACTS.length >= 10);
    for (const name of PARTNER_CONTRACTS) {
      const schema = contracts().schema(name, '1.0');
      assert.ok(schema['title'] && schema['description'], name);
      walk(schema, rootNode(schema), name, (path, node) => {
        assert.ok(node.schema['title'], `${path} has a title`);
        assert.ok(node.schema['description'], `${path} has a description`);
        assert.ok(node.dataClass, `${path} has a data class`);
      });
    }
  });

  it('have examples that keep them', () => {
    for (const name of PARTNER_CONTRACTS) {
      const schema = contracts().schema(name, '1.0');
      walk(schema, rootNode(schema), name, (path, { schema: field }) => {
        if (field['properties'] !== undefined || field['items'] !== undefined) return;
        const examples = field['examples'] as unknown[] | undefined;
        for (const example of examples ?? []) {
          const types = [field['type']].flat();
          const type = example === null ? 'null' : Number.isInteger(example) ? 'integer' : typeof example;
          const fits =
            field['const'] === example ||
            types.includes(type) ||
            (type === 'integer' && types.includes('number')) ||
            types[0] === undefined;
          assert.ok(fits, `${path}: ${JSON.stringify(example)} is no ${types.join(' or ')}`);
        }
      });
    }
  });
});

function knows(schema: JsonSchema, path: string): boolean {
  let node: SchemaNode | undefined = rootNode(schema);
  for (const step of parsePath(path)) {
    if (node === undefined) return false;
    node = childNode(schema, node, step.kind === 'key' ? step.key : '0');
  }
  return node !== undefined;
}

function walk(
  root: JsonSchema,
  node: SchemaNode,
  path: string,
  visit: (path: string, node: SchemaNode) => void,
): void {
  for (const key of Object.keys((node.schema['properties'] as object | undefined) ?? {})) {
    const child = childNode(root, node, key);
    assert.ok(child, `${path}.${key}`);
    visit(`${path}.${key}`, child);
    walk(root, child, `${path}.${key}`, visit);
  }
  const entry = childNode(root, node, '0');
  if (entry !== undefined) walk(root, entry, `${path}[]`, visit);
}
