import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { describeShipping } from '../conformance/fulfilment';
import { describeReturns } from '../conformance/returns';

describe('fulfilment and stand-in', () => {
  let standIn: Promise<OdooStandIn> | undefined;
  const server = (): Promise<OdooStandIn> => {
    standIn ??= startOdooStandIn();
    return standIn;
  };

  after(async () => {
    await (await standIn)?.close();
  });

  describeShipping("the sandbox's Odoo", server);
  describeReturns("the sandbox's Odoo", server);
  describeShipping("the sandbox's Odoo over JSON-RPC", server, { transport: 'jsonrpc', essential: true });
  describeReturns("the sandbox's Odoo over JSON-RPC", server, { transport: 'jsonrpc', essential: true });
});
