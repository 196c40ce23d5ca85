/** What can be done to a basket. */
import { button, el } from './dom.mjs';
import { number, t } from './text.mjs';

/** The letters of a basket that ended badly, and the actions, as a text to keep. */
export function saveReport(report) {
  const blob = new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' });
  const link = el('a', {
    href: URL.createObjectURL(blob),
    download: `replay-${report.basket.name.replace(/[^\p{L}\p{N}_-]+/gu, '-')}.json`,
  });
  link.click();
  URL.revokeObjectURL(link.href);
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
