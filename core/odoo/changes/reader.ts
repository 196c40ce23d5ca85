/** What change capture asks Odoo: which records have changed since, what is in them, which are still there. */
import { createHash } from 'node:crypto';
import { CrossdockError } from '../../errors';
import { fieldsOf, type ModelFields } from '../call/fields';
import { type PlainRecord, toPlain } from '../call/read-values';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import type { Watched } from './types';

/** A record and its version: Odoo gives times to the second only, and cuts off what a domain says beyond. */
export interface Stamp {
  readonly id: number;
  readonly version: string;
}

/** A record as it is now. */
export interface Content extends Stamp {
  readonly createdAt: string;
  readonly values: PlainRecord;
  /** Over all stored fields: tells two versions within one second apart. */
  readonly digest: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Archived records are records too. */
const CONTEXT = { active_test: false };
const ALWAYS = ['id', 'create_date', 'write_date'];
/** Types whose value is one column, cheap to read. */
const PLAIN = new Set([
  'boolean',
  'char',
  'date',
  'datetime',
  'float',
  'integer',
  'many2one',
  'monetary',
  'selection',
  'text',
]);

/** Fields of the model, once. */
interface Plan {
  readonly known: ModelFields;
  /** In the messages. */
  readonly given: readonly string[];
  /** In the digest. */
  readonly digested: readonly string[];
}

export class ChangeReader {
  #plan: Promise<Plan> | undefined;

  constructor(
    private readonly client: OdooClient,
    private readonly watched: Watched,
  ) {}

  /** Rejects with ODOO_FIELD_MISSING (transient: the messages are not at fault), or like `OdooClient.call`. */
  async fields(): Promise<ModelFields> {
    return (await this.#planned()).known;
  }

  /** A page, by ascending id, of the records that were written at `since` or later. */
  stamps(since: string, after: number, limit: number): Promise<readonly Stamp[]> {
    return this.#stamps([['write_date', '>=', since], ['id', '>', after], ...this.watched.domain], limit);
  }

  /** A page, by ascending id, of all records. */
  all(after: number, limit: number): Promise<readonly Stamp[]> {
    return this.#stamps([['id', '>', after], ...this.watched.domain], limit);
  }

  /** Those of the records that exist, whether they match the domain or not. */
  async existing(ids: readonly number[]): Promise<ReadonlySet<number>> {
    const rows = await this.#stamps([['id', 'in', ids]], ids.length);
    return new Set(rows.map(({ id }) => id));
  }

  /** The records as they are now; those that are gone or do not match are missing. */
  async contents(ids: readonly number[]): Promise<readonly Content[]> {
    const { given, digested } = await this.#planned();
    const rows = await this.#read(
      [['id', 'in', ids], ...this.watched.domain],
      [...digested, ...given],
      ids.length,
    );
    return this.#contents(rows, true);
  }

  /** A page of the back-fill, by ascending id: records that were last written in [since, before). */
  async old(
    since: string | undefined,
    before: string,
    after: number,
    limit: number,
  ): Promise<readonly Content[]> {
    const { given } = await this.#planned();
    const from = since === undefined ? [] : [['write_date', '>=', since]];
    const domain = [['id', '>', after], ['write_date', '<', before], ...from, ...this.watched.domain];
    return this.#contents(await this.#read(domain, given, limit), false);
  }

  /** How many the back-fill will find; undefined when the account may not count. */
  async countOld(since: string | undefined, before: string): Promise<number | undefined> {
    const from = since === undefined ? [] : [['write_date', '>=', since]];
    const domain = [['write_date', '<', before], ...from, ...this.watched.domain];
    try {
      return await withRetry(CALL_RETRY, () =>
        this.client.call<number>(this.watched.model, 'search_count', { args: { domain }, context: CONTEXT }),
      );
    } catch (thrown) {
      if (thrown instanceof CrossdockError && !thrown.retryable) return undefined;
      throw thrown;
    }
  }

  async #contents(rows: readonly Row[], digests: boolean): Promise<readonly Content[]> {
    const { known, given, digested } = await this.#planned();
    return rows.map((row) => {
      const values = Object.fromEntries(given.map((name) => [name, row[name]]));
      return {
        id: Number(row['id']),
        version: String(row['write_date']),
        createdAt: String(row['create_date']),
        values: toPlain(values, known),
        digest: digests ? digestOf(digested.map((name) => row[name])) : '',
      };
    });
  }

  async #stamps(domain: readonly unknown[], limit: number): Promise<readonly Stamp[]> {
    const rows = await this.#ask(domain, ['write_date'], limit);
    return rows.map((row) => ({ id: Number(row['id']), version: String(row['write_date']) }));
  }

  #read(domain: readonly unknown[], fields: readonly string[], limit: number): Promise<readonly Row[]> {
    return this.#ask(domain, [...new Set([...ALWAYS, ...fields])], limit);
  }

  #ask(domain: readonly unknown[], fields: readonly string[], limit: number): Promise<readonly Row[]> {
    const args = { domain, fields, order: 'id', limit };
    return withRetry(CALL_RETRY, () =>
      this.client.call<readonly Row[]>(this.watched.model, 'search_read', { args, context: CONTEXT }),
    );
  }

  #planned(): Promise<Plan> {
    if (this.#plan === undefined) {
      const plan = this.#makePlan();
      this.#plan = plan;
      plan.catch(() => {
        this.#plan = undefined;
      });
    }
    return this.#plan;
  }

  async #makePlan(): Promise<Plan> {
    const { model, fields, optionalFields } = this.watched;
    const known = await fieldsOf(this.client, model);
    const missing = ['write_date', ...(optionalFields === true ? [] : fields)].find(
      (name) => !known.has(name),
    );
    if (missing !== undefined) {
      throw new CrossdockError(`Odoo's ${model} has no field "${missing}" that this account may read.`, {
        code: 'ODOO_FIELD_MISSING',
        kind: 'transient',
        facts: { model, field: missing },
      });
    }
    const stored = [...known]
      .filter(([, { type, stored: kept }]) => kept && PLAIN.has(type))
      .map(([name]) => name)
      .sort();
    const asked = fields.filter((name) => known.has(name));
    const given = asked.length > 0 ? asked : stored;
    // A figure that Odoo computes afresh at every reading would differ without a change.
    const steady = given.filter((name) => {
      const facts = known.get(name);
      return facts !== undefined && (facts.stored || facts.related);
    });
    return { known, given, digested: [...new Set([...stored, ...steady])] };
  }
}

function digestOf(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url').slice(0, 22);
}
