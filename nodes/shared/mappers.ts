/**
 * Canonical mappers that run, and the way from a source to its mapper: what a dry run asks. The way is read from the
 * flows as they are deployed: wires, link nodes. What other nodes on it would do to a message is not known.
 */
import { parseJson } from '../../core/canonical';
import { contentOf } from '../../core/channel';
import type { Trial, TrialMapping } from '../../core/replay';
import type { RawConfig, Red } from './red';

/** Runs a payload through a node's mapping, as the node would. */
export interface LiveMapper {
  readonly name: string;
  map(payload: unknown, receivedAt: string): Promise<unknown>;
}

/** By the node's id. */
const live = new Map<string, LiveMapper>();

/** Returns what takes it out again. */
export function registerMapper(id: string, mapper: LiveMapper): () => void {
  live.set(id, mapper);
  return () => {
    if (live.get(id) === mapper) live.delete(id);
  };
}

const MAX_NODES = 2000;

/** The first mapper behind a source's node. */
export function mappingBehind(red: Red, nodeId: string): TrialMapping | undefined {
  const next = waysOf(red);
  const seen = new Set([nodeId]);
  const queue = [nodeId];
  for (let index = 0; index < queue.length && index < MAX_NODES; index += 1) {
    const id = queue[index] ?? '';
    const mapper = live.get(id);
    if (mapper !== undefined) {
      return {
        id,
        name: mapper.name,
        map: (trial) => mapper.map(payloadOf(trial), new Date(trial.receivedAt ?? Date.now()).toISOString()),
      };
    }
    for (const follower of next.get(id) ?? []) {
      if (seen.has(follower)) continue;
      seen.add(follower);
      queue.push(follower);
    }
  }
  return undefined;
}

/** A source in front of a mapper. */
export interface SourceBefore {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** Nodes on the way that may change a message. */
  readonly between: readonly { readonly id: string; readonly type: string; readonly name: string }[];
}

/** Nodes that let a message pass as it is, or stop it. */
const PASSING =
  /^(?:switch|delay|junction|link (?:in|out|call)|debug|crossdock-(?:idempotency-guard|sequence-guard|retry|circuit-breaker|settle|event-in|webhook-in|replay))$/;

/** The sources whose messages come to a node, the nearest first: the way back over wires and link nodes. */
export function sourcesBefore(red: Red, nodeId: string, isSource: (id: string) => boolean): SourceBefore[] {
  const configs = new Map<string, RawConfig>();
  red.nodes.eachNode((config: RawConfig) => void configs.set(config.id, config));
  const before = new Map<string, string[]>();
  for (const [id, followers] of waysOf(red)) {
    for (const follower of followers) before.set(follower, [...(before.get(follower) ?? []), id]);
  }
  const named = (id: string): { id: string; type: string; name: string } => {
    const config = configs.get(id);
    const name = config?.['name'];
    return { id, type: config?.type ?? '', name: typeof name === 'string' ? name : '' };
  };
  const behind = new Map<string, string>();
  const seen = new Set([nodeId]);
  const queue = [nodeId];
  const found: SourceBefore[] = [];
  for (let index = 0; index < queue.length && index < MAX_NODES; index += 1) {
    const id = queue[index] ?? '';
    if (id !== nodeId && isSource(id)) {
      const between: { id: string; type: string; name: string }[] = [];
      for (let at = behind.get(id); at !== undefined && at !== nodeId; at = behind.get(at)) {
        const node = named(at);
        if (!PASSING.test(node.type)) between.push(node);
      }
      found.push({ ...named(id), between });
      continue;
    }
    for (const previous of before.get(id) ?? []) {
      if (seen.has(previous)) continue;
      seen.add(previous);
      behind.set(previous, id);
      queue.push(previous);
    }
  }
  return found;
}

/** What follows each node: by wires, and from a link out (or link call) node to its link in nodes. */
function waysOf(red: Red): Map<string, string[]> {
  const next = new Map<string, string[]>();
  red.nodes.eachNode((config: RawConfig) => {
    const wires = Array.isArray(config['wires']) ? (config['wires'] as unknown[]).flat() : [];
    const links = config.type === 'link out' || config.type === 'link call' ? config['links'] : [];
    const ids = [...wires, ...(Array.isArray(links) ? (links as unknown[]) : [])];
    next.set(
      config.id,
      ids.filter((id) => typeof id === 'string'),
    );
  });
  return next;
}

/** The payload as the source would send it. */
export function payloadOf({ body, headers }: Pick<Trial, 'body' | 'headers'>): unknown {
  if (headers['format'] !== undefined) return contentOf({ body, headers }).payload;
  return parseJson(body, { maxBytes: body.length });
}
