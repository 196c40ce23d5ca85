/** The questions before anything is done to letters: into a basket, or discarded. Both say how many it is about. */
import { createBasketView } from './basket.mjs';
import { el, field } from './dom.mjs';
import { counted, number, shortTime, t } from './text.mjs';

/** Filters go as they were seen: the server freezes what they match now and says how many that are. */
export function askForBasket(context, { ids, filter, count, title }) {
  const named = [title, shortTime(Date.now())].filter(Boolean).join(' · ');
  const name = el('input', { type: 'text', value: named, maxlength: 120 });
  context.ask({
    title: counted('question.basket', count),
    fields: [el('p', {}, t('question.basketText')), field(t('label.basketName'), name)],
    confirm: t('action.freeze', { n: number(count) }),
    async act() {
      const made = await context.api.createBasket({
        name: name.value.trim() || named,
        ...(ids ? { ids } : { filter }),
      });
      context.goTo('baskets', createBasketView(context, made.id));
      context.announce(counted('said.frozen', made.count));
    },
  });
}

export function askForDiscard(context, { ids, filter, count, done }) {
  const reason = el('textarea', { rows: 2, maxlength: 500 });
  context.ask({
    title: counted('question.discard', count),
    fields: [el('p', {}, t('question.discardText')), field(t('label.discardReason'), reason)],
    confirm: t('action.discardNow', { n: number(count) }),
    danger: true,
    async act() {
      if (reason.value.trim() === '') {
        reason.focus();
        throw new Error(t('error.reasonMissing'));
      }
      const { discarded } = await context.api.discard({
        ...(ids ? { ids } : { filter }),
        reason: reason.value.trim(),
      });
      context.announce(counted('said.discarded', discarded));
      done(discarded);
    },
  });
}
