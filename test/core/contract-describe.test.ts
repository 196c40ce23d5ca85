import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { contracts } from '../../core/contract';
import { asyncApi, type Described, openApi } from '../../core/contract/describe';

/** What stands at a path of a document. */
const at = (document: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((found, step) => (found as Record<string, unknown> | undefined)?.[step], document);

const NOW = Date.parse('2026-12-15T00:00:00Z');
const metaSchema = require('@asyncapi/specs/schemas/3.0.0-without-$id.json') as Record<string, unknown>;

const builtIn = (contract: string, version = '1.0') => ({
  contract,
  version,
  schema: contracts().schema(contract, version),
  life: contracts().life(contract, version),
});
const OWN = {
  contract: 'acme-order',
  version: '1.0',
  schema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://acme.example.com/order',
    title: 'Acme order',
    type: 'object',
    properties: {
      lines: { type: 'array', items: { $ref: '#/$defs/line' } },
      $ref: { type: 'string', description: 'a field that is called like the keyword' },
      parent: { $ref: '#' },
    },
    $defs: { line: { type: 'object', properties: { sku: { type: 'string' } } } },
    examples: [{ $id: 'data, not a keyword' }],
  },
  life: {
    deprecatedOn: '2026-12-01',
    sunsetOn: '2027-01-31',
    documentation: 'https://acme.example.com/docs',
  },
};
const described: Described = {
  title: 'Test gateway',
  version: '1.2.3',
  endpoints: [
    {
      id: 'a1',
      name: 'Shop orders',
      path: '/shop/orders',
      signature: 'shopify',
      maxBytes: 1024,
      contract: builtIn('shopify-order'),
      refuses: true,
    },
    {
      id: 'a2',
      name: 'Acme',
      path: '/acme',
      signature: 'none',
      maxBytes: 2048,
      contract: OWN,
      refuses: false,
    },
    { id: 'a3', name: 'Anything', path: '/any', signature: 'none', maxBytes: 2048, refuses: false },
  ],
  servers: [
    { id: 'm', name: 'broker', protocol: 'mqtts', host: 'broker.example.com:8883' },
    { id: 'q', name: 'rabbit', protocol: 'amqp', host: 'rabbit:5672', exchange: 'crossdock.events' },
    { id: 'l', name: 'local', protocol: 'local', host: '' },
  ],
  events: [
    {
      id: 'e1',
      name: 'Orders placed',
      action: 'send',
      server: 'm',
      prefix: 'dist/v1/main',
      address: 'order/order/placed/{site}/{key}',
      eventType: 'com.crossdock.order.order.placed.v1',
      contract: builtIn('order'),
      retained: false,
      format: 'cloudevents',
    },
    {
      id: 'e2',
      name: 'Stock',
      action: 'send',
      server: 'q',
      prefix: 'dist/v1/main',
      address: 'distribution/inventory/changed/{site}/{key}',
      contract: builtIn('inventory-level'),
      retained: true,
      format: 'cloudevents',
    },
    {
      id: 'e3',
      name: 'Everything',
      action: 'receive',
      server: 'q',
      prefix: 'dist/v1/main',
      address: 'order/+/#',
      format: 'plain',
    },
    {
      id: 'e4',
      name: 'Inside',
      action: 'receive',
      server: 'l',
      prefix: '',
      address: '#',
      format: 'cloudevents',
    },
  ],
};

/** Every `$ref` of a document that names no place in it; data of examples is not looked at. */
function danglingRefs(document: Record<string, unknown>): string[] {
  const dangling: string[] = [];
  const walk = (value: unknown, key: string): void => {
    if (typeof value !== 'object' || value === null || key === 'examples' || key === 'example') return;
    for (const [name, member] of Object.entries(value)) {
      if (name === '$ref' && typeof member === 'string') {
        const found = member
          .slice(2)
          .split('/')
          .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
        if (found === undefined) dangling.push(member);
      } else walk(member, name);
    }
  };
  walk(document, '');
  return dangling;
}

describe('descriptions of a gateway', () => {
  it('as OpenAPI 3.1 are valid by its meta-schema, and every reference holds', async () => {
    // The validator takes a field that is called $ref for a reference.
    const { $ref: _ref, ...properties } = OWN.schema.properties;
    const schema = { ...OWN.schema, properties };
    const endpoints = described.endpoints.map((endpoint) =>
      endpoint.contract === OWN ? { ...endpoint, contract: { ...OWN, schema } } : endpoint,
    );
    const document = openApi({ ...described, endpoints }, NOW) as Record<string, unknown>;
    const result = await new Validator().validate(structuredClone(document));
    assert.deepEqual(result.valid ? [] : result.errors, []);
    assert.deepEqual(danglingRefs(document), []);
  });

  it('as AsyncAPI 3.0 are valid by its meta-schema, and every reference holds', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
    addFormats(ajv);
    const validate = ajv.compile(metaSchema);
    const document = asyncApi(described) as Record<string, unknown>;
    assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 3)));
    assert.deepEqual(danglingRefs(document), []);
  });

  it('of a gateway without anything are valid too', async () => {
    const empty = { title: 'Empty', version: '1.0.0', endpoints: [], servers: [], events: [] };
    assert.ok((await new Validator().validate({ ...openApi(empty, NOW) })).valid);
    assert.ok(
      new Ajv({ strict: false, logger: false, validateFormats: false }).compile(metaSchema)(asyncApi(empty)),
    );
  });

  it('say which version is deprecated, with what callers will see, and what is refused', () => {
    const { paths } = openApi(described, NOW);
    const acme = at(paths, '/acme', 'post');
    assert.equal(at(acme, 'deprecated'), true);
    assert.equal(
      at(acme, 'responses', '202', 'headers', 'Sunset', 'example'),
      'Mon, 01 Feb 2027 00:00:00 GMT',
    );
    assert.ok(at(acme, 'responses', '410'));
    assert.equal(at(acme, 'responses', '422'), undefined);
    const shop = at(paths, '/shop/orders', 'post');
    assert.equal(at(shop, 'deprecated'), undefined);
    assert.ok(at(shop, 'responses', '422'));
    assert.deepEqual(at(shop, 'security'), [{ shopify: [] }]);
  });

  it('move references with their schema, but touch neither fields nor examples that look like keywords', () => {
    const acme = at(openApi(described, NOW), 'components', 'schemas', 'acme-order-1.0');
    const here = '#/components/schemas/acme-order-1.0';
    assert.equal(at(acme, 'properties', 'lines', 'items', '$ref'), `${here}/$defs/line`);
    assert.equal(at(acme, 'properties', 'parent', '$ref'), here);
    assert.equal(at(acme, 'properties', '$ref', 'type'), 'string');
    assert.deepEqual(at(acme, 'examples'), [{ $id: 'data, not a keyword' }]);
    assert.equal(at(acme, '$id'), undefined);
  });

  it('write addresses as their protocol does', () => {
    const { channels, servers } = asyncApi(described) as {
      channels: Record<string, { address: string; servers?: unknown[] }>;
      servers: Record<string, unknown>;
    };
    assert.equal(channels['e1']?.address, 'dist/v1/main/order/order/placed/{site}/{key}');
    assert.equal(channels['e2']?.address, 'dist.v1.main.distribution.inventory.changed.{site}.{key}');
    assert.equal(channels['e3']?.address, 'dist.v1.main.order.*.#');
    assert.equal(channels['e4']?.servers, undefined);
    assert.deepEqual(Object.keys(servers), ['m', 'q']);
  });
});
