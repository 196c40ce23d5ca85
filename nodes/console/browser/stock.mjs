/** Stock by channel: what each was told, how old that is, what is held. */
import { el, fill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { t } from './text.mjs';

export function createStockView() {
  const body = el('div.body', { tabindex: -1 });
  const element = el('section.view', { 'aria-label': t('tab.stock') }, body);
  fill(body, emptyState('noStock'));
  return {
    element,
    focus: () => body.focus(),
  };
}
