/** What changes in Odoo, as messages: noticed by write dates, hastened by hints, completed by comparing ids. */
export { Capture } from './capture';
export { CHOICE_NAMES, CHOICES, type Choice, type ChoiceName } from './choices';
export { readHint } from './hints';
export { type ChangedProducts, changeMessages, productMessages } from './messages';
export { ChangePoller, type PollerOptions, type PollerState } from './poller';
export { forgetCapture } from './schema';
export type {
  BackfillSettings,
  CaptureOptions,
  CaptureSettings,
  Change,
  Found,
  Operation,
  Watched,
} from './types';
