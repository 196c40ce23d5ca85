import { Api, type Bench, type Call, json2, type LoadAnswer } from './odoo-server';

/**
 * What a plain account (salesperson of all documents, stock user) and an administrator may do with what Crossdock
 * calls: r read, w write, c create, d delete. Seen on a real Odoo 19.0.
 */
const RIGHTS: readonly (readonly [model: string, clerk: string, administrator: string])[] = [
  ['res.company', 'r', 'rwcd'],
  ['res.country', 'r', 'rwcd'],
  ['res.country.state', 'r', 'rwcd'],
  ['res.currency', 'r', 'rwcd'],
  ['res.users', 'r', 'rwcd'],
  ['res.partner', 'r', 'rwcd'],
  ['res.groups', 'r', 'rwcd'],
  ['ir.model.data', '', 'rwcd'],
  ['product.pricelist', 'r', 'rwcd'],
  ['product.product', 'r', 'rwcd'],
  ['product.template', 'r', 'rwcd'],
  ['uom.uom', 'r', 'rwcd'],
  ['sale.order', 'rwc', 'rwcd'],
  ['sale.order.line', 'rwcd', 'rwcd'],
  ['delivery.carrier', 'r', 'rwcd'],
  ['stock.location', 'r', 'rwcd'],
  ['stock.warehouse', 'r', 'rwcd'],
  ['stock.picking.type', 'r', 'rwcd'],
  ['stock.reference', 'rwc', 'rwc'],
  ['stock.lot', 'rwcd', 'rwcd'],
  ['stock.package', 'rwcd', 'rwcd'],
  ['stock.package.type', 'r', 'rwcd'],
  ['stock.quant', 'rwc', 'rwc'],
  ['stock.inventory.conflict', '', 'rwc'],
  ['stock.inventory.adjustment.name', 'rwc', 'rwc'],
  ['stock.picking', 'rwcd', 'rwcd'],
  ['stock.move', 'rwc', 'rwcd'],
  ['stock.move.line', 'rwcd', 'rwcd'],
  ['stock.backorder.confirmation', 'rwc', 'rwc'],
  ['stock.backorder.confirmation.line', 'rwc', 'rwc'],
  ['stock.return.picking', 'rwc', 'rwc'],
  ['stock.return.picking.line', 'rwcd', 'rwcd'],
  ['stock.scrap', 'rwc', 'rwcd'],
];

const OPERATIONS = [
  ['r', 'read'],
  ['w', 'write'],
  ['c', 'create'],
  ['d', 'unlink'],
] as const;

/** One thing that the plain account may not do, and the groups that Odoo names then. */
interface Refusal {
  readonly title: string;
  readonly model: string;
  readonly method: string;
  readonly call: (ids: { partner: number; goods: number }) => Call;
  /** The model that the refusal is about, where that is not the one called. */
  readonly about?: string;
  readonly verb: 'access' | 'modify' | 'create' | 'delete';
  readonly name: string;
  readonly groups: readonly string[];
}

const REFUSALS: readonly Refusal[] = [
  {
    title: 'making a contact',
    model: 'res.partner',
    method: 'create',
    call: () => ({ args: { vals_list: [{ name: 'x' }] } }),
    verb: 'create',
    name: 'Contact',
    groups: ['Contact/Creation', 'Inventory/Administrator', 'Sales/Administrator'],
  },
  {
    title: 'changing a contact',
    model: 'res.partner',
    method: 'write',
    call: ({ partner }) => ({ ids: [partner], args: { vals: { comment: 'x' } } }),
    verb: 'modify',
    name: 'Contact',
    groups: ['Contact/Creation', 'Inventory/Administrator', 'Sales/Administrator'],
  },
  {
    title: 'making a product',
    model: 'product.product',
    method: 'create',
    call: () => ({ args: { vals_list: [{ name: 'x' }] } }),
    verb: 'create',
    name: 'Product Variant',
    groups: ['Products/Create'],
  },
  {
    title: 'changing a tax',
    model: 'account.tax',
    method: 'write',
    call: () => ({ ids: [1], args: { vals: { amount: 1 } } }),
    verb: 'modify',
    name: 'Tax',
    groups: ['Accounting/Administrator'],
  },
  {
    title: 'reading external ids',
    model: 'ir.model.data',
    method: 'search_read',
    call: () => ({ args: { domain: [], fields: ['name'], limit: 1 } }),
    verb: 'access',
    name: 'Model Data',
    groups: ['Access Rights'],
  },
  {
    title: 'making a place',
    model: 'stock.location',
    method: 'create',
    call: () => ({ args: { vals_list: [{ name: 'x' }] } }),
    verb: 'create',
    name: 'Inventory Locations',
    groups: ['Inventory/Administrator'],
  },
  {
    title: 'opening the dialog of a conflict of counts',
    model: 'stock.inventory.conflict',
    method: 'create',
    call: () => ({ args: { vals_list: [{}] } }),
    verb: 'create',
    name: 'Conflict in Inventory',
    groups: ['Inventory/Administrator'],
  },
];

const sentence = (verb: string, name: string, model: string, groups: readonly string[]) =>
  `You are not allowed to ${verb} '${name}' (${model}) records.\n\n${
    groups.length === 0
      ? 'No group currently allows this operation.'
      : `This operation is allowed for the following groups:\n${groups.map((group) => `\t- ${group}`).join('\n')}`
  }\n\nContact your administrator to request access if necessary.`;

/** What accounts may do, and what Odoo says when they may not. */
export function describeRights(bench: Bench): void {
  const { check } = bench;

  describe('access rights', () => {
    let clerk: Api;

    before(function () {
      const server = bench.server();
      if (server.clerk === undefined) return this.skip();
      clerk = new Api({ ...server, ...server.clerk }, 'JSON-2');
    });

    it('may and may not, model by model, as a salesperson and stock user and as an administrator', async () => {
      const admin = bench.api('JSON-2');
      const may = async (api: Api, model: string) => {
        const letters = await Promise.all(
          OPERATIONS.map(async ([letter, operation]) =>
            (await api.get(model, 'has_access', { ids: [], args: { operation } })) ? letter : '',
          ),
        );
        return letters.join('');
      };
      for (const [model, forClerk, forAdmin] of RIGHTS) {
        check.equal(await may(clerk, model), forClerk, `${model} as a clerk`);
        check.equal(await may(admin, model), forAdmin, `${model} as an administrator`);
      }
    });

    for (const refusal of REFUSALS) {
      it(`names the groups that allow ${refusal.title}`, async () => {
        const reply = await clerk.call(refusal.model, refusal.method, refusal.call(bench.fixtures()));
        check.equal(reply.status, 403);
        check.equal(reply.fault?.name, 'odoo.exceptions.AccessError');
        const about = refusal.about ?? refusal.model;
        check.equal(reply.fault?.message, sentence(refusal.verb, refusal.name, about, refusal.groups));
      });
    }

    it('says so for a record that is imported, as for any that cannot be', async () => {
      const args = { fields: ['id', 'name'], data: [['crossdock_conformance.never', 'x']] };
      const reply = await clerk.get<LoadAnswer>('res.partner', 'load', { args });
      check.equal(reply.ids, false);
      const groups = ['Contact/Creation', 'Inventory/Administrator', 'Sales/Administrator'];
      check.equal(reply.messages[0]?.message, sentence('create', 'Contact', 'res.partner', groups));
    });

    it('hides what customers owe from who may not see it', async () => {
      const fields = ['name', 'credit', 'credit_limit'];
      const seen = (api: Api) =>
        api.get<object>('res.partner', 'fields_get', { args: { allfields: fields, attributes: ['type'] } });
      check.deepEqual(Object.keys(await seen(clerk)), ['name']);
      check.deepEqual(Object.keys(await seen(bench.api('JSON-2'))).sort(), [
        'credit',
        'credit_limit',
        'name',
      ]);
      const { uid } = await clerk.get<{ uid: number }>('res.users', 'context_get');
      const refused = (operation: string) =>
        `You do not have enough rights to access the field "credit_limit" on Contact (res.partner). Please contact your system administrator.\n\nOperation: ${operation}\nUser: ${uid}\nGroups: allowed for groups 'Show Accounting Features - Readonly', 'Accounting / Invoicing'`;
      const ids = [bench.fixtures().partner];
      const read = await clerk.call('res.partner', 'read', { ids, args: { fields: ['credit_limit'] } });
      check.equal(read.fault?.name, 'odoo.exceptions.AccessError');
      check.equal(read.fault?.message, refused('read'));
      const found = await clerk.call('res.partner', 'search', {
        args: { domain: [['credit_limit', '>', 1]] },
      });
      check.equal(found.fault?.message, refused('read'));
    });

    it('says the same over JSON-RPC', async () => {
      const { clerk: account, ...server } = bench.server();
      const api = new Api({ ...server, ...account }, 'JSON-RPC');
      const { fault, status } = await api.call('product.product', 'create', {
        args: { vals_list: [{ name: 'x' }] },
      });
      check.equal(status, 200);
      check.equal(fault?.name, 'odoo.exceptions.AccessError');
      check.equal(
        fault?.message,
        sentence('create', 'Product Variant', 'product.product', ['Products/Create']),
      );
    });

    it('lets nobody delete quants', async () => {
      const reply = await bench.api('JSON-2').call('stock.quant', 'unlink', { ids: [1] });
      check.equal(reply.fault?.message, sentence('delete', 'Quants', 'stock.quant', []));
    });

    it('knows who calls', async () => {
      const server = bench.server();
      const wrong = await json2(server, 'res.users', 'context_get', {}, { authorization: 'bearer nobody' });
      check.equal(wrong.status, 401);
      const { uid } = await clerk.get<{ uid: number }>('res.users', 'context_get');
      const [user] = await clerk.get<{ login: string }[]>('res.users', 'read', {
        ids: [uid],
        args: { fields: ['login'] },
      });
      check.equal(user?.login, server.clerk?.login);
    });

    it('plans, ships and counts as a plain account', async () => {
      const { partner, goods, stock } = bench.fixtures();
      const counting = { inventory_mode: true };
      const vals = { product_id: goods, location_id: stock, inventory_quantity: 3 };
      const quant = await clerk.create('stock.quant', vals, counting);
      check.equal(await clerk.get('stock.quant', 'action_apply_inventory', { ids: [quant] }), null);
      const order = await clerk.create('sale.order', {
        partner_id: partner,
        order_line: [[0, 0, { product_id: goods, product_uom_qty: 3 }]],
      });
      check.equal(await clerk.get('sale.order', 'action_confirm', { ids: [order] }), true);
      const { picking_ids: pickings } = await clerk.read('sale.order', order, ['picking_ids']);
      const validate = { ids: pickings as number[], context: { skip_sms: true } };
      check.equal(await clerk.get('stock.picking', 'button_validate', validate), true);
      const deleted = await clerk.call('sale.order', 'unlink', { ids: [order] });
      check.equal(
        deleted.fault?.message,
        sentence('delete', 'Sales Order', 'sale.order', ['Sales/Administrator']),
      );
    });
  });
}
