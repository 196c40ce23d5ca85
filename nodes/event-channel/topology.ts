/**
 * What the dialog's "Show topology" answers: what would be declared at an AMQP broker, and what of it differs there.
 *
 * The dialog sends what it shows, deployed or not. A stored password or an environment variable goes only where it is
 * deployed to go: else whoever may ask this could have them sent to an address of their choice.
 */
import { checkTopology, planTopology, type TopologyCheck, type TopologyItem } from '../../core/channel';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import type { Red, RedNode } from '../shared/red';
import { tlsOptions } from '../shared/tls';
import { readTopology } from './open';

/** A part of the runtime API that only this needs. */
type RuntimeRed = Red & {
  readonly util: { getSetting(node: RedNode | Record<string, never>, name: string): unknown };
};

/** What an item is for; the dialog has words for each. */
type Role = 'events' | 'deadLetters' | 'hash' | 'queue' | 'dead' | 'binding' | 'unbinding';

export interface TopologyRow {
  readonly role: Role;
  readonly name: string;
  /** Arguments as `name=value`, or the binding key. */
  readonly details: readonly string[];
  readonly state: TopologyCheck['state'];
  readonly message?: string;
}

export type TopologyAnswer =
  | {
      readonly ok: true;
      readonly rows: readonly TopologyRow[];
      /** Why it could not be compared with the broker. */
      readonly problem?: string;
    }
  | { readonly ok: false; readonly code: string; readonly message: string };

const UNCHANGED_PASSWORD = '__PWRD__';
const TEXTS = [
  'url',
  'exchange',
  'topicPrefix',
  'queueType',
  'deliveryLimit',
  'order',
  'shards',
  'declare',
  'tls',
];
const MAX_SUBSCRIPTIONS = 200;

/** @param body `{ id, config, credentials: { user, password }, subscriptions: [{ name, filter }] }`, from the dialog */
export async function topologyAnswer(red: Red, body: unknown): Promise<TopologyAnswer> {
  try {
    const asked = record(body);
    const deployed = new Deployed(red as RuntimeRed, asked);
    const config = Object.fromEntries(TEXTS.map((field) => [field, deployed.text(field)]));
    const subscriptions = subscriptionsOf(asked['subscriptions']);
    const topology = readTopology(config);
    const items = planTopology(topology, subscriptions);
    try {
      const { user: username, password } = deployed.credentials();
      const tls = tlsOptions(red, config['tls'] ?? '');
      const connection = { ...topology, url: config['url'] ?? '', username, password };
      const checks = await checkTopology(
        tls === undefined ? connection : { ...connection, tls },
        subscriptions,
      );
      return { ok: true, rows: checks.map((check) => row(check.item, check.state, check.message)) };
    } catch (thrown) {
      const rows = items.map((item) => row(item, 'unknown'));
      return { ok: true, rows, problem: asCrossdockError(thrown).message };
    }
  } catch (thrown) {
    const { code, message } = asCrossdockError(thrown);
    return { ok: false, code, message };
  }
}

/** The values of the dialog, with what is deployed behind them where they are the same. */
class Deployed {
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #credentials: Readonly<Record<string, unknown>>;
  readonly #node: RedNode | null;
  readonly #raw: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly red: RuntimeRed,
    asked: Readonly<Record<string, unknown>>,
  ) {
    this.#config = record(asked['config']);
    this.#credentials = record(asked['credentials']);
    const id = asked['id'];
    let raw: Readonly<Record<string, unknown>> | undefined;
    red.nodes.eachNode((node) => {
      const config = record(node);
      if (config['id'] === id && config['type'] === 'crossdock-event-channel') raw = config;
    });
    // Another address or other certificates: nothing of what is deployed may go there.
    const same = (field: string): boolean => plain(raw?.[field]) === plain(this.#config[field]);
    this.#raw = raw !== undefined && same('url') && same('tls') ? raw : undefined;
    this.#node = this.#raw === undefined ? null : red.nodes.getNode(String(id));
  }

  text(field: string): string {
    const value = plain(this.#config[field]);
    if (!value.includes('${')) return value;
    const name = /^\$\{([^}]+)\}$/.exec(value)?.[1];
    if (name === undefined || this.#node === null || plain(this.#raw?.[field]) !== value) throw deployFirst();
    const found = this.red.util.getSetting(this.#node, name);
    return found === undefined || found === null || found === '' ? value : String(found);
  }

  credentials(): { user: string; password: string } {
    const stored = this.#node?.credentials ?? {};
    const one = (field: 'user' | 'password'): string => {
      const value = plain(this.#credentials[field]);
      if (value !== UNCHANGED_PASSWORD && !value.includes('${')) return value;
      if (this.#node === null) throw deployFirst();
      return plain(stored[field]);
    };
    return { user: one('user'), password: one('password') };
  }
}

function deployFirst(): CrossdockError {
  return new CrossdockError(
    'Deploy first: the stored password and environment variables are used only for what is deployed.',
    { code: 'DEPLOY_FIRST', kind: 'permanent' },
  );
}

function row(item: TopologyItem, state: TopologyCheck['state'], message?: string): TopologyRow {
  const { role, details } = shown(item);
  return { role, name: item.name, details, state, ...(message === undefined ? {} : { message }) };
}

function shown(item: TopologyItem): { role: Role; details: string[] } {
  const details = Object.entries(item.arguments).map(([name, value]) => `${name}=${value}`);
  if (item.kind === 'queue') {
    return { role: 'x-dead-letter-exchange' in item.arguments ? 'queue' : 'dead', details };
  }
  if (item.kind !== 'exchange') return { role: item.kind, details: [item.key] };
  const role = item.type === 'topic' ? 'events' : item.type === 'direct' ? 'deadLetters' : 'hash';
  return { role, details: [item.type, ...details] };
}

function subscriptionsOf(value: unknown): { name: string; filter: string }[] {
  if (!Array.isArray(value)) return [];
  const found = new Map<string, string>();
  for (const entry of value.slice(0, MAX_SUBSCRIPTIONS)) {
    const { name, filter } = record(entry);
    found.set(plain(name), plain(filter));
  }
  return [...found].map(([name, filter]) => ({ name, filter }));
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
}
