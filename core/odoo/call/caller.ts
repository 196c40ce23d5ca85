/**
 * Calls any allowed method of any allowed model, with values as people write them. What a write has come to is never
 * guessed: when its answer is lost, the error is `ambiguous`, and unless the caller says that the method may be
 * repeated, nothing repeats it. Creating with a key is repeated safely: Odoo itself refuses a second one.
 */
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { isReading } from '../client/allow-list';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { isObject, safeCopy, safeName } from './arguments';
import { invalidCall } from './faults';
import { fieldsOf } from './fields';
import { KeyedCreator } from './keyed-create';
import { toPlainRows } from './read-values';
import { toOdooValues } from './write-values';

export interface OdooCall {
  readonly model: string;
  readonly method: string;
  /** The records that a method of records works on. */
  readonly ids?: readonly number[] | undefined;
  /** By name, as the method's signature has them; `values` stands for what create and write take. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** For `create`: the same key creates no second record, however often the call is made. */
  readonly key?: string | undefined;
}

export interface CallerOptions {
  /** How records are given: `plain` (see read-values), or as Odoo writes them. */
  readonly shape: 'plain' | 'odoo';
  /** Rows of an answer; more are an error, since a part of them would look like all. */
  readonly maxRows: number;
  /** Bytes of an answer as JSON. */
  readonly maxBytes: number;
  /** Whether a write whose answer was lost may be made again. */
  readonly repeatable: boolean;
}

export interface CallResult {
  readonly value: unknown;
  /** Whether the method may have changed something. */
  readonly wrote: boolean;
}

const ROWS = new Set(['read', 'search', 'search_read']);

export class OdooCaller {
  private readonly keyed: KeyedCreator;

  constructor(
    private readonly client: OdooClient,
    private readonly options: CallerOptions,
  ) {
    this.keyed = new KeyedCreator(client);
  }

  /**
   * Makes the call. Throws CrossdockError: CALL_INVALID, ODOO_VALUES, ODOO_TOO_MANY_ROWS, ODOO_RESPONSE_TOO_LARGE
   * (permanent), or what `OdooClient.call` throws. An ambiguous one is not repeatable unless the options say so.
   */
  async call(call: OdooCall): Promise<CallResult> {
    const args = safeArguments(call.args);
    const context = safeContext(call.context);
    const { model, method, ids } = call;
    if (call.key !== undefined) {
      if (method !== 'create') throw invalidCall('A key goes with the method create only.', { method });
      return { value: await this.createOnce(model, call.key, args), wrote: true };
    }
    const prepared = await this.withValues(model, method, args);
    if (isReading(method))
      return { value: await this.read(model, method, ids, prepared.args, context), wrote: false };
    const value = await this.write(() =>
      this.client.call(model, method, { ids, args: prepared.args, context }),
    );
    // One record was given, so one id is what was asked for.
    return { value: prepared.single && Array.isArray(value) ? (value[0] as unknown) : value, wrote: true };
  }

  private async read(
    model: string,
    method: string,
    ids: readonly number[] | undefined,
    args: Readonly<Record<string, unknown>>,
    context: Readonly<Record<string, unknown>> | undefined,
  ): Promise<unknown> {
    const { maxRows, maxBytes, shape } = this.options;
    const bounded =
      method.startsWith('search') && method !== 'search_count' && args['limit'] === undefined
        ? { ...args, limit: maxRows + 1 }
        : args;
    const answer = await withRetry(CALL_RETRY, () =>
      this.client.call(model, method, { ids, args: bounded, context }),
    );
    if (ROWS.has(method) && Array.isArray(answer) && answer.length > maxRows) {
      throw new CrossdockError(
        `More than ${maxRows} records of ${model} match. Read them in pages, or narrow the search.`,
        { code: 'ODOO_TOO_MANY_ROWS', kind: 'permanent', facts: { model, method, limit: maxRows } },
      );
    }
    assertSize(answer, maxBytes, model, method);
    if (shape === 'odoo' || (method !== 'read' && method !== 'search_read')) return answer;
    return toPlainRows(answer, await fieldsOf(this.client, model));
  }

  /** What could not be known is said so, and stays with the message until a person has looked. */
  private async write(work: () => Promise<unknown>): Promise<unknown> {
    try {
      return await work();
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (error.kind !== 'ambiguous' || this.options.repeatable) throw error;
      throw new CrossdockError(
        `${error.message} Whether Odoo has done it is not known: look there before the message is sent again.`,
        {
          code: error.code,
          kind: 'ambiguous',
          repeatable: false,
          facts: error.facts,
          cause: error,
        },
      );
    }
  }

  /** Reads what create and write are to set by the fields of the model. */
  private async withValues(
    model: string,
    method: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<{ args: Readonly<Record<string, unknown>>; single: boolean }> {
    const name = VALUES[method];
    if (name === undefined) return { args, single: false };
    const { values, ...rest } = args;
    const given = args[name] ?? args['vals'] ?? values;
    const taken = { ...rest };
    for (const other of ['vals', 'vals_list']) delete taken[other];
    if (given === undefined) throw invalidCall(`${method} needs the argument "${name}".`, { method });
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (method === 'write' && Array.isArray(given))
      throw invalidCall('write takes one object of values.', { method });
    const records = list.map((each, index) => {
      const path = Array.isArray(given) ? `/${name}/${index}` : `/${name}`;
      if (!isObject(each))
        throw invalidCall(`The argument "${name}" must be an object of values.`, { method });
      return { values: each, path };
    });
    const converted = await toOdooValues(this.client, model, records);
    return {
      args: { ...taken, [name]: method === 'write' ? converted[0] : converted },
      single: method === 'create' && !Array.isArray(given),
    };
  }

  private async createOnce(
    model: string,
    key: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<number> {
    const given = args['vals_list'] ?? args['vals'] ?? args['values'];
    const [one] = Array.isArray(given) ? (given as readonly unknown[]) : [given];
    if (!isObject(one) || (Array.isArray(given) && given.length !== 1)) {
      throw invalidCall('Creating with a key takes the values of one record.', { model });
    }
    return this.keyed.create(model, key, one);
  }
}

/** The argument that holds values of records. */
const VALUES: Readonly<Record<string, string | undefined>> = { create: 'vals_list', write: 'vals' };

function safeArguments(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        // These have places of their own, and would be taken for them.
        if (name === 'ids' || name === 'context')
          throw invalidCall(`"${name}" is no argument: it has a field of its own.`);
        return [safeName(name, 'an argument'), safeCopy(value, `/${name}`)];
      }),
  );
}

function safeContext(context: unknown): Record<string, unknown> | undefined {
  if (context === undefined || context === null || context === '') return undefined;
  if (!isObject(context)) throw invalidCall('The context must be an object.');
  return Object.fromEntries(
    Object.entries(context).map(([name, value]) => [
      safeName(name, 'a context value'),
      safeCopy(value, `/context/${name}`),
    ]),
  );
}

export function assertSize(answer: unknown, maxBytes: number, model: string, method: string): void {
  if (!Array.isArray(answer)) return;
  // Rows are about equally long: a look at a few of them is enough to leave small answers alone.
  const few = answer.slice(0, 20);
  const estimate = (JSON.stringify(few).length / Math.max(1, few.length)) * answer.length;
  if (estimate < maxBytes / 4) return;
  if (Buffer.byteLength(JSON.stringify(answer)) <= maxBytes) return;
  const limit = Math.floor(maxBytes / 1024);
  throw new CrossdockError(`Odoo's answer to ${model}.${method} is larger than ${limit} KiB.`, {
    code: 'ODOO_RESPONSE_TOO_LARGE',
    kind: 'permanent',
    facts: { model, method, limit },
  });
}
