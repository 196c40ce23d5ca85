/**
 * One model of an Odoo, as far as change capture sees it: write dates to the second that are the start of the
 * transaction, commits in any order, deletions, a clock that the test sets.
 */
import type { CallOptions, OdooClient } from '../../core/odoo';

type Values = Readonly<Record<string, unknown>>;
interface Row {
  id: number;
  create_date: string;
  write_date: string;
  [field: string]: unknown;
}

export interface Transaction {
  create(id: number, values?: Values): void;
  write(id: number, values: Values): void;
  unlink(id: number): void;
  commit(): void;
}

export class FakeOdoo implements OdooClient {
  readonly url = 'http://fake';
  readonly database = 'fake';
  readonly rows = new Map<number, Row>();
  readonly calls: { method: string; domain: readonly unknown[]; fields: readonly string[] }[] = [];
  /** Fails the next calls with this. */
  failure: Error | undefined;
  /** Called before each call is answered. */
  before: (method: string, domain: readonly unknown[]) => Promise<void> | void = () => undefined;

  /** @param now Odoo's time, `2026-11-27 10:00:00` */
  constructor(public now: string) {}

  version() {
    return Promise.resolve({ major: 19, minor: 0, text: '19.0', transport: 'json2' as const });
  }

  clockOffsetMs(): number {
    // In the middle of the second, so that a millisecond between two looks at our clock makes no other one of it.
    return Date.parse(`${this.now.replace(' ', 'T')}Z`) + 500 - Date.now();
  }

  /** Lets Odoo's time go on. */
  tick(seconds: number): void {
    const at = Date.parse(`${this.now.replace(' ', 'T')}Z`) + seconds * 1000;
    this.now = new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  }

  /** A transaction that begins now and is seen by nobody before its commit. */
  begin(): Transaction {
    const began = this.now;
    const steps: (() => void)[] = [];
    return {
      create: (id, values = {}) =>
        steps.push(() =>
          this.rows.set(id, {
            name: `n${id}`,
            state: 'draft',
            ...values,
            id,
            create_date: began,
            write_date: began,
          }),
        ),
      write: (id, values) =>
        steps.push(() => {
          const row = this.rows.get(id);
          if (row !== undefined) this.rows.set(id, { ...row, ...values, write_date: began });
        }),
      unlink: (id) => steps.push(() => this.rows.delete(id)),
      commit: () => {
        for (const step of steps.splice(0)) step();
      },
    };
  }

  /** A short transaction. */
  do(work: (transaction: Transaction) => void): void {
    const transaction = this.begin();
    work(transaction);
    transaction.commit();
  }

  async call<T>(_model: string, method: string, { args = {} }: CallOptions = {}): Promise<T> {
    const domain = (args['domain'] ?? []) as readonly unknown[];
    await this.before(method, domain);
    if (this.failure !== undefined) throw this.failure;
    const fields = (args['fields'] ?? []) as readonly string[];
    this.calls.push({ method, domain, fields });
    if (method === 'fields_get') return FIELDS as T;
    const found = [...this.rows.values()]
      .filter((row) => domain.every((term) => matches(row, term)))
      .sort((a, b) => a.id - b.id);
    if (method === 'search_count') return found.length as T;
    const limit = Number(args['limit'] ?? found.length);
    return found
      .slice(0, limit)
      .map((row) => Object.fromEntries(['id', ...fields].map((name) => [name, row[name] ?? false]))) as T;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const field = (type: string, store = true) => ({ type, string: type, store });
const FIELDS = {
  id: field('integer'),
  name: field('char'),
  state: field('char'),
  note: field('char'),
  product_id: { ...field('many2one'), relation: 'product.product' },
  default_code: field('char'),
  computed: field('float', false),
  create_date: field('datetime'),
  write_date: field('datetime'),
};

function matches(row: Row, term: unknown): boolean {
  const [name, operator, value] = term as [string, string, unknown];
  const found = row[name] ?? false;
  switch (operator) {
    case '>':
      return (found as number | string) > (value as number | string);
    case '>=':
      return (found as string) >= (value as string);
    case '<':
      return (found as string) < (value as string);
    case 'in':
      return (value as readonly unknown[]).includes(found);
    case '=':
      return found === value;
    default:
      throw new Error(`the fake does not know ${operator}`);
  }
}
