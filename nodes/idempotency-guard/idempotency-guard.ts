import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { type Claim, contentFingerprint, IdempotencyGuard } from '../../core/idempotency';
import { registerNode } from '../shared/base';
import { choice, number, text } from '../shared/config';
import { evaluator } from '../shared/expression';
import type { Message, Red } from '../shared/red';
import { storeOf } from '../shared/store';

const DAY_MS = 86_400_000;
const CLEAN_UP_MS = 10 * 60_000;
/** How long a claim may be held; as long as a webhook in node lets a message stay in the flow, by default. */
const LEASE_MS = 300_000;

interface Config {
  readonly scope: string;
  readonly keyOf: (message: Message) => Promise<unknown>;
  readonly retentionMs: number;
  readonly waitMs: number;
  readonly conflictWired: boolean;
  readonly store: ReturnType<typeof storeOf>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-idempotency-guard', {
    normalise(config, node) {
      const keyType = choice(config, 'keyType', 'Key', ['canonical', 'msg', 'jsonata'], 'canonical');
      return {
        scope: text(config, 'scope', 'Scope', 'orders'),
        keyOf:
          keyType === 'canonical'
            ? async (message) => canonicalKey(message.payload)
            : evaluator(red, keyType, text(config, 'key', 'Key')),
        retentionMs: number(config, 'retentionDays', 'Remember for', 30, { min: 1, max: 3650 }) * DAY_MS,
        waitMs: number(config, 'waitSeconds', 'Wait for the first', 25, { min: 0, max: 240 }) * 1000,
        conflictWired: (node.wires?.[2]?.length ?? 0) > 0,
        store: storeOf(red, config),
      };
    },
    async start({ config, status, closed }) {
      const guard = await IdempotencyGuard.open(await config.store(closed), { ...config, leaseMs: LEASE_MS });
      const cleaner = setInterval(() => {
        // A failed clean-up is tried again at the next turn; it costs disk, not correctness.
        guard.cleanUp().catch(() => undefined);
      }, CLEAN_UP_MS);
      cleaner.unref();
      const counts = { first: 0, duplicate: 0, conflict: 0 };
      const show = (): void =>
        status.ok(`${counts.first} first, ${counts.duplicate} duplicates, ${counts.conflict} conflicts`);
      status.ok('ready');
      return {
        async input(message, send) {
          const key = keyText(await config.keyOf(message));
          const claim = await guard.claim({ key, fingerprint: contentFingerprint(message.payload) });
          counts[claim.type] += 1;
          show();
          message.crossdock = { ...message.crossdock, key };
          await pass(message, claim, config, send);
        },
        close: async () => clearInterval(cleaner),
      };
    },
  });
};

async function pass(
  message: Message,
  claim: Claim,
  config: Config,
  send: (messages: (Message | null)[]) => void,
): Promise<void> {
  if (claim.type === 'first') {
    scopes.open(message, claim.scope, LEASE_MS);
    send([message, null, null]);
    return;
  }
  if (claim.type === 'duplicate') {
    // A duplicate is done by definition: its source must not wait for what happens to be wired behind.
    await scopes.finish(message, claim.result);
    message.payload = claim.result;
    message['duplicateOf'] = { key: message.crossdock?.key, firstAt: new Date(claim.firstAt).toISOString() };
    send([null, message, null]);
    return;
  }
  const conflict = new CrossdockError(
    'A message with the same key came before, with other contents. Which of them is right is for a person to say.',
    { code: 'IDEMPOTENCY_CONFLICT', kind: 'business' },
  );
  if (!config.conflictWired) throw conflict;
  message.error = { code: conflict.code, kind: conflict.kind, message: conflict.message };
  send([null, null, message]);
}

function canonicalKey(payload: unknown): unknown {
  return typeof payload === 'object' && payload !== null ? (payload as { id?: unknown }).id : undefined;
}

function keyText(value: unknown): string {
  const key = typeof value === 'number' ? String(value) : value;
  if (typeof key === 'string' && key.trim() !== '' && key.length <= 512) return key;
  throw new CrossdockError(
    typeof key === 'string' && key.length > 512
      ? 'The idempotency key is longer than 512 characters.'
      : 'The message has no idempotency key: the place where it should be is empty.',
    { code: 'IDEMPOTENCY_KEY_MISSING', kind: 'permanent' },
  );
}
