/**
 * The mappers that run, for the editor's routes: what is live, its earlier versions, and the last messages that came.
 * Everything here happens beside the mapping: none of it may stop or slow a message.
 */
import { join } from 'node:path';
import { asCrossdockError } from '../../core/errors';
import type { MappingContext, MappingSpec, Translation } from '../../core/mapping';
import { type Archived, MappingVersions, RecentMessages } from '../../core/mapping-desk';
import type { Store } from '../../core/store';
import type { Message, Red, RedNode } from '../shared/red';

export interface LiveMapping {
  readonly spec: MappingSpec;
  readonly context: Pick<MappingContext, 'channel' | 'account' | 'partnerId'>;
  /** Where a message has its document, for example `payload`. */
  readonly property: string;
  translate(source: unknown, receivedAt: string): Promise<Translation>;
  /** Undefined without a store, or while it is not open. */
  recent(): RecentMessages | undefined;
  readonly store: boolean;
}

export interface LiveOptions extends Pick<LiveMapping, 'spec' | 'context' | 'property' | 'translate'> {
  readonly red: Red;
  readonly node: RedNode;
  /** The store, when the node has one. */
  readonly store: (() => Promise<Store>) | undefined;
}

export interface Observer {
  /** A message has come; before it is mapped. Never throws. */
  saw(message: Message, source: unknown, receivedAt: string): void;
  close(removed: boolean): Promise<void>;
}

const live = new Map<string, LiveMapping>();

export function liveMapping(node: string): LiveMapping | undefined {
  return live.get(node);
}

/** The archive of versions; undefined where Node-RED has no folder of its own. */
export function versionsOf(red: Red): MappingVersions | undefined {
  const { userDir } = red.settings;
  return userDir === undefined ? undefined : new MappingVersions(join(userDir, 'crossdock', 'mappings'));
}

/** Makes a mapper known, keeps the version that goes live, and begins to remember its messages. */
export function observe(options: LiveOptions): Observer {
  const { red, node, store, ...mapping } = options;
  let recent: RecentMessages | undefined;
  const mine: LiveMapping = { ...mapping, store: store !== undefined, recent: () => recent };
  live.set(node.id, mine);
  archive(red, node, mapping.spec);
  let told = '';
  const warn = (thrown: unknown): void => {
    const { message } = asCrossdockError(thrown);
    if (message !== told) node.warn(`The last messages are not remembered: ${message}`);
    told = message;
  };
  const opening =
    store === undefined
      ? Promise.resolve()
      : store()
          .then((opened) => RecentMessages.open(opened, node.id, warn))
          .then((opened) => {
            recent = opened;
          })
          .catch(warn);
  return {
    saw: (message, source, receivedAt) => recent?.note(source, receivedAt, idOf(message)),
    async close(removed) {
      if (live.get(node.id) === mine) live.delete(node.id);
      await opening;
      await recent?.close(removed);
    },
  };
}

function archive(red: Red, node: RedNode, spec: MappingSpec): void {
  versionsOf(red)
    ?.archive(spec)
    .then(({ version, differs }: Archived) => {
      if (!differs) return;
      node.warn(
        `${spec.name} ${spec.version} went live before with other rows. This one is kept as ${version}; give it a version of its own.`,
      );
    })
    .catch((thrown: unknown) => node.warn(asCrossdockError(thrown).message));
}

function idOf({ crossdock }: Message): string {
  for (const id of [crossdock?.['deliveryId'], crossdock?.['key']]) if (typeof id === 'string') return id;
  return '';
}
