import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import {
  type Claim,
  type Fingerprint,
  fingerprintWithout,
  IdempotencyGuard,
  inProgress,
} from '../../core/idempotency';
import { registerNode } from '../shared/base';
import { choice, number, text } from '../shared/config';
import { keyText, keyValue, scopeValue } from '../shared/guarded';
import type { Message, RawConfig, Red, RedNode, Send } from '../shared/red';
import { storeOf } from '../shared/store';

const DAY_MS = 86_400_000;
const CLEAN_UP_MS = 10 * 60_000;
/** How long a claim may be held for a message that no source has a time for. */
const LEASE_MS = 300_000;
const KEY = { name: 'idempotency key', code: 'IDEMPOTENCY_KEY_MISSING', max: 512 };
const SCOPE = { name: 'scope for its idempotency key', code: 'IDEMPOTENCY_SCOPE_MISSING', max: 256 };

interface Config {
  readonly scopeOf: (message: Message) => Promise<unknown>;
  readonly keyOf: (message: Message) => Promise<unknown>;
  readonly fingerprint: Fingerprint;
  readonly retentionMs: number;
  readonly waitMs: number;
  readonly concurrent: 'wait' | 'answer';
  /** Per output, whether something is connected. */
  readonly wired: readonly boolean[];
  readonly store: ReturnType<typeof storeOf>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-idempotency-guard', {
    normalise: (config, node) => normalise(red, config, node),
    async start({ config, status, closed }) {
      const store = await config.store(closed);
      const guard = await IdempotencyGuard.open(store, { ...config, scope: '', leaseMs: LEASE_MS });
      const cleanUp = (): void => {
        // A failed clean-up is tried again at the next turn; it costs disk, not correctness.
        guard.cleanUp().catch(() => undefined);
      };
      const cleaner = setInterval(cleanUp, CLEAN_UP_MS);
      cleaner.unref();
      const counts = { first: 0, duplicate: 0, conflict: 0, inProgress: 0 };
      const show = (): void => {
        const parts = [`${counts.first} first, ${counts.duplicate} duplicates, ${counts.conflict} conflicts`];
        if (config.concurrent === 'answer') parts.push(`${counts.inProgress} in progress`);
        status.ok(parts.join(', '));
      };
      status.ok('ready');
      return {
        async input(message, send) {
          const scope = keyText(await config.scopeOf(message), SCOPE);
          const key = keyText(await config.keyOf(message), KEY);
          const leaseMs = scopes.timeLeft(message) ?? LEASE_MS;
          const fingerprint = config.fingerprint(message.payload);
          const claim = await guard.claim({ scope, key, fingerprint, leaseMs });
          counts[claim.type] += 1;
          show();
          message.crossdock = { ...message.crossdock, key };
          if (claim.type === 'first') scopes.open(message, claim.scope, leaseMs);
          // A duplicate is done by definition: its source must not wait for what happens to be wired behind.
          if (claim.type === 'duplicate') await scopes.finish(message, claim.result);
          pass(message, claim, config.wired, send);
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
  const ignored = text(config, 'ignore', 'May differ', '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
  return {
    scopeOf: scopeValue(red, config, 'orders'),
    keyOf: keyValue(red, config, 'canonical'),
    fingerprint: fingerprintWithout(ignored.map(belowPayload)),
    retentionMs: number(config, 'retentionDays', 'Remember for', 30, { min: 1, max: 3650 }) * DAY_MS,
    waitMs: number(config, 'waitSeconds', 'Wait for the first', 25, { min: 0, max: 240 }) * 1000,
    concurrent: choice(config, 'concurrent', 'While the first is at work', ['wait', 'answer'], 'wait'),
    wired: (node.wires ?? []).map((wires) => wires.length > 0),
    store: storeOf(red, config),
  };
}

function belowPayload(path: string): string {
  const found = /^payload\.([^.\s]+(?:\.[^.\s]+)*)$/.exec(path)?.[1];
  if (found !== undefined) return found;
  throw new CrossdockError('May differ must be members of the payload, such as payload.lines.*.note.', {
    code: 'CONFIG_INVALID',
    kind: 'permanent',
    facts: { field: 'ignore' },
  });
}

const OUTPUTS = ['first', 'duplicate', 'conflict', 'inProgress'] as const;

/** Sends the message by the output of its claim, with what that output adds. */
function pass(message: Message, claim: Claim, wired: readonly boolean[], send: Send): void {
  const output = OUTPUTS.indexOf(claim.type);
  const about = (at: number): object => ({
    key: message.crossdock?.key,
    firstAt: new Date(at).toISOString(),
  });
  if (claim.type === 'duplicate') {
    message.payload = claim.result;
    message['duplicateOf'] = about(claim.firstAt);
  }
  if (claim.type === 'conflict') {
    const conflict = new CrossdockError(
      'A message with the same key came before, with other contents. Which of them is right is for a person to say.',
      { code: 'IDEMPOTENCY_CONFLICT', kind: 'business' },
    );
    if (wired[output] !== true) throw conflict;
    message.error = { code: conflict.code, kind: conflict.kind, message: conflict.message };
  }
  if (claim.type === 'inProgress') {
    // Nobody would answer the sender: then the source is to deliver it again.
    if (wired[output] !== true) throw inProgress();
    message['inProgress'] = { ...about(claim.firstAt), since: new Date(claim.since).toISOString() };
  }
  send(OUTPUTS.map((_, index) => (index === output ? message : null)));
}
