/** What makes two messages the same object: the business key of every canonical object. */
import { CrossdockError } from '../errors';
import { keyPart } from './identity';
import { skuOf } from './inventory-level';
import { type CanonicalName, type CanonicalObjects, isCanonical } from './objects';

type KeyParts = { readonly [Name in CanonicalName]: (value: CanonicalObjects[Name]) => readonly string[] };

/** The shape of every object's key, for people. */
export const KEY_SHAPES: Readonly<Record<CanonicalName, string>> = {
  order: '<channel>:<account>:<externalId>',
  'order-response': 'order-response:<channel>:<account>:<responseId>',
  'inventory-level': 'inventory-level:<authority>:<location>:<sku>[:condition=...][:lot=...]',
  'inventory-adjustment': 'inventory-adjustment:<authority>:<adjustmentId>',
  shipment: 'shipment:<channel>:<account>:<shipmentId>',
  return: 'return:<channel>:<account>:<returnId>',
  invoice: 'invoice:<channel>:<account>:<number>',
  'product-cross-reference': 'product-cross-reference:<productId>',
  party: 'party:<partyId>',
};

/** The parts of each key after the contract's name. */
const PARTS: Omit<KeyParts, 'order'> = {
  'order-response': ({ channel, account, responseId }) => [channel, account, responseId],
  'inventory-level': (level) => [
    level.authority,
    level.location.code,
    skuOf(level) ?? '',
    // Stock that is kept apart has a level of its own; plain stock keeps the short key.
    ...(level.condition === undefined || level.condition === 'sellable'
      ? []
      : [`condition=${level.condition}`]),
    ...(level.lot === undefined ? [] : [`lot=${level.lot}`]),
  ],
  'inventory-adjustment': ({ authority, adjustmentId }) => [authority, adjustmentId],
  shipment: ({ channel, account, shipmentId }) => [channel, account, shipmentId],
  return: ({ channel, account, returnId }) => [channel, account, returnId],
  invoice: ({ channel, account, number }) => [channel, account, number],
  'product-cross-reference': ({ productId }) => [productId],
  party: ({ partyId }) => [partyId],
};

/**
 * The business key of a canonical object: an order's id `<channel>:<account>:<externalId>`; of the others the contract's
 * name and the object's identifying parts, each with `:` and `%` escaped, so that a shipment and a return with one number
 * are not one thing: `shipment:shop-eu:acme.example:WH/OUT/00042`.
 * @param value valid by its contract
 * @throws CrossdockError (permanent) CONTRACT_NOT_CANONICAL
 */
export function businessKeyOf(contractName: string, value: unknown): string {
  if (!isCanonical(contractName)) {
    throw new CrossdockError(
      `${contractName} is a partner's contract; only canonical objects have a business key.`,
      { code: 'CONTRACT_NOT_CANONICAL', kind: 'permanent', facts: { contract: contractName } },
    );
  }
  if (contractName === 'order') return (value as CanonicalObjects['order']).id;
  const partsOf = PARTS[contractName] as (value: unknown) => readonly string[];
  return [contractName, ...partsOf(value).map(keyPart)].join(':');
}
