import { randomBytes } from 'node:crypto';
import { describeAccess } from './odoo-access';
import { describeCounts } from './odoo-counts';
import { describeErrors } from './odoo-errors';
import { describeInvoicing } from './odoo-invoices';
import { describeLoad } from './odoo-load';
import { describeLoadCells } from './odoo-load-cells';
import { describeLoadPartners } from './odoo-load-partners';
import { describeOrders } from './odoo-orders';
import { describeQueries } from './odoo-queries';
import { describeReturns } from './odoo-returns';
import { describeRights } from './odoo-rights';
import {
  Api,
  type Bench,
  Counter,
  type Fixtures,
  hideFixtures,
  makeFixtures,
  type OdooServer,
  type Transport,
} from './odoo-server';
import { describeStock } from './odoo-stock';
import { describeTransferCalls } from './odoo-transfer-calls';
import { describeTransfers } from './odoo-transfers';
import { describeWatched } from './odoo-watched';

/**
 * Everything that Crossdock relies on in an Odoo 19, asserted over JSON-2 and JSON-RPC alike. What it asserts was seen
 * on a real Odoo 19.0; the stand-in in sandbox/odoo has to pass the same.
 *
 * It makes its own records under a random prefix and needs no demo data. Where the server is not there, `getServer`
 * returns undefined and the whole suite is skipped.
 */
export function describeOdooConformance(
  name: string,
  getServer: () => Promise<OdooServer | undefined>,
): void {
  describe(`Odoo conformance: ${name}`, function () {
    this.timeout(120_000);
    const check = new Counter();
    const apis = new Map<Transport, Api>();
    let server: OdooServer | undefined;
    let fixtures: Fixtures | undefined;

    const need = <T>(value: T | undefined): T => {
      if (value === undefined) throw new Error('the server is not there yet');
      return value;
    };
    const bench: Bench = {
      check,
      server: () => need(server),
      fixtures: () => need(fixtures),
      key: () => `cf-${randomBytes(12).toString('hex')}`,
      api(transport) {
        const api = apis.get(transport) ?? new Api(need(server), transport);
        apis.set(transport, api);
        return api;
      },
    };

    before(async function () {
      server = await getServer();
      if (server === undefined) this.skip();
      fixtures = await makeFixtures(bench.api('JSON-2'));
    });

    after(async () => {
      if (fixtures === undefined) return;
      await hideFixtures(bench.api('JSON-2'), fixtures);
      console.log(`    conformance: ${name}: ${check.count} assertions`);
    });

    describeAccess(bench);
    describeErrors(bench);
    describeLoad(bench);
    describeLoadCells(bench);
    describeLoadPartners(bench);
    describeOrders(bench);
    describeStock(bench);
    describeTransfers(bench);
    describeTransferCalls(bench);
    describeReturns(bench);
    describeCounts(bench);
    describeRights(bench);
    describeInvoicing(bench);
    describeQueries(bench);
    describeWatched(bench);
  });
}
