import { type Bench, type Call, type OdooFault, TRANSPORTS } from './odoo-server';

const MISSING = 99_999_999;

/** One way to fail, and what both transports say about it. */
interface Failure {
  readonly title: string;
  readonly model: string;
  readonly method: string;
  readonly call?: Call;
  /** HTTP status over JSON-2 (JSON-RPC always answers 200). */
  readonly status: number;
  /** Name of the exception, over JSON-2 and, where it differs, over JSON-RPC. */
  readonly name: string;
  readonly rpcName?: string;
  readonly message: RegExp;
  readonly rpcMessage?: RegExp;
}

const FAILURES: readonly Failure[] = [
  {
    title: 'an unknown model',
    model: 'res.nope',
    method: 'search',
    call: { args: { domain: [] } },
    status: 404,
    name: 'werkzeug.exceptions.NotFound',
    rpcName: 'odoo.exceptions.UserError',
    message: /^the model 'res.nope' does not exist$/,
    rpcMessage: /^Object res.nope doesn't exist$/,
  },
  {
    title: 'an unknown method',
    model: 'res.partner',
    method: 'nope',
    status: 404,
    name: 'werkzeug.exceptions.NotFound',
    rpcName: 'builtins.AttributeError',
    message: /^The method 'res.partner.nope' does not exist$/,
  },
  {
    title: 'a private method',
    model: 'res.partner',
    method: '_read_format',
    status: 403,
    name: 'odoo.exceptions.AccessError',
    message: /^Private methods \(such as 'res.partner._read_format'\) cannot be called remotely\.$/,
  },
  {
    title: 'a missing argument',
    model: 'res.partner',
    method: 'search',
    status: 422,
    name: 'werkzeug.exceptions.UnprocessableEntity',
    rpcName: 'builtins.TypeError',
    message: /^missing a required argument: 'domain'$/,
    rpcMessage: /missing 1 required positional argument: 'domain'$/,
  },
  {
    title: 'an unknown argument',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [], nope: 1 } },
    status: 422,
    name: 'werkzeug.exceptions.UnprocessableEntity',
    rpcName: 'builtins.TypeError',
    message: /got an unexpected keyword argument 'nope'$/,
  },
  {
    title: 'reading an unknown field',
    model: 'res.partner',
    method: 'read',
    call: { ids: [1], args: { fields: ['nope'] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field 'nope' on 'res.partner'$/,
  },
  {
    title: 'searching by an unknown field',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [['nope', '=', 1]] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field res.partner.nope in condition \('nope', '=', 1\)$/,
  },
  {
    title: 'searching by an unknown field of a related record',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [['country_id.nope', '=', 'US']] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field res.country.nope in condition \('nope', '=', 'US'\)$/,
  },
  {
    title: 'an unknown operator',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [['name', '~~', 'x']] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid operator in condition \('name', '~~', 'x'\)$/,
  },
  {
    title: 'a malformed domain',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: ['|', ['id', '=', 1]] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Domain\(\) malformed domain \['\|', \['id', '=', 1\]\]$/,
  },
  {
    title: 'a malformed condition',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [['id', '=']] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Domain\(\) invalid item in domain: \['id', '='\]$/,
  },
  {
    title: 'a domain that is a text',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: 'x' } },
    status: 500,
    name: 'builtins.TypeError',
    message: /^Domain\(\) invalid argument type for domain: 'x'$/,
  },
  {
    title: 'an order by an unknown field',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [], order: 'nope' } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field 'nope' on model 'res.partner'$/,
  },
  {
    title: 'an order that is no order',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [], order: 'id; drop' } },
    status: 422,
    name: 'odoo.exceptions.UserError',
    message: /^Invalid "order" specified \(id; drop\)/,
  },
  {
    title: 'a date that is none',
    model: 'res.partner',
    method: 'search',
    call: { args: { domain: [['write_date', '>', 'xx']] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid term 'xx' in expression date: 'xx'$/,
  },
  {
    title: 'creating with an unknown field',
    model: 'res.partner',
    method: 'create',
    call: { args: { vals_list: [{ nope: 1 }] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field 'nope' in 'res.partner'$/,
  },
  {
    title: 'creating without a required field',
    model: 'sale.order',
    method: 'create',
    call: { args: { vals_list: [{}] } },
    status: 422,
    name: 'odoo.exceptions.ValidationError',
    message:
      /^The operation cannot be completed: Missing required value for the field 'Customer' \(partner_id\)\.\nModel: 'Sales Order' \(sale\.order\)\n/,
  },
  {
    title: 'creating a contact without a name',
    model: 'res.partner',
    method: 'create',
    call: { args: { vals_list: [{}] } },
    status: 422,
    name: 'odoo.exceptions.ValidationError',
    message: /^The operation cannot be completed: Contacts require a name$/,
  },
  {
    title: 'creating with a related record that is not there',
    model: 'sale.order',
    method: 'create',
    call: { args: { vals_list: [{ partner_id: MISSING }] } },
    status: 404,
    name: 'odoo.exceptions.MissingError',
    message:
      /^Record does not exist or has been deleted\.\n\(Record: res\.partner\(99999999,\), User: \d+\)$/,
  },
  {
    title: 'a text for a number',
    model: 'product.product',
    method: 'create',
    call: { args: { vals_list: [{ name: 'x', list_price: 'abc' }] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^could not convert string to float: 'abc'$/,
  },
  {
    title: 'writing an unknown field',
    model: 'account.tax',
    method: 'write',
    call: { ids: [1], args: { vals: { nope: 1 } } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field 'nope' in 'account.tax'$/,
  },
  ...['write', 'unlink', 'action_confirm', 'action_cancel', 'action_lock'].map((method) => ({
    title: `${method} of an order that is not there`,
    model: 'sale.order',
    method,
    call: { ids: [MISSING], args: method === 'write' ? { vals: { client_order_ref: 'x' } } : {} },
    status: 404,
    name: 'odoo.exceptions.MissingError',
    message: /^Record does not exist or has been deleted\.\n\(Record: sale\.order\(99999999,\), User: \d+\)$/,
  })),
  {
    title: 'an external id that does not exist',
    model: 'ir.model.data',
    method: 'check_object_reference',
    call: { args: { module: 'crossdock_conformance', xml_id: 'never-made' } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^External ID not found in the system: crossdock_conformance\.never-made$/,
  },
  {
    title: 'loading an unknown column',
    model: 'sale.order',
    method: 'load',
    call: { args: { fields: ['id', 'nope'], data: [['x', 'y']] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field name 'nope'$/,
  },
  {
    title: 'loading an unknown column of the lines',
    model: 'sale.order',
    method: 'load',
    call: { args: { fields: ['id', 'order_line/nope'], data: [['x', 'y']] } },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field name 'nope'$/,
  },
  {
    title: 'loading a row that is too short',
    model: 'sale.order',
    method: 'load',
    call: { args: { fields: ['id', 'partner_id/.id'], data: [['x']] } },
    status: 500,
    name: 'builtins.IndexError',
    message: /^list index out of range$/,
  },
  {
    title: 'loading a tax id that is no text',
    model: 'sale.order',
    method: 'load',
    call: { args: { fields: ['id', 'order_line/tax_ids/.id'], data: [['x', 1]] } },
    status: 500,
    name: 'builtins.AttributeError',
    message: /^'int' object has no attribute 'split'$/,
  },
  {
    title: 'an unknown language',
    model: 'res.partner',
    method: 'search_count',
    call: { args: { domain: [] }, context: { lang: 'xx_XX' } },
    status: 422,
    name: 'odoo.exceptions.UserError',
    message: /^Invalid language code: xx_XX$/,
  },
];

/** Every class of error that a client has to tell apart, by its name and sentence. */
export function describeErrors(bench: Bench): void {
  const { check } = bench;

  const isFault = (fault: OdooFault | undefined) => {
    check.deepEqual(Object.keys(fault ?? {}).sort(), ['arguments', 'context', 'debug', 'message', 'name']);
    check.equal(fault?.arguments[0], fault?.message);
    check.match(fault?.debug ?? '', /^Traceback \(most recent call last\):\n/);
  };

  for (const transport of TRANSPORTS) {
    describe(`errors over ${transport}`, () => {
      for (const failure of FAILURES) {
        it(`reports ${failure.title}`, async () => {
          const overRpc = transport === 'JSON-RPC';
          const { fault, status } = await bench.api(transport).call(failure.model, failure.method, {
            // Over JSON-RPC the ids are the first argument; without them the call itself is malformed.
            ...(overRpc && failure.method.startsWith('_') ? { ids: [1] } : {}),
            ...failure.call,
          });
          check.equal(status, overRpc ? 200 : failure.status);
          check.equal(fault?.name, overRpc ? (failure.rpcName ?? failure.name) : failure.name);
          check.match(
            fault?.message ?? '',
            overRpc ? (failure.rpcMessage ?? failure.message) : failure.message,
          );
          isFault(fault);
        });
      }

      it('leaves out records that are not there when it reads', async () => {
        const { partner } = bench.fixtures();
        const rows = await bench.api(transport).get<unknown[]>('res.partner', 'read', {
          ids: [MISSING, partner],
          args: { fields: ['ref'] },
        });
        check.deepEqual(rows, [{ id: partner, ref: bench.fixtures().prefix }]);
      });

      it('does nothing, successfully, with no ids', async () => {
        const call = { ids: [], args: {} };
        check.equal(await bench.api(transport).get('sale.order', 'action_confirm', call), true);
        check.equal(
          await bench.api(transport).get('res.partner', 'write', { ids: [], args: { vals: {} } }),
          true,
        );
      });
    });
  }

  it('refuses ids for a method that takes none (JSON-2)', async () => {
    const reply = await bench.api('JSON-2').call('res.partner', 'search', { ids: [1], args: { domain: [] } });
    check.equal(reply.status, 422);
    check.equal(reply.fault?.message, 'cannot call res.partner.search with ids');
  });
}
