/** From one item of a list to the one before or after it, with the item itself in view. */
import { button, el } from './dom.mjs';

/**
 * @param options.items the pages that the item stands in at `index`
 * @param options.why why there is none, in words
 * @param options.move `(item)`: shows another one; the buttons are drawn anew by it
 */
export function createNeighbours(context, { items, index, names, why, move }) {
  function neighbour(step, glyph, name) {
    const there = index + step >= 0 && index + step < (items.total ?? 0);
    return button('', () => go(step), {
      glyph,
      kind: 'bare',
      name,
      why: there ? undefined : why,
      announce: context.announce,
    });
  }

  let element;
  function go(step) {
    const next = items.at(index + step);
    items.want(index + step, index + step);
    if (next === undefined) return;
    index += step;
    move(next);
    element.querySelectorAll('button')[step < 0 ? 0 : 1].focus();
  }

  /** The two buttons, as they are now. */
  return () => {
    element = el(
      'span.neighbours',
      {},
      neighbour(-1, 'chevron-up', names.previous),
      neighbour(1, 'chevron-down', names.next),
    );
    return element;
  };
}
