import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { type Place, SequenceGuard, type VersionKind, versionOf } from '../../core/sequence';
import { registerNode } from '../shared/base';
import { choice, number, text } from '../shared/config';
import { evaluator } from '../shared/expression';
import { keyText, keyValue, scopeValue, type Value } from '../shared/guarded';
import type { Message, RawConfig, Red, RedNode, Send } from '../shared/red';
import { storeOf } from '../shared/store';

const DAY_MS = 86_400_000;
const CLEAN_UP_MS = 10 * 60_000;
/** A feed that is all gaps must not fill the log. */
const ALARM_MS = 60_000;
/** How long a key may be taken for a message that no source has a time for. */
const LEASE_MS = 300_000;
const KEY = { name: 'sequence key', code: 'SEQUENCE_KEY_MISSING', max: 512 };
const SCOPE = { name: 'scope for its sequence key', code: 'SEQUENCE_SCOPE_MISSING', max: 256 };

interface Config {
  readonly scopeOf: Value;
  readonly keyOf: Value;
  readonly versionFrom: Value;
  readonly kind: VersionKind;
  readonly gaps: boolean;
  /** Ms that a gap is held for what is missing; 0: not at all. */
  readonly holdMs: number;
  readonly retentionMs: number;
  readonly waitMs: number;
  readonly gapWired: boolean;
  readonly store: ReturnType<typeof storeOf>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-sequence-guard', {
    normalise: (config, node) => normalise(red, config, node),
    async start({ node, config, status, closed }) {
      const guard = await SequenceGuard.open(await config.store(closed), config);
      const cleaner = setInterval(() => {
        // A failed clean-up is tried again at the next turn; it costs disk, not correctness.
        guard.cleanUp().catch(() => undefined);
      }, CLEAN_UP_MS);
      cleaner.unref();
      const counts = { inOrder: 0, stale: 0, duplicate: 0, gap: 0 };
      let alarmAt = Number.NEGATIVE_INFINITY;
      const alarm = (version: string, newest: string): void => {
        if (config.gapWired || performance.now() - alarmAt < ALARM_MS) return;
        alarmAt = performance.now();
        node.warn(`Version ${version} came after ${newest}: what is between them is missing.`);
      };
      status.ok('ready');
      return {
        async input(message, send) {
          const request = {
            scope: keyText(await config.scopeOf(message), SCOPE),
            key: keyText(await config.keyOf(message), KEY),
            version: versionOf(config.kind, await config.versionFrom(message)),
            leaseMs: scopes.timeLeft(message) ?? LEASE_MS,
          };
          let place = await guard.take({ ...request, holdMs: config.holdMs });
          if (place.type === 'held') {
            const held = waitsForMissing(request.version.shown, place);
            // Who has no source that delivers again cannot be held: the gap is told at once.
            if (scopes.fate(message, held).type === 'again') throw held;
            place = await guard.take({ ...request, holdMs: 0 });
          }
          if (place.type === 'held') throw waitsForMissing(request.version.shown, place);
          counts[place.type] += 1;
          const { inOrder, stale, duplicate, gap } = counts;
          const told = `${inOrder} in order, ${stale} stale, ${duplicate} duplicates, ${gap} gaps`;
          if (place.type === 'gap') {
            status.waiting(told);
            alarm(request.version.shown, place.newest);
          } else status.ok(told);
          message.crossdock = { ...message.crossdock, key: request.key };
          message['sequence'] = {
            key: request.key,
            version: request.version.shown,
            ...(place.newest === undefined ? {} : { newest: place.newest }),
          };
          await pass(message, place, request.leaseMs, config.gapWired, send);
        },
        close: async () => {
          clearInterval(cleaner);
          guard.stop();
        },
      };
    },
  });
};

function normalise(red: Red, config: RawConfig, node: RedNode): Config {
  const kind = choice(config, 'versionKind', 'Version is a', ['number', 'time', 'text'], 'number');
  // Of times and texts nobody knows which one is the next: the dialog does not ask about gaps then.
  const gaps = kind === 'number' ? choice(config, 'gaps', 'Gaps', ['none', 'tell', 'hold'], 'none') : 'none';
  const holdSeconds = number(config, 'holdSeconds', 'Wait for what is missing', 10, { min: 1, max: 3600 });
  return {
    scopeOf: scopeValue(red, config, 'events'),
    keyOf: keyValue(red, { ...config, key: text(config, 'key', 'Key', 'event.subject') }, 'msg'),
    versionFrom: evaluator(
      red,
      choice(config, 'versionType', 'Version', ['msg', 'jsonata'], 'msg'),
      text(config, 'version', 'Version', 'event.sequence'),
    ),
    kind,
    gaps: gaps !== 'none',
    holdMs: gaps === 'hold' ? holdSeconds * 1000 : 0,
    retentionMs: number(config, 'retentionDays', 'Remember for', 90, { min: 1, max: 3650 }) * DAY_MS,
    waitMs: number(config, 'waitSeconds', 'Wait for the one before', 25, { min: 0, max: 240 }) * 1000,
    gapWired: (node.wires?.[3]?.length ?? 0) > 0,
    store: storeOf(red, config),
  };
}

const OUTPUTS = ['inOrder', 'stale', 'duplicate', 'gap'] as const;

/** Sends the message by the output of its place. */
async function pass(
  message: Message,
  place: Exclude<Place, { type: 'held' }>,
  leaseMs: number,
  gapWired: boolean,
  send: Send,
): Promise<void> {
  // Without a wire the alarm is the status and the log; the newest still wins, so it goes where newer ones go.
  const output = place.type === 'gap' && !gapWired ? 'inOrder' : place.type;
  if (place.type === 'inOrder' || place.type === 'gap') scopes.open(message, place.scope, leaseMs);
  // What is stale or a duplicate is done by definition: its source must not wait for what is wired behind.
  else await scopes.finish(message, undefined);
  send(OUTPUTS.map((name) => (name === output ? message : null)));
}

function waitsForMissing(
  version: string,
  { newest, retryAfterMs }: Place & { type: 'held' },
): CrossdockError {
  return new CrossdockError(
    `Version ${version} came before what is missing after ${newest}: it waits with its source.`,
    { code: 'SEQUENCE_GAP_HELD', kind: 'transient', retryAfterMs },
  );
}
