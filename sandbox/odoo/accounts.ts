import { randomBytes } from 'node:crypto';
import type { Database, Row } from './database';
import { str } from './model';

/** Who may call, and with which key. */
export interface Account {
  readonly uid: number;
  readonly login: string;
  readonly apiKey: string;
}

/** The accounts of a stand-in: an administrator, and a salesperson of all documents who is a stock user. */
export interface Accounts {
  readonly administrator: Account;
  readonly clerk: Account;
}

interface Wanted {
  readonly uid: number;
  readonly partner: number;
  readonly name: string;
  readonly login: string;
  /** Odoo's ids of groups. */
  readonly groups: readonly number[];
}

const CLERK_LOGIN = 'clerk@crossdock.example';

function ensureUser(db: Database, { uid, partner, name, login, groups }: Wanted): void {
  const known = db.get('SELECT * FROM res_users WHERE id = ?', uid);
  if (known === undefined) {
    const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
    db.run(
      `INSERT OR IGNORE INTO res_partner (id, name, complete_name, is_company, company_type, type, active, lang, company_id,
        commercial_partner_id, create_uid, create_date, write_uid, write_date)
       VALUES (?, ?, ?, 0, 'person', 'contact', 1, 'en_US', 1, ?, 1, ?, 1, ?)`,
      ...[partner, name, name, partner, now, now],
    );
    db.run(
      `INSERT INTO res_users (id, name, login, partner_id, company_id, company_ids, active, create_uid, create_date,
        write_uid, write_date) VALUES (?, ?, ?, ?, 1, '[1]', 1, 1, ?, 1, ?)`,
      ...[uid, name, login, partner, now, now],
    );
    db.advance('res_partner', partner);
    db.advance('res_users', uid);
  }
  if (!known?.group_ids)
    db.run('UPDATE res_users SET group_ids = ? WHERE id = ?', JSON.stringify(groups), uid);
}

/** The key of an account: the given one, or the one that the database was made with, so that a restart keeps it. */
function keepKey(db: Database, id: number, given: string | undefined): string {
  const kept: Row | undefined = db.get('SELECT value FROM sandbox_key WHERE id = ?', id);
  const key = given ?? (kept === undefined ? randomBytes(20).toString('hex') : str(kept.value));
  db.run(
    'INSERT INTO sandbox_key (id, value) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value',
    ...[id, key],
  );
  return key;
}

/** Makes the accounts that are missing, and their keys. */
export function ensureAccounts(db: Database, login: string, apiKey: string | undefined): Accounts {
  db.exec('CREATE TABLE IF NOT EXISTS sandbox_key (id INTEGER PRIMARY KEY, value TEXT NOT NULL)');
  const administrator = { uid: 2, partner: 3, name: 'Administrator', login, groups: [4] };
  const clerk = { uid: 5, partner: 7, name: 'Integration clerk', login: CLERK_LOGIN, groups: [23, 36, 1] };
  ensureUser(db, administrator);
  ensureUser(db, clerk);
  const kept = db.get('SELECT login FROM res_users WHERE id = ?', administrator.uid);
  return {
    administrator: { uid: administrator.uid, login: str(kept?.login), apiKey: keepKey(db, 1, apiKey) },
    clerk: { uid: clerk.uid, login: clerk.login, apiKey: keepKey(db, 2, undefined) },
  };
}
