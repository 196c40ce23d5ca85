/** What the account may do, asked of Odoo per model and operation; nothing is changed. */
import { asCrossdockError } from '../../errors/index';
import { groupFor } from './advice';
import { type AccessNeed, CAPABILITIES, type Capability } from './capabilities';
import { isOutage } from './errors';
import { fieldMap } from './field-map';
import type { OdooClient } from './types';

export interface CapabilityReport {
  /** Of core/odoo/client/capabilities, for example `order`. */
  readonly name: string;
  /** Ends "This account may …". */
  readonly purpose: string;
  /** Nothing that it must have is missing. */
  readonly may: boolean;
  readonly missing: readonly MissingAccess[];
}

export interface MissingAccess {
  readonly model: string;
  readonly operation: AccessNeed['operation'];
  /** False: the capability works without, in a smaller way. */
  readonly required: boolean;
  readonly reason: 'right' | 'app' | 'unknown';
  /** The group of Odoo that gives it, for example `Inventory / User`. */
  readonly group?: string;
}

/** More than an integration should be able to do. */
export type Excess = 'administrator' | 'managesUsers' | 'changesRights' | 'runsCode' | 'changesSettings';

export interface AccessReport {
  readonly capabilities: readonly CapabilityReport[];
  readonly excess: readonly Excess[];
}

const EXCESS: readonly (AccessNeed & { readonly excess: Excess })[] = [
  { model: 'res.users', operation: 'write', excess: 'managesUsers' },
  { model: 'ir.model.access', operation: 'write', excess: 'changesRights' },
  { model: 'ir.actions.server', operation: 'write', excess: 'runsCode' },
  { model: 'ir.config_parameter', operation: 'write', excess: 'changesSettings' },
];

type Answer = true | 'right' | 'app' | 'unknown';

/**
 * Asks for every capability, each model and operation once, as many at a time as the connection allows.
 *
 * Rejects as OdooClient.call does when Odoo cannot be asked at all.
 */
export async function accessReport(
  client: OdooClient,
  capabilities: readonly Capability[] = CAPABILITIES,
): Promise<AccessReport> {
  const map = fieldMap(await client.version());
  const asked = new Map<string, Promise<Answer>>();
  const ask = ({ model, operation }: AccessNeed): Promise<Answer> => {
    const key = `${model} ${operation}`;
    const answer = asked.get(key) ?? mayAccess(client, map.mayMethod, model, operation);
    asked.set(key, answer);
    return answer;
  };
  // What nobody does yet is not worth a line.
  const used = capabilities.filter(({ calls, access }) => access.length > 0 || Object.keys(calls).length > 0);
  const reports = used.map(async ({ name, purpose, access }) => {
    const needs = access.map((need) => ({ ...need, model: map.modelOf(need.model) }));
    const missing = (
      await Promise.all(needs.map(async (need) => missingOf(need, await ask(need), map.major)))
    ).flat();
    return { name, purpose, may: missing.every(({ required }) => !required), missing };
  });
  const excess = EXCESS.map(async (need) => ((await ask(need)) === true ? [need.excess] : []));
  const [all, found] = await Promise.all([Promise.all(reports), Promise.all(excess)]);
  return { capabilities: all, excess: worst(found.flat()) };
}

function missingOf(need: AccessNeed, answer: Answer, major: number): readonly MissingAccess[] {
  if (answer === true) return [];
  const { model, operation, required = true } = need;
  const group = answer === 'right' ? groupFor(need, major) : undefined;
  return [{ model, operation, required, reason: answer, ...(group === undefined ? {} : { group }) }];
}

/** Who may change users and rights may do everything. */
function worst(found: readonly Excess[]): readonly Excess[] {
  return found.includes('managesUsers') && found.includes('changesRights') ? ['administrator'] : found;
}

async function mayAccess(
  client: OdooClient,
  method: 'has_access' | 'check_access_rights',
  model: string,
  operation: string,
): Promise<Answer> {
  // has_access is a method of records, check_access_rights one of the model.
  const options =
    method === 'has_access'
      ? { ids: [], args: { operation } }
      : { args: { operation, raise_exception: false } };
  try {
    return (await client.call<boolean>(model, method, options)) ? true : 'right';
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error)) throw error;
    if (error.code === 'ODOO_ACCESS') return 'right';
    const unknown = error.code === 'ODOO_NOT_FOUND' || error.message.split(/['" ]/).includes(model);
    return unknown ? 'app' : 'unknown';
  }
}
