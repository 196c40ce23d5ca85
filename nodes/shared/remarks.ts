/** What a config node has to say beside the status of those that use it: an API key that ends soon. */
export interface Remark {
  /** In few words, since it shares the line: `key ends in 5 days`. */
  readonly text: string;
  /** A person should do something about it: the status turns yellow. */
  readonly urgent: boolean;
}

type Listener = (remark: Remark | undefined) => void;

const remarks = new Map<string, Remark>();
const listeners = new Map<string, Set<Listener>>();

/** @param remark undefined: there is nothing to say (any more) */
export function setRemark(configNodeId: string, remark: Remark | undefined): void {
  const before = remarks.get(configNodeId);
  if (before?.text === remark?.text && before?.urgent === remark?.urgent) return;
  if (remark === undefined) remarks.delete(configNodeId);
  else remarks.set(configNodeId, remark);
  for (const listener of listeners.get(configNodeId) ?? []) listener(remark);
}

/** Calls the listener with the remark as it is, and whenever it changes. Returns what ends that. Must not throw. */
export function onRemark(configNodeId: string, listener: Listener): () => void {
  const known = listeners.get(configNodeId) ?? new Set();
  listeners.set(configNodeId, known);
  known.add(listener);
  const now = remarks.get(configNodeId);
  if (now !== undefined) listener(now);
  return () => {
    known.delete(listener);
    if (known.size === 0 && listeners.get(configNodeId) === known) listeners.delete(configNodeId);
  };
}
