/** What a changed mapping does to real messages: each through the mapping that runs now and through the new one. */
import { canonicalJson } from '../canonical';
import type { ContractRegistry } from '../contract';
import { asCrossdockError } from '../errors';
import type { MappingSpec, Translation } from '../mapping';
import type { ImpactChange, ImpactError, ImpactMessage, Outcome } from './api';

/** One side of the comparison. */
export interface Side {
  readonly spec: MappingSpec;
  /** As the node would; rejects with why the message cannot be mapped. */
  translate(payload: unknown, receivedAt: string): Promise<Translation>;
}

export interface RealMessage extends Pick<ImpactMessage, 'id' | 'found' | 'source'> {
  /** RFC 3339. */
  readonly receivedAt: string;
  /** As it comes to the mapper; throws where the message cannot be read. */
  payload(): unknown;
}

const MAX_CHANGES = 20;
const MAX_PROBLEMS = 20;
/** Says which mapping made the object, so it always differs. */
const OWN_VERSION = /^(?:\/\d+)?\/provenance\/mappingVersion$/;

/** Tries each message with both; one at a time, so that the gateway's own work goes on between them. */
export async function compareMappings(
  before: Side,
  after: Side,
  messages: readonly RealMessage[],
  registry: ContractRegistry,
): Promise<ImpactMessage[]> {
  const compared: ImpactMessage[] = [];
  for (const message of messages) {
    compared.push(await compare(before, after, message, registry));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return compared;
}

export function summaryOf(messages: readonly ImpactMessage[]): Record<Outcome, number> {
  const summary = { same: 0, changed: 0, newlyFailing: 0, newlyPassing: 0, stillFailing: 0 };
  for (const { outcome } of messages) summary[outcome] += 1;
  return summary;
}

type Made = { readonly value: unknown } | { readonly error: ImpactError };

async function compare(
  before: Side,
  after: Side,
  message: RealMessage,
  registry: ContractRegistry,
): Promise<ImpactMessage> {
  const [old, now] = [await make(before, message), await make(after, message)];
  const failed = 'error' in old ? old.error : null;
  const fails = 'error' in now ? now.error : null;
  const { id, found, source } = message;
  const base = {
    id,
    found,
    source,
    receivedAt: Date.parse(message.receivedAt),
    before: failed,
    after: fails,
  };
  if ('error' in old || 'error' in now) {
    const outcome = failed === null ? 'newlyFailing' : fails === null ? 'newlyPassing' : 'stillFailing';
    return { ...base, outcome, changes: [], moreChanges: 0 };
  }
  const { changes, more } = changesOf(old.value, now.value, after.spec, registry);
  return { ...base, outcome: changes.length === 0 ? 'same' : 'changed', changes, moreChanges: more };
}

async function make(side: Side, message: RealMessage): Promise<Made> {
  try {
    const { results, list } = await side.translate(message.payload(), message.receivedAt);
    return { value: list ? results.map(({ value }) => value) : results[0]?.value };
  } catch (thrown) {
    const { code, message: text, problems } = asCrossdockError(thrown);
    return { error: { code, message: text, problems: problems.slice(0, MAX_PROBLEMS) } };
  }
}

/** Places where two results differ; values only where their contract lets everyone see them. */
function changesOf(
  before: unknown,
  after: unknown,
  { to }: MappingSpec,
  registry: ContractRegistry,
): { changes: ImpactChange[]; more: number } {
  const changes: ImpactChange[] = [];
  let more = 0;
  const list = Array.isArray(after);
  const note = (path: string, from: unknown, into: unknown): void => {
    if (OWN_VERSION.test(path)) return;
    if (changes.length >= MAX_CHANGES) {
      more += 1;
      return;
    }
    const dataClass = registry.classOf(to.contract, to.version, list ? path.replace(/^\/\d+/, '') : path);
    changes.push({ path, before: shown(from, dataClass), after: shown(into, dataClass) });
  };
  const walk = (from: unknown, into: unknown, path: string): void => {
    if (Object.is(from, into)) return;
    if (!isTree(from) || !isTree(into) || Array.isArray(from) !== Array.isArray(into)) {
      note(path, from, into);
      return;
    }
    for (const name of new Set([...Object.keys(from), ...Object.keys(into)])) {
      walk(from[name], into[name], `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    }
  };
  walk(before, after, '');
  return { changes, more };
}

function shown(value: unknown, dataClass: string | undefined): unknown {
  if (value === undefined) return null;
  if (dataClass === 'pii' || dataClass === undefined) return '[personal]';
  if (dataClass === 'confidential') return '[confidential]';
  // A whole object or list holds fields of any class.
  return isTree(value) ? '…' : value;
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Messages that are known from several places once: where they were found first. */
export function distinct(messages: readonly { message: RealMessage; payload: unknown }[]): RealMessage[] {
  const seen = new Set<string>();
  return messages.flatMap(({ message, payload }) => {
    const key = fingerprintOf(payload);
    if (seen.has(key)) return [];
    seen.add(key);
    return [message];
  });
}

function fingerprintOf(payload: unknown): string {
  try {
    return canonicalJson(payload);
  } catch {
    return String(Math.random());
  }
}
