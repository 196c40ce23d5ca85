/** How far a basket is: a bar in parts, and the parts in words. */
import { el } from './dom.mjs';
import { stateMark } from './kinds.mjs';
import { number, t } from './text.mjs';

const parts = ['done', 'sent', 'failedAgain', 'skipped', 'discarded'];

export const finishedOf = (progress) => progress.total - progress.pending - progress.sent;

/** Never "100 %" before the last one. */
export function percentOf(progress) {
  return progress.total === 0 ? 100 : Math.floor((100 * finishedOf(progress)) / progress.total);
}

export function progressBar(progress) {
  const width = (n) => `${(100 * n) / Math.max(1, progress.total)}%`;
  const bar = el('span.progress', {
    role: 'progressbar',
    'aria-label': t('label.progress'),
    'aria-valuemin': 0,
    'aria-valuemax': 100,
    'aria-valuenow': percentOf(progress),
  });
  for (const part of parts.filter((name) => progress[name] > 0)) {
    const piece = el(`span.${part}`);
    piece.style.width = width(progress[part]);
    bar.append(piece);
  }
  return bar;
}

export function progressWords(progress) {
  const shown = ['done', 'failedAgain', 'sent', 'pending', 'skipped', 'discarded'].filter(
    (part) => progress[part] > 0,
  );
  return el(
    'ul.words',
    {},
    shown.map((part) =>
      el('li', {}, stateMark(part), el('b', {}, number(progress[part])), ' ', t(`part.${part}`)),
    ),
  );
}
