/**
 * Sends a run of storefront orders to a gateway, and with --check compares the outcome with Odoo and the dead letters.
 * Ends with code 0 when nothing was lost, doubled or wrong, 1 otherwise, 2 when it was called wrongly.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createOdooClient, type OdooClient } from '../../core/odoo';
import { catalogue, currency as catalogueCurrency } from '../catalogue';
import { check } from '../storefront/checker';
import { planRun } from '../storefront/plan';
import { runPlan } from '../storefront/simulator';
import { readCurrency, STOCK_ALLOW } from './activity';
import { EVIDENCE_ALLOW, evidenceOf } from './evidence';
import { projectRoot } from './home';
import { verdictLine, verdictTable } from './report';
import { readRunFile } from './run-file';

const USAGE = `Usage: npm run demo:orders -- [options]
  --count 200          distinct orders, bad ones included
  --duplicates 0.3     copies sent beside them, as a share of the count
  --malformed 0.05     share of orders that are unfit
  --unknown-sku 0.05   share of orders with a product that Odoo does not have
  --seed 42            the same seed gives the same orders
  --run <name>         names the run (part of the order numbers); the same name again sends the same orders again
  --concurrency 8      messages on their way at once
  --target <address>   the gateway; that of the running demo when left out
  --check              compare the outcome with Odoo and the dead letters
  --deadline 300       seconds to wait for it
The Odoo to look into is that of the running demo, or ODOO_URL, ODOO_DB, ODOO_API_KEY (and ODOO_LOGIN below 19).`;

/** A mistake in how the program was called. */
class UsageError extends Error {}

interface Options {
  readonly count: number;
  readonly duplicates: number;
  readonly malformed: number;
  readonly unknownSku: number;
  readonly seed: string;
  readonly run: string;
  readonly concurrency: number;
  readonly target: string;
  readonly check: boolean;
  readonly deadlineMs: number;
}

const home = resolve(process.env['CROSSDOCK_HOME'] ?? join(projectRoot, '.crossdock'));
const running = readRunFile(join(home, 'run.json'));

function readOptions(): Options | undefined {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      options: {
        count: { type: 'string', default: '200' },
        duplicates: { type: 'string', default: '0.3' },
        malformed: { type: 'string', default: '0.05' },
        'unknown-sku': { type: 'string', default: '0.05' },
        seed: { type: 'string', default: '42' },
        run: { type: 'string', default: Date.now().toString(36) },
        concurrency: { type: 'string', default: '8' },
        target: { type: 'string', default: running?.editorUrl ?? 'http://127.0.0.1:1880' },
        check: { type: 'boolean', default: false },
        deadline: { type: 'string', default: '300' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values['help'] === true) return undefined;
  const number = (name: string, min: number, max: number): number => {
    const value = Number(values[name]);
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    throw new UsageError(`--${name} must be a number from ${min} to ${max}.`);
  };
  const malformed = number('malformed', 0, 1);
  const unknownSku = number('unknown-sku', 0, 1);
  if (malformed + unknownSku > 1)
    throw new UsageError('--malformed and --unknown-sku are more than all orders together.');
  const target = String(values['target']);
  if (!URL.canParse(target))
    throw new UsageError('--target must be an address such as http://127.0.0.1:1880.');
  return {
    count: Math.round(number('count', 1, 10_000)),
    duplicates: number('duplicates', 0, 10),
    malformed,
    unknownSku,
    seed: String(values['seed']),
    run: String(values['run']),
    concurrency: Math.round(number('concurrency', 1, 256)),
    target,
    check: values['check'] === true,
    deadlineMs: number('deadline', 1, 86_400) * 1000,
  };
}

/** A client for looking only: to Odoo as the environment says, else to that of the running demo. */
function odooAccess(): OdooClient | undefined {
  const { ODOO_URL: url, ODOO_DB: database, ODOO_LOGIN: login, ODOO_API_KEY: apiKey } = process.env;
  const allow = { ...EVIDENCE_ALLOW, 'res.company': STOCK_ALLOW['res.company'] };
  if (url && database && apiKey) return createOdooClient({ url, database, login, apiKey, allow });
  const odoo = running?.odoo;
  return odoo?.apiKey === undefined ? undefined : createOdooClient({ ...odoo, apiKey: odoo.apiKey, allow });
}

/** Senders are patient; a person who has mistyped the address is not. */
async function refuseNobody(target: string): Promise<void> {
  try {
    await (await fetch(target, { signal: AbortSignal.timeout(5000) })).arrayBuffer();
  } catch {
    throw new Error(
      `Nothing answers at ${target}. Start the demo first (npm start), or name the gateway with --target.`,
    );
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    console.log(USAGE);
    return 0;
  }
  await refuseNobody(options.target);
  const odoo = odooAccess();
  if (odoo === undefined && options.check) {
    throw new UsageError('--check needs the running demo, or ODOO_URL, ODOO_DB and ODOO_API_KEY.');
  }
  const currency = odoo === undefined ? catalogueCurrency : await readCurrency(odoo);
  const plan = planRun({ ...options, catalogue, currency });
  const started = Date.now();
  console.log(
    `Run ${options.run}, seed ${options.seed}: ${plan.orders.length} orders in ${plan.messages.length} messages to ${options.target}`,
  );
  const history = await runPlan(plan, options);
  const sentIn = Date.now() - started;
  const { acknowledged, unknown, attempts } = history.counts();
  console.log(
    `${acknowledged} acknowledged, ${unknown} not, ${attempts} attempts, ${(sentIn / 1000).toFixed(1)} s`,
  );
  if (odoo === undefined || !options.check) {
    await odoo?.close();
    return unknown === 0 ? 0 : 1;
  }
  try {
    const verdict = await check(history, evidenceOf(odoo, options.target), {
      deadlineMs: options.deadlineMs,
    });
    const { run, seed } = options;
    console.log(verdictTable(verdict));
    console.log(verdictLine(verdict, { run, seed, sentIn, settledIn: Date.now() - started }));
    return verdict.ok ? 0 : 1;
  } finally {
    await odoo.close();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    if (error instanceof UsageError) console.error(USAGE);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
