/** Which sources this process has open, per store: a name is one node's, and a replay finds the inbox it fills. */
import { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';

interface OpenSource {
  readonly nodeId: string;
  /** Set once its inbox delivers. */
  arrived?: (count: number) => void;
}

export interface TakenSource {
  /** The inbox delivers now. @param arrived tells it of messages that another unit has put there */
  opened(arrived: (count: number) => void): void;
  /** Gives the name free again. */
  free(): void;
}

const sources = new WeakMap<Store, Map<string, OpenSource>>();
/** The sources of each node. */
const ofNodes = new Map<string, { readonly store: Store; readonly source: string }[]>();

/**
 * Reserves a source's name.
 * @throws CrossdockError SOURCE_TAKEN
 */
export function takeSource(store: Store, source: string, nodeId: string): TakenSource {
  const used = sources.get(store) ?? new Map<string, OpenSource>();
  sources.set(store, used);
  if (used.has(source)) {
    throw new CrossdockError(`The source ${source} is used by another node with the same store.`, {
      code: 'SOURCE_TAKEN',
      kind: 'permanent',
      facts: { source },
    });
  }
  const mine: OpenSource = { nodeId };
  used.set(source, mine);
  const own = { store, source };
  ofNodes.set(nodeId, [...(ofNodes.get(nodeId) ?? []), own]);
  return {
    opened: (arrived) => {
      mine.arrived = arrived;
    },
    free: () => {
      used.delete(source);
      const left = (ofNodes.get(nodeId) ?? []).filter((each) => each !== own);
      if (left.length > 0) ofNodes.set(nodeId, left);
      else ofNodes.delete(nodeId);
    },
  };
}

/** The node that takes this source's messages here, when it is ready. */
export function openSourceOf(store: Store, source: string): Required<OpenSource> | undefined {
  const { nodeId, arrived } = sources.get(store)?.get(source) ?? {};
  return nodeId === undefined || arrived === undefined ? undefined : { nodeId, arrived };
}

/** The sources that a node has open, with the stores their inboxes are in. */
export function openSourcesOf(nodeId: string): readonly { readonly store: Store; readonly source: string }[] {
  return ofNodes.get(nodeId) ?? [];
}
