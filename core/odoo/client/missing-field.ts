/** Why a field or a model is not there, as far as Odoo can be asked: another version's name, an app, a right. */
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { fieldMap, NEWEST, OLDEST } from './field-map';
import type { OdooClient, OdooVersion } from './types';

/** One field that an operation asked for. */
export interface Asked {
  /** The field map's section, or a model. */
  readonly kind: string;
  /** What the operation calls it. */
  readonly field: string;
  readonly model: string;
  /** Odoo's name in this version; undefined when it has none. */
  readonly name: string | undefined;
  readonly required: boolean;
  /** The app of Odoo that adds it. */
  readonly app?: string;
}

/** The app that a model comes with, by the beginning of its name. */
const APPS: readonly (readonly [RegExp, string])[] = [
  [/^sale\./, 'Sales'],
  [/^(stock\.|procurement\.)/, 'Inventory'],
  [/^account\./, 'Invoicing'],
  [/^delivery\./, 'Delivery Costs'],
  [/^(product|uom)\./, 'Sales or Inventory'],
];

/** Fields that an app adds to a model of another one. */
const FIELD_APPS: readonly (readonly [RegExp, string])[] = [
  [
    /^product\.product (qty_available|free_qty|incoming_qty|outgoing_qty|virtual_available|is_storable|tracking)$/,
    'Inventory',
  ],
  [/^sale\.order(\.line)? (warehouse_id|picking_ids|delivery_status|move_ids)$/, 'Sales with Inventory'],
  [/ (carrier_id|carrier_tracking_ref|carrier_price)$/, 'Delivery Costs'],
  [/ to_refund$/, 'Inventory with Invoicing'],
  [/^res\.partner (credit|credit_limit|credit_to_invoice|use_partner_credit_limit)$/, 'Invoicing'],
];

/** The error for a required field that `fields_get` did not show. Asks Odoo once more for the likely cause. */
export async function missingField(
  client: OdooClient,
  version: OdooVersion,
  asked: Asked,
): Promise<CrossdockError> {
  const { model, name, field } = asked;
  const meant = name === undefined || name === field ? '' : ` (${asked.kind}.${field})`;
  const what =
    name === undefined
      ? `Odoo ${version.text} has no field for "${asked.kind}.${field}" on ${model}.`
      : `Odoo ${version.text} shows no field "${name}"${meant} on ${model}.`;
  return new CrossdockError(`${what} ${await cause(client, version, asked)}`, {
    code: 'ODOO_FIELD_MISSING',
    kind: 'permanent',
    facts: { model, field: name ?? field, meaning: `${asked.kind}.${field}`, version: version.text },
  });
}

/** The error when Odoo does not know the model; undefined when `error` says something else. */
export function missingModel(
  error: CrossdockError,
  model: string,
  version: string,
  needed: Asked | undefined,
): CrossdockError | undefined {
  // JSON-2 answers 404, JSON-RPC a (translated) UserError "Object x doesn't exist" or a KeyError.
  const unknown =
    error.code === 'ODOO_NOT_FOUND' ||
    ((error.code === 'ODOO_VALIDATION' || error.code === 'ODOO_INVALID_CALL') &&
      error.message.split(/['" ]/).includes(model));
  if (!unknown) return undefined;
  return new CrossdockError(`Odoo ${version} has no model ${model}: ${installApp(model, needed)}`, {
    code: 'ODOO_MODEL_MISSING',
    kind: 'permanent',
    facts: { model, version, ...(needed === undefined ? {} : { meaning: `${needed.kind}.${needed.field}` }) },
  });
}

async function cause(client: OdooClient, version: OdooVersion, asked: Asked): Promise<string> {
  const others = otherNames(asked);
  const shown =
    others.size === 0
      ? {}
      : await client
          .call<Readonly<Record<string, unknown>>>(asked.model, 'fields_get', {
            args: { allfields: [...others.keys()], attributes: ['type'] },
          })
          // A cause is a courtesy: without it the sentence still names the field.
          .catch(() => ({}));
  for (const [name, major] of others) {
    if (Object.hasOwn(shown, name)) {
      return `It has "${name}", as Odoo ${major} calls it: an add-on may have renamed it, or this is a build between two versions.`;
    }
  }
  if (asked.name === undefined) return 'The operation needs a version of Odoo that has it.';
  if ((await mayRead(client, version, asked.model)) === false) {
    return `The API key's user may not read ${asked.model}.`;
  }
  return `${capital(installApp(asked.model, asked))} Or the API key's user lacks the right to see the field.`;
}

/** What other versions call the same thing, newest first, with one of those versions. */
function otherNames({ kind, field, name }: Asked): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (let major = NEWEST; major >= OLDEST; major -= 1) {
    const other = fieldMap({ major, text: String(major) }).nameOf(kind, field);
    if (other !== undefined && other !== name && !names.has(other)) names.set(other, major);
  }
  return names;
}

async function mayRead(
  client: OdooClient,
  version: OdooVersion,
  model: string,
): Promise<boolean | undefined> {
  const { mayMethod } = fieldMap(version);
  const options =
    mayMethod === 'has_access'
      ? { ids: [], args: { operation: 'read' } }
      : { args: { operation: 'read', raise_exception: false } };
  try {
    return await client.call<boolean>(model, mayMethod, options);
  } catch (thrown) {
    // Odoo does not say; the caller's sentence leaves it open.
    return asCrossdockError(thrown).code === 'ODOO_ACCESS' ? false : undefined;
  }
}

function installApp(model: string, asked: Asked | undefined): string {
  const app =
    asked?.app ??
    FIELD_APPS.find(([pattern]) => pattern.test(`${model} ${asked?.name ?? ''}`))?.[1] ??
    APPS.find(([pattern]) => pattern.test(model))?.[1];
  return app === undefined
    ? 'an app or add-on of Odoo that brings it is not installed.'
    : `is the app ${app} installed in Odoo?`;
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
