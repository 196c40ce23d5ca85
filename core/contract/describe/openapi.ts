/** OpenAPI 3.1 of what a gateway takes in over HTTP (https://spec.openapis.org/oas/v3.1.1). */
import { lifeHeaders, stateOf } from '../lifecycle';
import { Components, exampleOf, textOf } from './schemas';
import type { Described, DescribedEndpoint } from './types';

type Json = Readonly<Record<string, unknown>>;

const SIGNATURE_HEADER = { shopify: 'X-Shopify-Hmac-Sha256', woocommerce: 'X-WC-Webhook-Signature' } as const;

/** The description, as JSON. @param now decides what counts as deprecated, ms since 1970 */
export function openApi(described: Described, now: number): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const endpoint of [...described.endpoints].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    paths[endpoint.path] = { post: operation(endpoint, components, now) };
  }
  const signatures = [...new Set(described.endpoints.map(({ signature }) => signature))].sort();
  const securitySchemes = Object.fromEntries(
    signatures.flatMap((signature) => (signature === 'none' ? [] : [[signature, scheme(signature)]])),
  );
  return {
    openapi: '3.1.1',
    info: {
      title: described.title,
      version: described.version,
      description:
        'What this gateway takes in. A message that was answered with 202 is stored durably; the same delivery again is answered with 200.',
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    paths,
    components: {
      schemas: { ...components.all, problem: PROBLEM, taken: TAKEN },
      ...(Object.keys(securitySchemes).length === 0 ? {} : { securitySchemes }),
    },
  };
}

function operation(endpoint: DescribedEndpoint, components: Components, now: number): Json {
  const { contract, signature, maxBytes, refuses } = endpoint;
  const schema = contract === undefined ? { type: 'object' } : components.reference(contract);
  const example = contract === undefined ? undefined : exampleOf(contract.schema);
  const deprecated = contract !== undefined && stateOf(contract.life, now) !== 'current';
  const headers = contract === undefined ? {} : lifeHeaders(contract.life);
  const shown = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      { description: HEADER_WORDS[name] ?? name, schema: { type: 'string' }, example: value },
    ]),
  );
  const answer = (description: string, body: string): Json => ({
    description,
    ...(Object.keys(shown).length === 0 ? {} : { headers: shown }),
    content: {
      [body === 'problem' ? 'application/problem+json' : 'application/json']: {
        schema: { $ref: `#/components/schemas/${body}` },
      },
    },
  });
  return {
    operationId: `receive-${endpoint.id}`,
    summary: endpoint.name,
    ...(contract === undefined ? {} : { description: textOf(contract.schema, 'description') ?? '' }),
    ...(deprecated ? { deprecated: true } : {}),
    ...(signature === 'none' ? {} : { security: [{ [signature]: [] }] }),
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: false,
        description: 'Names the delivery: the same key again is answered with 200 and has no second effect.',
        schema: { type: 'string', maxLength: 255 },
      },
    ],
    requestBody: {
      required: true,
      description: `At most ${maxBytes} bytes.`,
      content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } },
    },
    responses: {
      '200': answer('This delivery was taken in before.', 'taken'),
      '202': answer('Taken in: it is stored durably.', 'taken'),
      ...(signature === 'none' ? {} : { '401': answer('The signature does not match.', 'problem') }),
      '408': answer('The body came too slowly.', 'problem'),
      ...(contract?.life.sunsetOn === undefined
        ? {}
        : { '410': answer('This version of the contract is served no longer.', 'problem') }),
      '413': answer('The body is too large.', 'problem'),
      ...(refuses ? { '422': answer('The body does not keep the contract.', 'problem') } : {}),
      '503': answer('Come again after the time in Retry-After.', 'problem'),
    },
  };
}

const HEADER_WORDS: Readonly<Record<string, string>> = {
  Deprecation: 'When this version became deprecated (RFC 9745).',
  Sunset: 'From when on this version is expected to be gone (RFC 8594).',
  Link: 'Where to read about it.',
};

function scheme(signature: 'shopify' | 'woocommerce'): Json {
  return {
    type: 'apiKey',
    in: 'header',
    name: SIGNATURE_HEADER[signature],
    description: 'Base64 of the HMAC-SHA256 over the raw body.',
  };
}

const TAKEN = {
  type: 'object',
  required: ['status', 'id'],
  properties: {
    status: { type: 'string', description: 'accepted, or duplicate.' },
    id: { type: 'string', description: 'The delivery as this gateway knows it.' },
  },
};

/** RFC 9457, with our stable code. */
const PROBLEM = {
  type: 'object',
  required: ['status', 'title', 'code'],
  properties: {
    status: { type: 'integer' },
    title: { type: 'string', description: 'What is wrong, in a sentence.' },
    code: { type: 'string', description: 'Stable code, for example BODY_TOO_LARGE.' },
    problems: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};
