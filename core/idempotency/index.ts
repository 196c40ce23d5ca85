export { type Claim, type ClaimRequest, IdempotencyGuard, type GuardOptions } from './guard';
