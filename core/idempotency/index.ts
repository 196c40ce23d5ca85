export { contentFingerprint, type Fingerprint, fingerprintWithout } from './fingerprint';
export { type Claim, type ClaimRequest, type GuardOptions, IdempotencyGuard, inProgress } from './guard';
