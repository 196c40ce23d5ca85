/** Reconciliation: what compares which sources, its runs, their differences. */
import { el, fill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { t } from './text.mjs';

export function createReconciliationView() {
  const body = el('div.body', { tabindex: -1 });
  const element = el('section.view', { 'aria-label': t('tab.reconciliation') }, body);
  fill(body, emptyState('noReconcilers'));
  return {
    element,
    focus: () => body.focus(),
  };
}
