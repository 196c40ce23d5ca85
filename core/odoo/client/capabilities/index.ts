/** What Crossdock does in Odoo, capability by capability: the source of the allow-list and of the connection test. */
import type { AllowList } from '../types';
import { changes } from './changes';
import { connection } from './connection';
import { crossReference } from './cross-reference';
import { fulfilment } from './fulfilment';
import { invoice } from './invoice';
import { order } from './order';
import { reconcile } from './reconcile';
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
  reconcile,
];

/** All that the capabilities call, as one list. */
export function allowListOf(capabilities: readonly Capability[]): AllowList {
  const all = new Map<string, Set<string>>();
  for (const { calls } of capabilities) {
    for (const [model, methods] of Object.entries(calls)) {
      all.set(model, new Set([...(all.get(model) ?? []), ...methods]));
    }
  }
  return Object.fromEntries([...all].map(([model, methods]) => [model, [...methods]]));
}
