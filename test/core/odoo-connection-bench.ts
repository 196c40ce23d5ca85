/** A connection to a scripted Odoo whose time passes only when the test says so. */
import assert from 'node:assert/strict';
import type { CrossdockError } from '../../core/errors';
import { createOdooClient, type OdooConfig, type OdooConnection } from '../../core/odoo';
import type { Clock } from '../../core/odoo/client/clock';
import { type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

/** Time that passes only when the test says so; who sleeps is woken as the time comes. */
export class TestClock implements Clock {
  private ms = 1_000_000;
  private sleepers: { until: number; wake: () => void }[] = [];
  readonly slept: number[] = [];

  now(): number {
    return this.ms;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    return new Promise((wake) => this.sleepers.push({ until: this.ms + ms, wake }));
  }

  pass(ms: number): void {
    this.ms += ms;
    const due = this.sleepers.filter(({ until }) => until <= this.ms);
    this.sleepers = this.sleepers.filter((one) => !due.includes(one));
    for (const { wake } of due) wake();
  }
}

/** A new Odoo and clock for each test; connections are closed behind it. */
export class ConnectionBench {
  odoo!: ScriptedOdoo;
  clock!: TestClock;
  readonly #clients: OdooConnection[] = [];

  constructor() {
    beforeEach(async () => {
      this.clock = new TestClock();
      this.odoo = await startScriptedOdoo(() => []);
    });
    afterEach(async () => {
      await this.odoo.close();
      await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    });
  }

  readonly connect = (config: Partial<OdooConfig> = {}): OdooConnection => {
    const all = { url: this.odoo.url, database: 'db', login: 'bot', apiKey: 'old-secret', ...config };
    const client = createOdooClient(all, { clock: this.clock });
    this.#clients.push(client);
    return client;
  };
}

export const failure = (work: Promise<unknown>): Promise<CrossdockError> =>
  work.then(
    () => assert.fail('the call succeeded'),
    (error: CrossdockError) => error,
  );

export const read = (client: OdooConnection): Promise<unknown> =>
  client.call('sale.order', 'read', { ids: [1] });
