/** Two bodies of a message side by side (in a narrow sidebar below each other), with what differs marked. */

import { linesOf, pairLines, shownLines } from './diff.mjs';
import { button, el, icon } from './dom.mjs';
import { counted, number, t } from './text.mjs';
import { closeTray } from './tray.mjs';

const redaction = /\[(?:personal|confidential)\]/;

/** @param sides two of `{ label, content }` */
export function comparison(sides) {
  const [left, right] = sides.map(({ content }) => linesOf(content));
  const pairs = pairLines(left, right);
  const differing = pairs.filter(({ same }) => !same).length;
  const shown = pairs.slice(0, shownLines);
  return el(
    'div.comparison',
    {},
    el(
      'div.legend',
      {},
      sides.map(({ label }, at) => el(`span.side.${at === 0 ? 'left' : 'right'}`, {}, label)),
      el('span.differ', {}, differing === 0 ? t('label.same') : counted('count.differences', differing)),
    ),
    el(
      'div.lines',
      { tabindex: 0, role: 'region', 'aria-label': sides.map(({ label }) => label).join(', ') },
      shown.map((pair) => (pair.same ? both(pair.left) : [one(pair.left, 'left'), one(pair.right, 'right')])),
    ),
    pairs.length > shown.length &&
      el('p.hint', {}, t('label.cut', { n: number(shown.length), total: number(pairs.length) })),
  );
}

/** A single body. */
export function single(label, content) {
  const lines = linesOf(content);
  return el(
    'div.comparison',
    {},
    el(
      'div.lines.alone',
      { tabindex: 0, role: 'region', 'aria-label': label },
      lines.slice(0, shownLines).map((line) => code(line, 'both')),
    ),
    lines.length > shownLines &&
      el('p.hint', {}, t('label.cut', { n: number(shownLines), total: number(lines.length) })),
  );
}

function both(line) {
  return [code(line, 'left', 'same'), code(line, 'right', 'same')];
}

function one(line, side) {
  return code(line, side, line === undefined ? 'missing' : 'changed');
}

function code(line, ...classes) {
  const element = el(`code.${classes.join('.')}`);
  const parts = (line ?? '').split(redaction);
  for (const [at, part] of parts.entries()) {
    if (at > 0)
      element.append(el('span.masked', { title: t('label.masked') }, icon('eye-slash'), t('label.hidden')));
    element.append(part);
  }
  return element;
}

/** Whether a body says anything that can be compared. */
export const isReadable = (content) => content.type === 'json' || content.type === 'text';

/** The sentence for a body that is not shown. */
export function unreadable({ type, bytes }) {
  const key = type === 'none' ? 'none' : type === 'hidden' ? 'hidden' : 'binary';
  return t(`content.${key}`, { n: number(bytes) });
}

/** What stands below two bodies: side by side, or the one that can be read, or why there is nothing to see. */
export function contents(sides, { wide } = {}) {
  const readable = sides.filter(({ content }) => isReadable(content));
  const missing = sides.filter(({ content }) => !isReadable(content));
  return [
    missing.map(({ label, content }) => el('p.hint', {}, `${label}: ${unreadable(content)}`)),
    readable.length === 2 && comparison(sides),
    readable.length === 1 && single(readable[0].label, readable[0].content),
    readable.length > 0 &&
      !wide &&
      button(t('action.wide'), () => openWide(sides), { glyph: 'columns', kind: 'small' }),
  ];
}

function openWide(sides) {
  const before = document.activeElement;
  const close = () => closeTray(() => before.focus());
  RED.tray.show({
    title: t('label.contents'),
    width: 960,
    buttons: [{ text: t('action.close'), class: 'primary', click: close }],
    open(tray) {
      const holder = el('div.crossdock-console.in-tray', {}, contents(sides, { wide: true }).flat());
      tray.find('.red-ui-tray-body').append(holder);
    },
  });
}
