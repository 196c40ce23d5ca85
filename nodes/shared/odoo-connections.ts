/** The connections to Odoo that are open in this process, for the console, and what they say beside their users' status. */
import { type KeyState, KeyWatch, type OdooConnection, timeLeft } from '../../core/odoo';
import type { RedNode } from './red';
import { type Remark, setRemark } from './remarks';

export interface OpenConnection {
  readonly id: string;
  readonly client: OdooConnection;
  readonly key: KeyState;
  /** Undefined until Odoo has said it. */
  readonly account: KeyWatch['account'];
}

/** Said from so many days before the end, and urgent in the last week. */
const SAID_DAYS = 14;
const URGENT_DAYS = 7;

const open = new Map<string, { readonly client: OdooConnection; readonly watch: KeyWatch }>();

/** Notes a connection as open, and watches its key from now on. */
export function watchConnection(node: RedNode, client: OdooConnection): void {
  const watch: KeyWatch = new KeyWatch(client, () => setRemark(node.id, remarkOf(watch.state)));
  open.set(node.id, { client, watch });
}

export function unwatchConnection(client: OdooConnection): void {
  for (const [id, entry] of open) {
    if (entry.client !== client) continue;
    entry.watch.close();
    open.delete(id);
    setRemark(id, undefined);
  }
}

export function openConnection(id: string): OpenConnection | undefined {
  const entry = open.get(id);
  if (entry === undefined) return undefined;
  const { client, watch } = entry;
  return { id, client, key: watch.state, account: watch.account };
}

/** "key ends in 5 days", or nothing while there is time. */
export function remarkOf(state: KeyState, now = Date.now()): Remark | undefined {
  const left = timeLeft(state, now);
  if (left === undefined) return undefined;
  if (left.unit === 'over') return { text: 'key has ended', urgent: true };
  if (left.unit === 'hours') {
    return {
      text: left.count < 1 ? 'key ends within the hour' : `key ends in ${left.count} h`,
      urgent: true,
    };
  }
  if (left.count > SAID_DAYS) return undefined;
  return { text: `key ends in ${left.count} days`, urgent: left.count <= URGENT_DAYS };
}
