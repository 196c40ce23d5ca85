import type { Environment } from './environment';
import { accessError } from './errors';
import { idList } from './model';
import { accessRights } from './reality/access';

/** What can be allowed on a model. */
export type Operation = 'read' | 'write' | 'create' | 'unlink';

export const isOperation = (value: unknown): value is Operation =>
  value === 'read' || value === 'write' || value === 'create' || value === 'unlink';

interface Rights {
  readonly clerk: string;
  readonly administrator: string;
  readonly title: string;
  readonly groups: Readonly<Record<Operation, string>>;
}

const LETTER: Readonly<Record<Operation, string>> = { read: 'r', write: 'w', create: 'c', unlink: 'd' };
const VERB: Readonly<Record<Operation, string>> = {
  read: 'access',
  write: 'modify',
  create: 'create',
  unlink: 'delete',
};

/** Odoo's group "Role / Administrator". */
const ADMINISTRATORS = 4;

const RIGHTS: ReadonlyMap<string, Rights> = new Map(
  accessRights
    .trim()
    .split('\n')
    .map((line) => {
      const [
        model = '',
        clerk = '',
        administrator = '',
        title = '',
        read = '',
        write = '',
        create = '',
        unlink = '',
      ] = line.split('|');
      return [model, { clerk, administrator, title, groups: { read, write, create, unlink } }] as const;
    }),
);

const isAdministrator = (env: Environment): boolean =>
  idList(env.row('res.users', env.uid).group_ids).includes(ADMINISTRATORS);

/** Whether the calling account may do that on records of a model. What is not in the table, only administrators may. */
export function mayAccess(env: Environment, model: string, operation: Operation): boolean {
  const rights = RIGHTS.get(model);
  const administrator = isAdministrator(env);
  if (rights === undefined) return administrator;
  return (administrator ? rights.administrator : rights.clerk).includes(LETTER[operation]);
}

/** Refuses what the calling account may not do, with the real server's sentence. */
export function requireAccess(env: Environment, model: string, operation: Operation): void {
  if (mayAccess(env, model, operation)) return;
  const rights = RIGHTS.get(model);
  const groups = rights?.groups[operation] ?? '';
  const allowed =
    groups === ''
      ? 'No group currently allows this operation.'
      : `This operation is allowed for the following groups:\n${groups
          .split(';')
          .map((group) => `\t- ${group}`)
          .join('\n')}`;
  throw accessError(
    `You are not allowed to ${VERB[operation]} '${rights?.title ?? model}' (${model}) records.\n\n${allowed}\n\nContact your administrator to request access if necessary.`,
  );
}

/** Fields that only some may see, with the groups that Odoo names. */
const RESTRICTED: readonly (readonly [groups: string, fields: string])[] = [
  ["'Access Rights'", 'res.partner.signup_type res.users.signup_type'],
  ["'Role / Administrator'", 'res.partner.is_in_call res.users.presence_ids res.users.is_in_call'],
  [
    "'Show Accounting Features - Readonly', 'Accounting / Invoicing'",
    `res.partner.credit res.partner.credit_to_invoice res.partner.credit_limit res.partner.use_partner_credit_limit
     res.partner.show_credit_limit res.partner.debit res.partner.total_invoiced res.partner.account_move_count`,
  ],
  ["'Accounting / Invoicing'", 'sale.order.transaction_ids sale.order.authorized_transaction_ids'],
  [
    "'Inventory / Administrator'",
    'stock.quant.inventory_quantity_auto_apply stock.quant.value stock.quant.currency_id',
  ],
];

const FIELD_GROUPS: ReadonlyMap<string, string> = new Map(
  RESTRICTED.flatMap(([groups, fields]) =>
    fields
      .trim()
      .split(/\s+/)
      .map((field) => [field, groups] as const),
  ),
);

/** Whether the calling account may see a field of a model. */
export const maySee = (env: Environment, model: string, field: string): boolean =>
  !FIELD_GROUPS.has(`${model}.${field}`) || isAdministrator(env);

/** Refuses fields that the calling account may not see, with the real server's sentence. */
export function requireFields(
  env: Environment,
  { name: model, title }: { readonly name: string; readonly title: string },
  fields: readonly string[],
  operation: 'read' | 'write',
): void {
  const hidden = fields.find((field) => !maySee(env, model, field));
  if (hidden === undefined) return;
  throw accessError(
    `You do not have enough rights to access the field "${hidden}" on ${title} (${model}). Please contact your system administrator.\n\nOperation: ${operation}\nUser: ${env.uid}\nGroups: allowed for groups ${FIELD_GROUPS.get(`${model}.${hidden}`)}`,
  );
}
