/** The gateway's HTTP admin API, as the command line asks it. */
import type { ApiError, StoresAnswer } from '../core/replay';

/** Something that the user can mend: told as it is, without a stack. */
export class UserError extends Error {}

const TIMEOUT_MS = 30_000;
/** Many lines take their time. */
const FILE_TIMEOUT_MS = 600_000;

export class Client {
  readonly #base: string;

  /**
   * @param url the editor's address, for example http://127.0.0.1:1880 or https://gateway.example.com/admin
   * @param part of the API that paths are in
   */
  constructor(
    url: string,
    private readonly token: string | undefined,
    part: 'console' | 'contracts' = 'console',
  ) {
    this.#base = `${url.replace(/\/+$/, '')}/crossdock/${part}`;
  }

  get<T>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<T> {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const search = new URLSearchParams(given).toString();
    return this.#ask('GET', search === '' ? path : `${path}?${search}`);
  }

  send<T>(method: 'POST' | 'PUT', path: string, body: unknown = {}): Promise<T> {
    return this.#ask(method, path, body);
  }

  /** A file, as it is. */
  async text(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const search = new URLSearchParams(given).toString();
    return this.#text('GET', search === '' ? path : `${path}?${search}`, undefined, FILE_TIMEOUT_MS);
  }

  async sendCsv<T>(path: string, csv: string): Promise<T> {
    return JSON.parse(await this.#text('POST', path, { type: 'text/csv', text: csv }, FILE_TIMEOUT_MS)) as T;
  }

  /** The store that was named, by id or name, or the only one. */
  async store(named: string | undefined): Promise<string> {
    const { stores } = await this.get<StoresAnswer>('/stores');
    const found =
      named === undefined ? stores : stores.filter(({ id, name }) => id === named || name === named);
    const [only] = found;
    if (only !== undefined && found.length === 1) return only.id;
    const list = stores.map(({ id, name }) => (name === '' ? id : `${id} (${name})`)).join(', ');
    if (stores.length === 0) throw new UserError('The gateway has no store open.');
    throw new UserError(
      named === undefined
        ? `The gateway has several stores; name one with --store: ${list}.`
        : `There is no store ${named}. There are: ${list}.`,
    );
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const sent = body === undefined ? undefined : { type: 'application/json', text: JSON.stringify(body) };
    const text = await this.#text(method, path, sent, TIMEOUT_MS);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new UserError(`${this.#base} is no Crossdock gateway: its answer is not JSON.`);
    }
  }

  async #text(
    method: string,
    path: string,
    body: { readonly type: string; readonly text: string } | undefined,
    timeoutMs: number,
  ): Promise<string> {
    const headers: Record<string, string> = { accept: 'application/json, text/csv' };
    if (this.token !== undefined) headers['authorization'] = `Bearer ${this.token}`;
    if (body !== undefined) headers['content-type'] = body.type;
    let response: Response;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body.text }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (cause) {
      throw new UserError(`${this.#base} does not answer: ${reasonOf(cause)}.`);
    }
    const text = await response.text();
    if (response.ok) return text;
    throw new UserError(refusalOf(response.status, text));
  }
}

function refusalOf(status: number, text: string): string {
  // Node-RED answers both with 401.
  if (status === 401 || status === 403) {
    return 'The gateway wants a token that may do this: set CROSSDOCK_TOKEN or --token.';
  }
  try {
    const { code, message } = JSON.parse(text) as ApiError;
    if (typeof message === 'string') return `${message} (${code})`;
  } catch {
    // Not one of ours.
  }
  return status === 404
    ? 'The gateway does not know this address: is Crossdock installed there, and --url its editor?'
    : `The gateway answered ${status}.`;
}

function reasonOf(thrown: unknown): string {
  const { cause, message } = thrown as { cause?: { code?: string; message?: string }; message?: string };
  return cause?.code ?? cause?.message ?? message ?? 'no reason was given';
}
