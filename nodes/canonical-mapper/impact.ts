/** Which real messages a changed mapping is tried on: those that the node remembers, and those that wait before it. */
import { contracts } from '../../core/contract';
import type { Mapper } from '../../core/mapping';
import {
  compareMappings,
  distinct,
  type ImpactAnswer,
  type RealMessage,
  summaryOf,
  waitingMessages,
} from '../../core/mapping-desk';
import { payloadOf, type SourceBefore, sourcesBefore } from '../shared/mappers';
import { openSourcesOf } from '../shared/open-sources';
import type { Red } from '../shared/red';
import type { LiveMapping } from './live';

/** @param last how many messages, the newest first */
export async function impactOf(
  red: Red,
  node: string,
  live: LiveMapping,
  mapper: Mapper,
  last: number,
): Promise<ImpactAnswer> {
  const sources = sourcesBefore(red, node, (id) => openSourcesOf(id).length > 0);
  const found = [...(await remembered(live, last)), ...(await waiting(red, live, sources, last))];
  const messages = distinct(found)
    .sort((a, b) => Date.parse(b.receivedAt) - Date.parse(a.receivedAt))
    .slice(0, last);
  const after = {
    spec: mapper.spec,
    translate: (payload: unknown, receivedAt: string) =>
      mapper.translate(payload, { ...live.context, receivedAt }),
  };
  const compared = await compareMappings(live, after, messages, contracts());
  return {
    tried: compared.length,
    summary: summaryOf(compared),
    messages: compared,
    sources,
    notes: notesOf(live, sources, messages),
  };
}

interface Found {
  readonly message: RealMessage;
  readonly payload: unknown;
}

async function remembered(live: LiveMapping, last: number): Promise<Found[]> {
  const recent = (await live.recent()?.last(last)) ?? [];
  return recent.map(({ id, receivedAt, payload }) => ({
    message: { id, found: 'node', source: null, receivedAt, payload: () => payload },
    payload,
  }));
}

async function waiting(
  red: Red,
  { property }: LiveMapping,
  sources: readonly SourceBefore[],
  last: number,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const { store, source } of sources.flatMap(({ id }) => openSourcesOf(id))) {
    for (const { id, found: place, receivedAt, body, headers } of await waitingMessages(
      store,
      [source],
      last,
    )) {
      const payload = (): unknown =>
        red.util.getMessageProperty({ payload: payloadOf({ body, headers }) }, property);
      const message = { id, found: place, source, receivedAt: new Date(receivedAt).toISOString(), payload };
      found.push({ message, payload: readable(payload) ?? id });
    }
  }
  return found;
}

function readable(payload: () => unknown): unknown {
  try {
    return payload();
  } catch {
    return undefined;
  }
}

function notesOf(
  live: LiveMapping,
  sources: readonly SourceBefore[],
  messages: readonly RealMessage[],
): string[] {
  const notes: string[] = [];
  if (!live.store)
    notes.push(
      'This node has no store, so it remembers no messages: choose one, deploy, and let some messages come.',
    );
  else if (live.recent() === undefined)
    notes.push('The store of this node is not open: what it remembers is missing here.');
  else if (messages.length === 0) notes.push('No message has come since the node has its store.');
  const changing = sources
    .flatMap(({ between }) => between)
    .map(({ name, type }) => `${name === '' ? type : name} (${type})`);
  if (changing.length > 0 && messages.some(({ found }) => found !== 'node')) {
    const names = [...new Set(changing)].join(', ');
    notes.push(
      `Messages from inboxes are as their source received them: what ${names} does to them is not repeated here.`,
    );
  }
  return notes;
}
