import { CrossdockError } from '../../errors/index';
import { allowListOf, CAPABILITIES } from './capabilities';
import type { AllowList } from './types';

/**
 * What Crossdock itself calls. Odoo's remote interfaces expose every public method of every model to the key's user,
 * so a typo or a hostile value must not become a call of something else.
 */
export const DEFAULT_ALLOW: AllowList = allowListOf(CAPABILITIES);

/** What says something about a model and nothing about its records: its fields, and what the account may do. */
const ABOUT_MODEL = new Set(['fields_get', 'has_access', 'check_access_rights']);

/**
 * Throws ODOO_NOT_ALLOWED (permanent) unless the list names the model and the method. Every model can be asked about
 * itself.
 */
export function assertAllowed(allow: AllowList, model: string, method: string): void {
  const methods = own(allow, model) ?? own(allow, '*');
  const listed = methods?.includes(method) || methods?.includes('*') || ABOUT_MODEL.has(method);
  // Private methods are refused by Odoo too; never even send them.
  if (
    listed &&
    !method.startsWith('_') &&
    /^[a-z][a-z0-9_.]*$/.test(model) &&
    /^[a-z][a-z0-9_]*$/.test(method)
  )
    return;
  const how = method.startsWith('_') ? 'it is private' : "add it to the Odoo server's additional calls";
  throw new CrossdockError(`Calling ${model}.${method} in Odoo is not allowed here: ${how}.`, {
    code: 'ODOO_NOT_ALLOWED',
    kind: 'permanent',
    facts: { model, method },
  });
}

function own(allow: AllowList, model: string): readonly string[] | undefined {
  return Object.hasOwn(allow, model) ? allow[model] : undefined;
}

/**
 * Methods that change nothing: when their outcome is unknown, they can simply be called again. Everything else is
 * taken for a write.
 */
const READING = new Set([
  'authenticate',
  'check_access',
  'check_access_rights',
  'check_object_reference',
  'context_get',
  'default_get',
  'fields_get',
  'formatted_read_group',
  'get_external_id',
  'get_metadata',
  'has_access',
  'name_search',
  'read',
  'read_group',
  'search',
  'search_count',
  'search_read',
  'version',
]);

export function isReading(method: string): boolean {
  return READING.has(method);
}
