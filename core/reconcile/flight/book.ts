/**
 * What is on its way: messages in the inboxes, events in the outbox, and dead letters, by the keys that they name. Written
 * down when a run begins, before any source is read, and again before the merge: what is settled in between was on its
 * way for the source that was read first. Bodies are read in small pages, and only of what is not settled.
 */
import { DeadLetters } from '../../dead-letter';
import { INBOX_SCHEMA, OUTBOX_SCHEMA } from '../../delivery';
import { inventoryMigration } from '../../inventory/schema';
import type { Row, SqlValue, Statement, Store } from '../../store';
import { insertFlights } from '../history/schema';
import type { Flight } from '../types';
import { addIdentity, identitiesOf, memberName } from './identities';

/** Messages that are looked at per place; with more, differences say that not all was. */
const MAX_MESSAGES = 20_000;
/** A page is small since its bodies are in the event loop's memory. */
const PAGE = 50;
const MAX_BODY = 262_144;
/** Keys of one message: more names are a catalogue, not a message about something. */
const MAX_KEYS = 500;
const ROWS_PER_STATEMENT = 100;
const KEYS_AT_ONCE = 200;

/** The next name behind `?` in an index, one look per name: there are few sources and channels, and many rows. */
const nextName = (table: string, column: string): string =>
  `SELECT min(${column}) AS name FROM ${table} WHERE ${column} > ?`;

const INBOX_STATES = [
  ['ready', "state = 'ready'"],
  ['waiting', "state = 'waiting'"],
  ['leased', "state = 'leased'"],
  ['suspect', "state = 'suspect'"],
  ['queued', "partition_key IS NOT NULL AND settled_at IS NULL AND state = 'queued'"],
] as const;
const OUTBOX_STATES = [
  ['ready', "state = 'ready'"],
  ['taken', "state = 'taken'"],
  ['waiting', "state = 'waiting'"],
  ['queued', "partition_key IS NOT NULL AND state IN ('waiting', 'queued') AND state = 'queued'"],
  ['refused', "state = 'refused'"],
] as const;

interface Entry {
  readonly flight: Omit<Flight, 'type'>;
  readonly keys: ReadonlySet<string>;
}

export class FlightBook {
  readonly #wanted: ReadonlySet<string>;

  /** @param paths of the keys: their last names are taken for names of things */
  private constructor(
    private readonly store: Store,
    private readonly runId: string,
    paths: readonly string[],
  ) {
    this.#wanted = new Set(
      paths.flatMap((path) => path.split('|')).map((path) => memberName(path.split(/[./]/).at(-1) ?? '')),
    );
  }

  static async open(store: Store, runId: string, paths: readonly string[]): Promise<FlightBook> {
    await store.migrate(INBOX_SCHEMA);
    await store.migrate(OUTBOX_SCHEMA);
    await store.migrate(inventoryMigration);
    await DeadLetters.open(store);
    return new FlightBook(store, runId, paths);
  }

  /**
   * Writes down what is on its way now.
   * @returns whether all of it was looked at
   */
  async note(signal: AbortSignal): Promise<boolean> {
    const inbox = await this.#inbox(signal);
    const outbox = await this.#outbox(signal);
    const letters = await this.#letters(signal);
    const stock = await this.#stock(signal);
    return inbox && outbox && letters && stock;
  }

  /** What is on its way for these keys, by their small letters. */
  async find(keys: readonly string[]): Promise<Map<string, Flight[]>> {
    const found = new Map<string, Flight[]>();
    const small = [...new Set(keys.map((key) => key.toLowerCase()))];
    for (let from = 0; from < small.length; from += KEYS_AT_ONCE) {
      const some = small.slice(from, from + KEYS_AT_ONCE);
      const [result] = await this.store.run([
        {
          sql: `SELECT record_key, place, name, id, since, detail FROM crossdock_reconcile_flight
            WHERE run_id = ? AND record_key IN (${some.map(() => '?').join(', ')}) ORDER BY since LIMIT 5000`,
          params: [this.runId, ...some],
        },
      ]);
      for (const row of result?.rows ?? []) {
        const key = String(row['record_key']);
        found.set(key, [...(found.get(key) ?? []), flightOf(row)]);
      }
    }
    return found;
  }

  async #inbox(signal: AbortSignal): Promise<boolean> {
    let all = true;
    for await (const source of this.#names('crossdock_inbox', 'source')) {
      for (const [state, condition] of INBOX_STATES) {
        const read = (row: Row): Entry => {
          const keys = new Set<string>();
          addIdentity(text(row, 'partition_key'), keys);
          addIdentity(text(row, 'id'), keys);
          const body = row['body'];
          this.#body(body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : null, keys);
          return {
            flight: {
              place: 'inbox',
              name: source,
              since: Number(row['received_at']),
              detail: state,
              id: String(row['id']),
            },
            keys,
          };
        };
        all =
          (await this.#all(
            {
              sql: `SELECT seq FROM crossdock_inbox WHERE source = ? AND ${condition} LIMIT ?`,
              params: [source, MAX_MESSAGES],
            },
            (
              seqs,
            ) => `SELECT id, partition_key, received_at, CASE WHEN length(body) <= ${MAX_BODY} THEN body END AS body
              FROM crossdock_inbox WHERE seq IN (${seqs})`,
            read,
            signal,
          )) && all;
      }
    }
    return all;
  }

  async #outbox(signal: AbortSignal): Promise<boolean> {
    let all = true;
    for await (const channel of this.#names('crossdock_outbox', 'channel')) {
      for (const [state, condition] of OUTBOX_STATES) {
        const read = (row: Row): Entry => {
          const keys = new Set<string>();
          addIdentity(text(row, 'partition_key'), keys);
          this.#body(text(row, 'event'), keys);
          const refused = state === 'refused';
          const detail = refused ? sentenceOf(text(row, 'error')) : state;
          const place = refused ? 'refused' : 'outbox';
          return {
            flight: {
              place,
              name: channel,
              since: Number(row['created_at']),
              detail,
              id: String(row['event_id']),
            },
            keys,
          };
        };
        all =
          (await this.#all(
            {
              sql: `SELECT seq FROM crossdock_outbox WHERE channel = ? AND ${condition} LIMIT ?`,
              params: [channel, MAX_MESSAGES],
            },
            (seqs) => `SELECT event_id, partition_key, created_at, error,
              CASE WHEN length(event) <= ${MAX_BODY} THEN event END AS event FROM crossdock_outbox WHERE seq IN (${seqs})`,
            read,
            signal,
          )) && all;
      }
    }
    return all;
  }

  /** Quantities that channels are still to be told. */
  async #stock(signal: AbortSignal): Promise<boolean> {
    let all = true;
    for await (const channel of this.#names('crossdock_inventory_level', 'channel')) {
      const [result] = await this.store.run([
        {
          sql: `SELECT site, sku, pending_since FROM crossdock_inventory_level WHERE channel = ? AND pending = 1 LIMIT ?`,
          params: [channel, MAX_MESSAGES],
        },
      ]);
      const rows = result?.rows ?? [];
      all &&= rows.length < MAX_MESSAGES;
      for (let from = 0; from < rows.length && !signal.aborted; from += PAGE) {
        await this.#keep(
          rows.slice(from, from + PAGE).map((row): Entry => {
            const keys = new Set<string>();
            addIdentity(text(row, 'sku'), keys);
            const [site, sku] = [String(row['site']), String(row['sku'])];
            const since = Number(row['pending_since']);
            return {
              flight: { place: 'outbox', name: channel, since, detail: site, id: `${site}/${sku}` },
              keys,
            };
          }),
        );
      }
    }
    return all;
  }

  #letters(signal: AbortSignal): Promise<boolean> {
    const read = (row: Row): Entry => {
      const keys = new Set<string>();
      addIdentity(text(row, 'business_key'), keys);
      addIdentity(text(row, 'delivery_id'), keys);
      addIdentity(text(row, 'partition_key'), keys);
      const original = row['original'];
      this.#body(
        original instanceof Uint8Array ? Buffer.from(original).toString('utf8') : text(row, 'failed_as'),
        keys,
      );
      return {
        flight: {
          place: 'deadLetter',
          name: String(row['node_name'] || row['source'] || row['node_type']),
          since: Number(row['last_at']),
          detail: `${String(row['code'])}: ${String(row['reason'])}`.slice(0, 300),
          id: String(row['id']),
        },
        keys,
      };
    };
    return this.#all(
      {
        sql: "SELECT id AS seq FROM crossdock_dead_letter WHERE state = 'parked' ORDER BY last_at DESC, id DESC LIMIT ?",
        params: [MAX_MESSAGES],
      },
      (
        ids,
      ) => `SELECT id, business_key, delivery_id, partition_key, node_name, node_type, source, last_at, code, reason,
        CASE WHEN bytes <= ${MAX_BODY} THEN original END AS original,
        CASE WHEN bytes <= ${MAX_BODY} AND original IS NULL THEN failed_as END AS failed_as
        FROM crossdock_dead_letter WHERE id IN (${ids})`,
      read,
      signal,
    );
  }

  async *#names(table: string, column: string): AsyncGenerator<string, void, void> {
    for (let name = ''; ; ) {
      const [result] = await this.store.run([{ sql: nextName(table, column), params: [name] }]);
      const next = result?.rows[0]?.['name'];
      if (next === null || next === undefined) return;
      name = String(next);
      yield name;
    }
  }

  #body(body: string | null, keys: Set<string>): void {
    if (body === null) return;
    try {
      identitiesOf(JSON.parse(body), this.#wanted, keys);
    } catch {
      // No JSON: known by its ids only.
    }
  }

  /** Which there are first, from an index alone; then their bodies, page by page, each written down before the next. */
  async #all(
    which: Statement,
    bodies: (placeholders: string) => string,
    read: (row: Row) => Entry,
    signal: AbortSignal,
  ): Promise<boolean> {
    const [found] = await this.store.run([which]);
    const ids = (found?.rows ?? []).map((row) => row['seq'] as SqlValue);
    for (let from = 0; from < ids.length && !signal.aborted; from += PAGE) {
      const page = ids.slice(from, from + PAGE);
      const [result] = await this.store.run([{ sql: bodies(page.map(() => '?').join(', ')), params: page }]);
      await this.#keep((result?.rows ?? []).map(read));
    }
    return ids.length < MAX_MESSAGES;
  }

  async #keep(entries: readonly Entry[]): Promise<void> {
    const rows = entries.flatMap(({ flight, keys }) =>
      [...keys]
        .slice(0, MAX_KEYS)
        .map((key) => [this.runId, key, flight.place, flight.name, flight.id, flight.since, flight.detail]),
    );
    const statements: Statement[] = [];
    for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
      const some = rows.slice(from, from + ROWS_PER_STATEMENT);
      statements.push({ sql: insertFlights(some.length), params: some.flat() });
    }
    if (statements.length > 0) await this.store.run(statements);
  }
}

function text(row: Row, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : String(value);
}

function sentenceOf(error: string | null): string {
  try {
    const { code, message } = JSON.parse(error ?? '') as { code?: string; message?: string };
    return `${code ?? 'REFUSED'}: ${message ?? ''}`.slice(0, 300);
  } catch {
    return 'REFUSED';
  }
}

function flightOf(row: Row): Flight {
  return {
    type: 'flight',
    place: String(row['place']) as Flight['place'],
    name: String(row['name']),
    id: String(row['id']),
    since: Number(row['since']),
    detail: String(row['detail']),
  };
}
