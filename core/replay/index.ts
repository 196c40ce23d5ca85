export type * from './api';
export { auditStatement } from './audit';
export { MAX_IDS } from './baskets';
export { Desk, type DeskOptions, groupShown } from './desk';
export type { FindMapping, Trial, TrialMapping } from './dry-run';
export { DEFAULT_RATE, MAX_RATE, type ReplayTargets } from './runner';
export { SCHEMA as REPLAY_SCHEMA } from './schema';
export { replaySource } from './send';
