/** What can be done to a basket. */
import { button } from './dom.mjs';
import { saveJson } from './download.mjs';
import { number, t } from './text.mjs';

/** The letters of a basket that ended badly, and the actions, as a text to keep. */
export function saveReport(report) {
  saveJson(`replay-${report.basket.name.replace(/[^\p{L}\p{N}_-]+/gu, '-')}.json`, report);
}

/** Buttons that the basket's state allows. `act` is `(action, options)`. */
export function basketButtons(basket, act, { why, announce }) {
  const offer = (action, glyph, kind) =>
    button(t(`action.basket.${action}`), () => act(action), { glyph, kind, why, announce });
  const offered = {
    draft: [offer('start', 'play', 'main'), offer('dry-run'), offer('cancel')],
    'dry-run': [offer('cancel')],
    running: [offer('pause', 'pause', 'main'), offer('cancel')],
    paused: [offer('resume', 'play', 'main'), offer('dry-run'), offer('cancel')],
  };
  return offered[basket.state] ?? [];
}

export const rateOf = (basket) => t('label.perSecond', { n: number(basket.ratePerSecond ?? 0) });
