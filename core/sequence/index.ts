export { type Place, SequenceGuard, type SequenceOptions, type SequenceRequest } from './guard';
export { type Version, type VersionKind, versionOf } from './version';
