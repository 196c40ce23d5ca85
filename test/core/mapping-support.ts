/** The ready mappings over the project's fixtures, for the tests of both. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CanonicalOrder, parseJson } from '../../core/canonical';
import { CrossdockError } from '../../core/errors';
import { createMapper } from '../../core/mapping';
import { projectFolders } from '../support';

export const CONTEXT = {
  channel: 'shop',
  account: 'main',
  partnerId: 'acme',
  receivedAt: '2026-11-23T11:00:00+01:00',
};
export const MAPPERS = {
  shopify: createMapper({ mapping: 'shopify-order' }),
  woo: createMapper({ mapping: 'woocommerce-order' }),
};
export type Body = Record<string, unknown>;

export const FIXTURES = join(projectFolders().root, 'test/fixtures/orders');

export function fixture(name: string): Body {
  return parseJson(readFileSync(join(FIXTURES, `${name}.json`))) as Body;
}

export function mapperOf(name: string) {
  return name.startsWith('woo') ? MAPPERS.woo : MAPPERS.shopify;
}

export async function mapFixture(
  name: string,
  change: (body: Body) => void = () => {},
): Promise<CanonicalOrder> {
  const body = fixture(name);
  change(body);
  return (await mapperOf(name).map(body, CONTEXT)) as CanonicalOrder;
}

export async function refusal(work: Promise<unknown>): Promise<CrossdockError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof CrossdockError, String(error));
    return error;
  }
  return assert.fail('was accepted');
}
