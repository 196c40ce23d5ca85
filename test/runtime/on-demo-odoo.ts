import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { Api } from '../conformance/odoo-server';
import { type NodeRed, spawnNodeRed } from '../support';
import { type EditorChannel, watchEditor } from './editor-channel';

/** A Node-RED beside the demo's Odoo, without flows, and what an open editor learns of it. */
export interface OnDemoOdoo {
  readonly odoo: OdooStandIn;
  readonly api: Api;
  readonly red: NodeRed;
  readonly channel: EditorChannel;
  close(): Promise<void>;
}

export async function startOnDemoOdoo(): Promise<OnDemoOdoo> {
  const odoo = await startOdooStandIn();
  let red: NodeRed | undefined;
  try {
    await seedDemoCompany(odoo);
    red = await spawnNodeRed({ env: addressOf(odoo) });
    return await beside(odoo, red);
  } catch (error) {
    await red?.remove();
    await odoo.close();
    throw error;
  }
}

async function beside(odoo: OdooStandIn, red: NodeRed): Promise<OnDemoOdoo> {
  const channel = await watchEditor(red);
  return {
    odoo,
    api: new Api(odoo, 'JSON-2'),
    red,
    channel,
    async close() {
      channel.close();
      await red.remove();
      await odoo.close();
    },
  };
}

function addressOf({ url, database, apiKey }: OdooStandIn): Record<string, string> {
  return { ODOO_URL: url, ODOO_DB: database, ODOO_API_KEY: apiKey, ODOO_LOGIN: '' };
}
