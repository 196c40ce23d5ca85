/** What Crossdock does in Odoo, capability by capability: the source of the allow-list and of the connection test. */
import type { AllowList } from '../types';
import { changes } from './changes';
import { connection } from './connection';
import { crossReference } from './cross-reference';
import { fulfilment } from './fulfilment';
import { invoice } from './invoice';
import { order } from './order';
import { stock } from './stock';
import type { Capability } from './types';

export type { AccessNeed, Capability } from './types';

export const CAPABILITIES: readonly Capability[] = [
  connection,
  order,
  stock,
  fulfilment,
  invoice,
  changes,
  crossReference,
];

/** What says something about a model and nothing about its records: its fields, and what the account may do. */
const ABOUT_MODEL = ['fields_get', 'has_access', 'check_access_rights'];

/** All that the capabilities call, as one list. Each model can also be asked about itself. */
export function allowListOf(capabilities: readonly Capability[]): AllowList {
  const all = new Map<string, Set<string>>();
  const add = (model: string, methods: readonly string[]): void => {
    all.set(model, new Set([...(all.get(model) ?? ABOUT_MODEL), ...methods]));
  };
  for (const { calls, access } of capabilities) {
    for (const [model, methods] of Object.entries(calls)) add(model, methods);
    for (const { model } of access) add(model, []);
  }
  return Object.fromEntries([...all].map(([model, methods]) => [model, [...methods]]));
}
