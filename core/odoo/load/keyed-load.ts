/**
 * Creating records exactly once: `load` with an external id, in `mode: update` with `noupdate` (reference:
 * reliability 2.3). The pair (record, external id) is written in one transaction under a unique index, so a repeated
 * load finds the record unchanged, and of two racing loads one wins and the other answers `ids: false`.
 *
 * The traps, and what is done about them:
 * - `load` in its default mode appends lines on a replay: the context is fixed here and nowhere else;
 * - one bad record rolls the whole batch back: the batch is divided until the bad record stands alone;
 * - `ids: false` over HTTP 200 is no verdict: a lone record is looked up, then loaded again, before it is refused;
 * - a lost answer proves nothing and neither does reading: the same load is sent again, and waits for the first one.
 */
import { crashPoint, crashPointLater } from '../../delivery/crash-point';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';
import { redact } from '../client/redact';
import { CALL_RETRY, jitter, type RetryPolicy, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';

/** One record for `load`. All cells are strings; the first column is `id` and holds the key in the first row. */
export interface KeyedRecord {
  /** The external id without its namespace: no dots, no spaces. */
  readonly key: string;
  readonly columns: readonly string[];
  /** The record's row, then rows that fill only the columns of its one2many (further lines). */
  readonly rows: readonly (readonly string[])[];
  /** Personal values in the rows, kept out of error texts. */
  readonly personal?: readonly string[];
}

export type LoadOutcome = { readonly id: number } | { readonly error: CrossdockError };

interface LoadMessage {
  readonly type?: string;
  readonly field?: string;
  readonly message?: string;
  /** Index of the record in the load; present for most errors, and wrong for some. */
  readonly record?: number;
}

interface LoadReply {
  readonly ids: readonly number[] | false;
  readonly messages?: readonly LoadMessage[];
}

/** What a load has come to so far. */
interface Progress {
  readonly settled: Map<string, LoadOutcome>;
  /** Records that got no id although they were alone, with Odoo's reply. */
  readonly lone: { record: KeyedRecord; reply: LoadReply }[];
}

export interface KeyedLoaderOptions {
  /** Module part of the external ids. Never the name of an installed app: Odoo would delete its records with it. */
  readonly namespace: string;
  /** For a lost race: how often and how long apart a lone record is loaded again. */
  readonly raceRetry?: RetryPolicy;
  readonly callRetry?: RetryPolicy;
}

const RACE_RETRY: RetryPolicy = { attempts: 5, baseMs: 150, maxMs: 2_000 };

export class KeyedLoader {
  private readonly context: Readonly<Record<string, unknown>>;
  private readonly raceRetry: RetryPolicy;
  private readonly callRetry: RetryPolicy;

  constructor(
    private readonly client: OdooClient,
    private readonly options: KeyedLoaderOptions,
  ) {
    this.context = {
      module: options.namespace,
      mode: 'update',
      noupdate: true,
      tracking_disable: true,
      // `load` reads date-times in the context's time zone, else in the user's.
      tz: 'UTC',
    };
    this.raceRetry = options.raceRetry ?? RACE_RETRY;
    this.callRetry = options.callRetry ?? CALL_RETRY;
  }

  /**
   * Creates the records that do not exist yet, in as few calls as possible, and gives the id of every one, or the
   * error of that one. Keys must be distinct. When Odoo cannot be used at all, the remaining ones all get that error.
   */
  async load(model: string, records: readonly KeyedRecord[]): Promise<Map<string, LoadOutcome>> {
    const { settled, late } = await this.loadFirst(model, records);
    for (const [key, outcome] of await late) settled.set(key, outcome);
    return settled;
  }

  /**
   * As `load`, but the records that Odoo did not take at first come late: telling a lost race from a refusal takes
   * seconds, which their neighbours need not wait. `late` never rejects.
   */
  async loadFirst(
    model: string,
    records: readonly KeyedRecord[],
  ): Promise<{ settled: Map<string, LoadOutcome>; late: Promise<Map<string, LoadOutcome>> }> {
    const progress: Progress = { settled: new Map(), lone: [] };
    const shapes = new Map<string, KeyedRecord[]>();
    for (const record of records) {
      const shape = record.columns.join('\n');
      const group = shapes.get(shape);
      if (group) group.push(record);
      else shapes.set(shape, [record]);
    }
    for (const group of shapes.values()) await this.loadGroup(model, group, progress);
    const late = Promise.all(
      progress.lone.map(
        async ({ record, reply }) => [record.key, await this.settle(model, record, reply)] as const,
      ),
    ).then((outcomes) => new Map(outcomes));
    return { settled: progress.settled, late };
  }

  private async loadGroup(model: string, records: readonly KeyedRecord[], progress: Progress): Promise<void> {
    let reply: LoadReply;
    try {
      reply = await this.send(model, records);
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (records.length === 1 || isOutage(error)) {
        for (const record of records) progress.settled.set(record.key, { error });
        return;
      }
      // A record that makes Odoo itself fail must not take its neighbours along.
      for (const part of divide(records, [])) await this.loadGroup(model, part, progress);
      return;
    }
    const { ids } = reply;
    if (ids && ids.length === records.length) {
      records.forEach((record, index) => {
        progress.settled.set(record.key, { id: ids[index] as number });
      });
      return;
    }
    const [only] = records;
    if (records.length === 1 && only) {
      progress.lone.push({ record: only, reply });
      return;
    }
    for (const part of divide(records, reply.messages ?? [])) await this.loadGroup(model, part, progress);
  }

  /** A lone record without an id: a lost race, or really refused. */
  private async settle(model: string, record: KeyedRecord, first: LoadReply): Promise<LoadOutcome> {
    let reply = first;
    try {
      for (let attempt = 1; attempt <= this.raceRetry.attempts; attempt += 1) {
        const id = await this.find(model, record.key);
        if (id !== undefined) return { id };
        // An error at a field is about the value and stays; it is tried once more only against a stale look.
        if (attempt > 1 && errorsOf(reply).some((message) => message.field)) break;
        await jitter(this.raceRetry, attempt);
        reply = await this.send(model, [record]);
        const [loaded] = reply.ids || [];
        if (loaded !== undefined) return { id: loaded };
      }
    } catch (thrown) {
      return { error: asCrossdockError(thrown) };
    }
    return { error: refusal(model, record, reply) };
  }

  private send(model: string, records: readonly KeyedRecord[]): Promise<LoadReply> {
    const fields = records[0]?.columns ?? [];
    const data = records.flatMap((record) => record.rows);
    return withRetry(this.callRetry, async () => {
      crashPoint('odoo.beforeSend');
      const call = this.client.call<LoadReply>(model, 'load', {
        args: { fields, data },
        context: this.context,
      });
      // By then it has been written to the connection.
      crashPointLater('odoo.afterSendBeforeReply');
      const reply = await call;
      crashPoint('odoo.afterReply');
      return reply;
    });
  }

  /** The id behind a key, when it exists and may be seen. */
  async find(model: string, key: string): Promise<number | undefined> {
    try {
      const found = await withRetry(this.callRetry, () =>
        this.client.call<readonly [string, number | false]>('ir.model.data', 'check_object_reference', {
          args: { module: this.options.namespace, xml_id: key },
        }),
      );
      return found[0] === model && typeof found[1] === 'number' ? found[1] : undefined;
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      // Odoo says "not found" by a ValueError.
      if (error.code === 'ODOO_INVALID_CALL' || error.code === 'ODOO_ACCESS') return undefined;
      throw error;
    }
  }
}

/**
 * Divides a failed batch into smaller ones. Where the messages name records, those are tried apart from the others
 * (usually one bad order among many: three loads instead of a dozen); where they name none or all, it is halved.
 * The messages are a hint only: every part is loaded, and divided again when it fails.
 */
function divide(records: readonly KeyedRecord[], messages: readonly LoadMessage[]): KeyedRecord[][] {
  const named = new Set(
    messages.filter((message) => message.type !== 'warning').map((message) => message.record),
  );
  const suspects = records.filter((_record, index) => named.has(index));
  if (suspects.length > 0 && suspects.length < records.length) {
    return [records.filter((_record, index) => !named.has(index)), suspects];
  }
  const middle = Math.ceil(records.length / 2);
  return [records.slice(0, middle), records.slice(middle)];
}

function errorsOf(reply: LoadReply): readonly LoadMessage[] {
  return (reply.messages ?? []).filter((message) => message.type !== 'warning');
}

function refusal(model: string, record: KeyedRecord, reply: LoadReply): CrossdockError {
  const errors = errorsOf(reply);
  const text = redact(errors.map((message) => message.message ?? '').join(' '), record.personal ?? []);
  const field = errors.find((message) => message.field)?.field;
  const where = field === undefined ? '' : ` (field ${field})`;
  return new CrossdockError(
    `Odoo refused the ${LABELS[model] ?? model}${where}: ${text || 'no reason given'}`,
    {
      code: 'ODOO_VALIDATION',
      kind: 'business',
      facts: { model, ...(field === undefined ? {} : { field }) },
    },
  );
}

const LABELS: Readonly<Record<string, string>> = { 'sale.order': 'order', 'res.partner': 'customer' };
