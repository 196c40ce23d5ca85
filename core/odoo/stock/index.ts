export { StockAdjuster } from './adjust/adjuster';
export type { AdjusterOptions, AppliedAdjustment, WhenMoved } from './adjust/types';
export { type Availability, type AvailabilityOptions, readAvailability } from './availability';
export { readLevels } from './levels';
export { type Reservation, type ReservationOptions, type ReservedLine, reservation } from './reservation';
export type { LevelOf, LevelPage, StockProblem, StockRequest } from './types';
