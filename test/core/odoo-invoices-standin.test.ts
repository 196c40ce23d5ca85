import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { describeInvoices } from '../conformance/invoices';

describe('invoices on the stand-in', () => {
  let odoo: OdooStandIn | undefined;
  const start = async (): Promise<OdooStandIn> => {
    odoo ??= await startOdooStandIn({ latencyMs: 0 });
    return odoo;
  };
  after(() => odoo?.close());

  describeInvoices('the stand-in', start, { rights: true });
  describeInvoices('the stand-in over JSON-RPC', start, { few: true, transport: 'jsonrpc' });
});
