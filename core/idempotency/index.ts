export { type Claim, type ClaimRequest, type GuardOptions, IdempotencyGuard } from './guard';
