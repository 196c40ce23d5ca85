/** The demo's Odoo: the embedded stand-in, which keeps its state over restarts, or a real one. */
import { createOdooClient } from '../../core/odoo';
import { catalogue } from '../catalogue';
import { seedOdoo, startOdooStandIn } from '../odoo';
import { readOnHand, STOCK_ALLOW } from './activity';

export interface OdooAccess {
  readonly url: string;
  readonly database: string;
  readonly login: string;
  readonly apiKey: string;
}

export interface OdooOptions {
  /** A real one; the stand-in when undefined. */
  readonly real: OdooAccess | undefined;
  /** Where the stand-in keeps its state. */
  readonly file: string;
  /** Whether to create the demo's products in a real one. */
  readonly seedReal: boolean;
  /** Gives the stand-in's start a port. */
  readonly start: <T>(begin: (port: number) => Promise<T>) => Promise<T>;
  readonly say: (line: string) => void;
}

export interface OpenOdoo {
  readonly access: OdooAccess & { readonly standIn: boolean };
  close(): Promise<void>;
}

/** Products that stand for charges and discounts; the odoo order node needs them besides the catalogue. */
const NEEDED = ['SHIPPING', 'DISCOUNT'];

export async function openOdoo(options: OdooOptions): Promise<OpenOdoo> {
  const { real, say } = options;
  if (real !== undefined) {
    if (options.seedReal) await seedOdoo(real);
    else await nameMissingProducts(real, say);
    return { access: { ...real, standIn: false }, close: async () => undefined };
  }
  const standIn = await options.start((port) => startOdooStandIn({ port, file: options.file }));
  try {
    const { url, database, login, apiKey } = standIn;
    const access = { url, database, login, apiKey };
    await seedOdoo(access);
    return { access: { ...access, standIn: true }, close: () => standIn.close() };
  } catch (error) {
    await standIn.close();
    throw error;
  }
}

/** A real Odoo is not written to unasked: one line says what the demo's orders will not find. */
async function nameMissingProducts(real: OdooAccess, say: (line: string) => void): Promise<void> {
  const client = createOdooClient({ ...real, allow: STOCK_ALLOW });
  try {
    const wanted = [...catalogue.map((product) => product.sku), ...NEEDED];
    const found = new Set((await readOnHand(client, wanted)).map((product) => product.sku));
    const missing = wanted.filter((sku) => !found.has(sku));
    if (missing.length === 0) return;
    const names =
      missing.length > 8
        ? `${missing.slice(0, 8).join(', ')} and ${missing.length - 8} more`
        : missing.join(', ');
    say(
      `Odoo has no product ${names}: orders for them will be parked. CROSSDOCK_SEED=1 npm start creates the demo's products there.`,
    );
  } finally {
    await client.close();
  }
}
