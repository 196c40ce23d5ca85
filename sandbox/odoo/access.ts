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

/** Whether the calling account may do that on records of a model. What is not in the table, only administrators may. */
export function mayAccess(env: Environment, model: string, operation: Operation): boolean {
  const rights = RIGHTS.get(model);
  const administrator = idList(env.row('res.users', env.uid).group_ids).includes(ADMINISTRATORS);
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
