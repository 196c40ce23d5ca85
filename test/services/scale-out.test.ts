import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOdooClient, type OdooClient } from '../../core/odoo';
import { catalogue, currency } from '../../sandbox/catalogue';
import { EVIDENCE_ALLOW, evidenceOf } from '../../sandbox/demo/evidence';
import { type OdooStandIn, seedOdoo, startOdooStandIn } from '../../sandbox/odoo';
import { check } from '../../sandbox/storefront/checker';
import { History } from '../../sandbox/storefront/history';
import { planRun } from '../../sandbox/storefront/plan';
import { headersOf, PATHS } from '../../sandbox/storefront/senders';
import {
  postgresForTests,
  rabbitForTests,
  type SharedPostgres,
  type SharedRabbit,
} from '../faults/support/shared-services';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';

/** The flow that docs/scale-out.md ships, in two processes on real RabbitMQ and PostgreSQL. */
describe('scale-out: the shipped flow in two processes', () => {
  const run = randomUUID().slice(0, 8);
  const name = `scale-out-${run}`;
  const gateways: NodeRed[] = [];
  let rabbit: SharedRabbit | undefined;
  let postgres: SharedPostgres | undefined;
  let standIn: OdooStandIn;
  let odoo: OdooClient;

  before(async function () {
    rabbit = rabbitForTests(name);
    postgres = postgresForTests(name);
    if (rabbit === undefined || postgres === undefined) return this.skip();
    standIn = await startOdooStandIn();
    await seedOdoo(standIn);
    odoo = createOdooClient({ ...standIn, allow: EVIDENCE_ALLOW });
    const shipped = JSON.parse(
      readFileSync(join(projectFolders().root, 'flows', 'scale-out.json'), 'utf8'),
    ) as Record<string, unknown>[];
    const { schema } = postgres;
    // Only what keeps this run apart from others on the same services.
    const flows = shipped.map((node) => {
      if (node['type'] === 'crossdock-store') return { ...node, schema };
      if (node['type'] !== 'crossdock-event-channel') return node;
      return { ...node, topicPrefix: `faults/${name}`, exchange: `faults.${name}` };
    });
    const [amqp, pg] = [new URL(rabbit.url), new URL(postgres.url)];
    const env = {
      AMQP_URL: `amqp://${amqp.host}${amqp.pathname}`,
      AMQP_USER: decodeURIComponent(amqp.username),
      AMQP_PASSWORD: decodeURIComponent(amqp.password),
      POSTGRES_URL: `postgres://${pg.host}${pg.pathname}`,
      POSTGRES_USER: decodeURIComponent(pg.username),
      POSTGRES_PASSWORD: decodeURIComponent(pg.password),
      ODOO_URL: standIn.url,
      ODOO_DB: standIn.database,
      ODOO_LOGIN: standIn.login,
      ODOO_API_KEY: standIn.apiKey,
    };
    for (let index = 0; index < 2; index += 1) gateways.push(await spawnNodeRed({ flows, env }));
  });
  after(async () => {
    for (const red of gateways) await red.remove();
    await odoo?.close();
    await standIn?.close();
    await rabbit?.remove();
    await postgres?.remove();
  });

  it('places every order once, whichever gateway took it in, and parks what cannot be one', async () => {
    const plan = planRun({
      seed: run,
      run,
      catalogue,
      currency,
      count: 60,
      duplicates: 0.3,
      malformed: 0.1,
      unknownSku: 0.05,
    });
    const history = new History();
    for (const [index, { order, delivery }] of plan.messages.entries()) {
      const { webhook } = delivery;
      // A copy mostly goes to the other gateway than the first one.
      const red = gateways[index % gateways.length];
      assert.ok(red);
      const status = await waitFor(
        async () => {
          const response = await fetch(`${red.url}${PATHS[webhook.shop]}`, {
            method: 'POST',
            headers: { ...headersOf(webhook), connection: 'close' },
            body: webhook.body,
          });
          return response.status < 300 ? response.status : undefined;
        },
        { what: 'the gateway to take an order', timeoutMs: 20_000 },
      );
      history.record(order, delivery, { acknowledged: true, attempts: 1, status });
    }
    const [first] = gateways;
    assert.ok(first);
    const verdict = await check(history, evidenceOf(odoo, first.url), {
      deadlineMs: 60_000,
      quietMs: 500,
      intervalMs: 200,
    });
    assert.equal(verdict.ok, true, JSON.stringify(verdict));
  });
});
