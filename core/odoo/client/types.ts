/** The faces of core/odoo that others build on. */
import type { BreakerState } from './breaker';
import type { Traffic } from './counters';

/** Which models and methods may be called: model -> method names; `*` stands for any. */
export type AllowList = Readonly<Record<string, readonly string[]>>;

export type TransportKind = 'json2' | 'jsonrpc';

export interface OdooConfig {
  /** Base address, for example `https://odoo.example.com` or with a path when Odoo lies below one. */
  readonly url: string;
  readonly database: string;
  /** The user's login; needed for JSON-RPC (Odoo 18 and older) only. */
  readonly login?: string | undefined;
  readonly apiKey: string;
  /** The key that is to follow: tried first, and used as long as Odoo takes it. */
  readonly apiKeyNext?: string | undefined;
  /** Name or id of the company that calls are made for; the user's default company when empty. */
  readonly company?: string | undefined;
  /**
   * Milliseconds after which a call is given up. Odoo itself repeats a conflicting transaction for up to 30 s, so
   * less than 45 s makes writes ambiguous without need. Default 60,000.
   */
  readonly timeoutMs?: number | undefined;
  /** Calls that may run at once; more wait in order. Keep it below Odoo's workers. Default 4. */
  readonly maxConcurrent?: number | undefined;
  /** Calls per second, for an Odoo that limits them; unlimited when left out. */
  readonly callsPerSecond?: number | undefined;
  /** See OdooClient.batchWindowMs. Default 0. */
  readonly batchWindowMs?: number | undefined;
  /** Answers above this many bytes are refused. Default 64 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** `auto` (default) chooses from the server's version. */
  readonly transport?: 'auto' | TransportKind | undefined;
  /** Replaces the built-in list of models and methods. */
  readonly allow?: AllowList | undefined;
  /** More models and methods than the built-in list has. */
  readonly allowAlso?: AllowList | undefined;
}

export interface OdooVersion {
  /** For example 19. */
  readonly major: number;
  readonly minor: number;
  /** As Odoo writes it, for example `19.0` or `saas~18.4`. */
  readonly text: string;
  readonly transport: TransportKind;
}

export interface CallOptions {
  /** Record ids, for methods of records; leave out for methods of the model (`load`, `search_read`). */
  readonly ids?: readonly number[] | undefined;
  /** Arguments by name, as the Python method names them. */
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** Name or id of a company, instead of the connection's. */
  readonly company?: string | number | undefined;
}

export interface OdooClient {
  /** The normalised base address, without a slash at its end. */
  readonly url: string;
  readonly database: string;
  /** How long an operation may gather work for one call, in ms; left out or 0: what waits goes at once. */
  readonly batchWindowMs?: number | undefined;
  /**
   * What Odoo runs there, and so which transport is used. Asked once, and again after an outage (Odoo may have been
   * upgraded); a failed detection is asked again next time.
   * Rejects with CrossdockError like `call`.
   */
  version(): Promise<OdooVersion>;
  /**
   * Calls one method in one Odoo transaction. Works the same over JSON-2 (19+) and JSON-RPC.
   *
   * Rejects with CrossdockError. Transient (nothing happened, try later): ODOO_UNREACHABLE, ODOO_TLS, ODOO_AUTH,
   * ODOO_ADDRESS, ODOO_UNAVAILABLE, ODOO_RATE_LIMITED, ODOO_LOCKED, ODOO_SERIALIZATION, ODOO_DATABASE, ODOO_SERVER,
   * ODOO_CLOSED, ODOO_CIRCUIT_OPEN (after failures in a row: nothing is sent for a while), ODOO_COMPANY_UNKNOWN. Ambiguous for writing methods, transient for reading ones: ODOO_TIMEOUT, ODOO_CONNECTION_LOST,
   * ODOO_GATEWAY. Business: ODOO_VALIDATION, ODOO_ACCESS. Permanent: ODOO_MISSING, ODOO_NOT_FOUND,
   * ODOO_INVALID_CALL, ODOO_RESPONSE_TOO_LARGE (ambiguous for writes), ODOO_NOT_ALLOWED.
   */
  call<T = unknown>(model: string, method: string, options?: CallOptions): Promise<T>;
  /** Odoo's clock minus ours in ms (to the second), from the last answer; undefined before the first. */
  clockOffsetMs(): number | undefined;
  /**
   * Refuses further calls at once, closes idle connections, and resolves when the calls in flight have ended.
   * Safe to call twice.
   */
  close(): Promise<void>;
}

/** A client that also tells how its connection is doing. */
export interface OdooConnection extends OdooClient {
  /** The user's login as configured; empty where none is needed. */
  readonly login: string;
  /** Name or id of the company as configured; empty for the user's default. */
  readonly company: string;
  health(): ConnectionHealth;
  /** Called when the version is known, the breaker opens or closes, or another key is used. Returns what ends that. */
  onHealth(listener: () => void): () => void;
}

export interface ConnectionHealth {
  /** Undefined until Odoo was asked. */
  readonly version: OdooVersion | undefined;
  readonly breaker: BreakerState;
  /** Until Odoo is tried again, in ms; 0 when the breaker is closed. */
  readonly waitsMs: number;
  readonly traffic: Traffic;
  readonly lastError: { readonly code: string; readonly at: number } | undefined;
  readonly keys: {
    readonly count: number;
    /** The one that Odoo took last. */
    readonly current: 'first' | 'next';
    readonly refused: readonly ('first' | 'next')[];
  };
}

/** Odoo's answer to a many2one in `read` and `search_read`. */
export type Many2One = readonly [number, string] | false;
