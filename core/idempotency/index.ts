export { contentFingerprint } from './fingerprint';
export { type Claim, type ClaimRequest, type GuardOptions, IdempotencyGuard } from './guard';
