import { type NodeRed, waitFor } from '../support';

/** What an open editor learns. */
export interface EditorChannel {
  /** What the debug nodes show, oldest first; `message` is what the node is set to show of it, a text as `{ text }`. */
  readonly shown: readonly { readonly id: string; readonly message: Record<string, unknown> }[];
  /** Every status of a node since the channel was opened, oldest first. */
  statuses(id: string): readonly { readonly text: string; readonly fill: string }[];
  close(): void;
}

interface Told {
  readonly id: string;
  readonly msg: string;
  readonly format?: string;
  readonly text?: string;
  readonly fill?: string;
}

/** Follows some topics as an open editor does: what was before as it connects, then every change. */
async function follow(
  red: NodeRed,
  topics: readonly string[],
  take: (topic: string, told: Told) => void,
): Promise<() => void> {
  const socket = new WebSocket(`${red.url.replace('http', 'ws')}/comms`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('the editor channel cannot be reached'));
  });
  socket.onmessage = ({ data }) => {
    for (const { topic, data: told } of JSON.parse(String(data)) as { topic: string; data?: Told }[]) {
      if (told !== undefined) take(topic, told);
    }
  };
  for (const topic of topics) socket.send(JSON.stringify({ subscribe: topic }));
  return () => socket.close();
}

const STATUS = 'status/';

export async function watchEditor(red: NodeRed): Promise<EditorChannel> {
  const shown: { id: string; message: Record<string, unknown> }[] = [];
  const statuses = new Map<string, { text: string; fill: string }[]>();
  const close = await follow(red, ['debug', `${STATUS}#`], (topic, told) => {
    if (topic === 'debug') shown.push({ id: told.id, message: messageOf(told) });
    else if (topic.startsWith(STATUS)) {
      const id = topic.slice(STATUS.length);
      statuses.set(id, [...(statuses.get(id) ?? []), { text: told.text ?? '', fill: told.fill ?? '' }]);
    }
  });
  return { shown, statuses: (id) => statuses.get(id) ?? [], close };
}

/** The last status of each node, by its id. */
export async function watchStatuses(red: NodeRed): Promise<{ known: Map<string, string>; close(): void }> {
  const known = new Map<string, string>();
  const close = await follow(red, [`${STATUS}#`], (topic, told) => {
    if (topic.startsWith(STATUS)) known.set(topic.slice(STATUS.length), told.text ?? '');
  });
  return { known, close };
}

function messageOf({ msg, format }: Told): Record<string, unknown> {
  return format?.startsWith('string') ? { text: msg } : (JSON.parse(msg) as Record<string, unknown>);
}

/** Waits until a node says that; the last thing that it said is in the error when it does not. */
export async function untilStatus(channel: EditorChannel, id: string, text: string): Promise<void> {
  const last = () => channel.statuses(id).at(-1)?.text;
  await waitFor(
    () => {
      if (last() !== text) throw new Error(`${id} says: ${last()}`);
      return true;
    },
    { what: `"${text}" of ${id}`, timeoutMs: 30_000 },
  );
}
