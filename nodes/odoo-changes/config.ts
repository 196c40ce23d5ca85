import { CrossdockError } from '../../core/errors';
import {
  type CaptureSettings,
  CHOICE_NAMES,
  CHOICES,
  type Choice,
  type OdooClient,
  odooTime,
  readDomain,
  readFieldNames,
  type Watched,
} from '../../core/odoo';
import { choice, flag, number, secret, text } from '../shared/config';
import { shared } from '../shared/config-node';
import type { RawConfig, Red, RedNode } from '../shared/red';
import { type SourceSettings, sourceSettings } from '../shared/source';
import { storeOf } from '../shared/store';
import type { HintSettings } from './hints';

export interface ChangesConfig {
  readonly settings: SourceSettings;
  readonly store: ReturnType<typeof storeOf>;
  readonly server: (userClosed: Promise<void>) => Promise<OdooClient>;
  readonly watched: readonly Watched[];
  readonly output: Choice['output'];
  readonly capture: CaptureSettings;
  readonly pollMs: number;
  /** Records of the back-fill per second; 0: as fast as it goes. */
  readonly fillPerSecond: number;
  /** Messages that may wait before reading pauses. */
  readonly highWater: number;
  readonly hints: HintSettings | undefined;
}

/** Throws CONFIG_INVALID, CONFIG_ENV_MISSING or CALL_INVALID (CrossdockError, permanent). */
export function readConfig(red: Red, config: RawConfig, node: RedNode): ChangesConfig {
  const watch = choice(config, 'watch', 'Watch', [...CHOICE_NAMES, 'own'], 'orders');
  const chosen: Choice = watch === 'own' ? ownChoice(config) : withFilter(CHOICES[watch], config);
  const compareMinutes = number(config, 'compareMinutes', 'Compare all', 60, { min: 0, max: 10_080 });
  return {
    settings: sourceSettings(config),
    store: storeOf(red, config),
    server: shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server'),
    watched: chosen.watched,
    output: chosen.output,
    capture: {
      windowSeconds: number(config, 'windowSeconds', 'Look back', 150, { min: 5, max: 86_400 }),
      compareMs: chosen.deletions ? compareMinutes * 60_000 : 0,
      backfill: backfill(config),
      pageSize: number(config, 'pageSize', 'Records per call', 500, { min: 10, max: 2000 }),
    },
    pollMs: number(config, 'pollSeconds', 'Look every', 5, { min: 1, max: 3600 }) * 1000,
    fillPerSecond: number(config, 'fillPerSecond', 'Back-fill speed', 200, { min: 0, max: 100_000 }),
    highWater: number(config, 'highWater', 'Waiting at most', 2000, { min: 1, max: 1_000_000 }),
    hints: hints(config, node),
  };
}

function ownChoice(config: RawConfig): Choice {
  const model = text(config, 'model', 'Model');
  if (!/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/.test(model)) {
    throw invalid('The model must be a technical name such as sale.order.', 'model');
  }
  const fields = readFieldNames(text(config, 'fields', 'Fields', ''));
  return { watched: [{ model, domain: domainOf(config), fields }], output: 'changes', deletions: true };
}

/** A ready-made choice may be narrowed, too. */
function withFilter(ready: Choice, config: RawConfig): Choice {
  const domain = domainOf(config);
  if (domain.length === 0 || ready.watched.length !== 1) return ready;
  return {
    ...ready,
    watched: ready.watched.map((watched) => ({ ...watched, domain: [...watched.domain, ...domain] })),
  };
}

function domainOf(config: RawConfig): readonly unknown[] {
  const written = text(config, 'domain', 'Only records', '');
  if (written === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(written);
  } catch {
    throw invalid('Only records: this is no JSON, such as [["state", "=", "sale"]].', 'domain');
  }
  return readDomain(parsed);
}

function backfill(config: RawConfig): CaptureSettings['backfill'] {
  const kind = choice(config, 'backfill', 'Back-fill', ['none', 'all', 'since'], 'none');
  if (kind === 'none') return undefined;
  const run = number(config, 'backfillRun', 'Run', 1, { min: 1, max: 1_000_000 });
  if (kind === 'all') return { since: undefined, run };
  const day = text(config, 'since', 'Since');
  const at = new Date(/^\d{4}-\d{2}-\d{2}$/.test(day) ? `${day}T00:00:00Z` : day);
  if (Number.isNaN(at.getTime())) throw invalid('Since must be a day such as 2026-01-31.', 'since');
  return { since: odooTime(at), run };
}

function hints(config: RawConfig, node: RedNode): HintSettings | undefined {
  if (!flag(config, 'hints', false)) return undefined;
  const path = text(config, 'path', 'Path', '/odoo-changes');
  const token = secret(node.credentials, 'token', 'Token');
  if (token.length < 16 || !/^[A-Za-z0-9._~-]+$/.test(token)) {
    throw invalid('The token must have at least 16 letters, digits, or one of . _ ~ -', 'token');
  }
  return { path, token };
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
