import type { Environment } from '../environment';
import { type Model, num, str } from '../model';

const incoterm: Model = {
  name: 'account.incoterms',
  table: 'account_incoterms',
  title: 'Incoterms',
  order: 'id',
  columns: ['name', 'code', 'active'],
  nameColumn: 'name',
  displayName: (_env, ids, rows) =>
    new Map(ids.map((id) => [id, `[${str(rows.get(id)?.code)}] ${str(rows.get(id)?.name)}`])),
};

const paymentTerm: Model = {
  name: 'account.payment.term',
  table: 'account_payment_term',
  title: 'Payment Terms',
  order: 'sequence, id',
  columns: ['name', 'active', 'sequence', 'company_id'],
  nameColumn: 'name',
};

const tag: Model = {
  name: 'crm.tag',
  table: 'crm_tag',
  title: 'CRM Tag',
  order: 'id',
  columns: ['name', 'color'],
  nameColumn: 'name',
  creatable: true,
};

/** Only what people and integrations post on orders; Odoo's own log is not kept. */
const message: Model = {
  name: 'mail.message',
  table: 'mail_message',
  title: 'Message',
  order: 'id desc',
  columns: ['model', 'res_id', 'body', 'message_type'],
  nameColumn: 'body',
};

const packagingBarcode: Model = {
  name: 'product.uom',
  table: 'product_uom',
  title: 'Link between products and their UoMs',
  order: 'id',
  columns: ['uom_id', 'product_id', 'barcode', 'company_id'],
  nameColumn: 'barcode',
  creatable: true,
};

/** `message_post` with a plain body. Returns the message's id. */
export function postMessage(env: Environment, model: string, id: number, body: unknown): number {
  const text = String(body ?? '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
  const messageId = env.db.next('mail_message');
  env.db.run(
    `INSERT INTO mail_message (id, model, res_id, body, message_type, create_uid, create_date, write_uid, write_date)
     VALUES (?, ?, ?, ?, 'notification', ?, ?, ?, ?)`,
    ...[messageId, model, id, text === '' ? '' : `<p>${text}</p>`, env.uid, env.now, env.uid, env.now],
  );
  return num(messageId);
}

export const termModels: readonly Model[] = [incoterm, paymentTerm, tag, message, packagingBarcode];
