import { type NodeRed, waitFor } from '../support';

/** What an open editor learns. */
export interface EditorChannel {
  /** What the debug nodes show, oldest first; `message` is what the node is set to show of it, a text as `{ text }`. */
  readonly shown: readonly { readonly id: string; readonly message: Record<string, unknown> }[];
  /** Every status of a node since the channel was opened, oldest first. */
  statuses(id: string): readonly { readonly text: string; readonly fill: string }[];
  close(): void;
}

export async function watchEditor(red: NodeRed): Promise<EditorChannel> {
  const shown: { id: string; message: Record<string, unknown> }[] = [];
  const statuses = new Map<string, { text: string; fill: string }[]>();
  const socket = new WebSocket(`${red.url.replace('http', 'ws')}/comms`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('the editor channel cannot be reached'));
  });
  socket.onmessage = ({ data }) => {
    for (const { topic, data: told } of JSON.parse(String(data)) as {
      topic: string;
      data?: { id: string; msg: string; format?: string; text?: string; fill?: string };
    }[]) {
      if (told === undefined) continue;
      if (topic === 'debug') shown.push({ id: told.id, message: messageOf(told) });
      else if (topic.startsWith('status/')) {
        const id = topic.slice('status/'.length);
        statuses.set(id, [...(statuses.get(id) ?? []), { text: told.text ?? '', fill: told.fill ?? '' }]);
      }
    }
  };
  socket.send(JSON.stringify({ subscribe: 'debug' }));
  socket.send(JSON.stringify({ subscribe: 'status/#' }));
  return { shown, statuses: (id) => statuses.get(id) ?? [], close: () => socket.close() };
}

function messageOf({ msg, format }: { msg: string; format?: string }): Record<string, unknown> {
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
