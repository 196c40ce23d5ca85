/** A text field with a list of what fits below it: paths of the sample, zones, fields to add. */
import { el } from '../../console/browser/dom.mjs';

let ids = 0;
const most = 60;

/**
 * @param options `{ value, label, placeholder, options: () => [{ value, hint?, badge? }], chosen(value), input?(value), strict?, first?, keepOpen? }`
 *   `strict`: only what is in the list can be chosen. Enter takes the marked entry, or the text as it stands.
 */
export function combo({
  value = '',
  label,
  placeholder,
  options,
  chosen,
  input: typed,
  strict = false,
  first = false,
  clears = false,
  empty = '',
  open: opened = false,
}) {
  ids += 1;
  const listId = `crossdock-mapper-list-${ids}`;
  const list = el('div.combo-list', { role: 'listbox', id: listId, 'aria-label': label, hidden: true });
  const input = el('input', {
    type: 'text',
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-label': label,
    'aria-controls': listId,
    'aria-expanded': 'false',
    'aria-autocomplete': 'list',
    placeholder,
    'data-first': first,
  });
  input.value = value;
  let matches = [];
  let marked = -1;
  let untouched = true;

  function fitting() {
    const wanted = untouched ? '' : input.value.trim().toLowerCase();
    if (wanted === '') return options().slice(0, most);
    const words = wanted.split(/\s+/);
    const scored = options()
      .map((option) => ({
        option,
        text: `${option.value} ${option.hint ?? ''} ${option.more ?? ''}`.toLowerCase(),
        name: option.value.toLowerCase().split('.').at(-1),
      }))
      .filter(({ text }) => words.every((word) => text.includes(word)))
      .map(({ option, text, name }) => {
        const places = [
          name === wanted,
          name.startsWith(wanted),
          text.startsWith(wanted),
          text.includes(wanted),
          true,
        ];
        return { option, rank: places.indexOf(true) };
      });
    return scored
      .toSorted((a, b) => a.rank - b.rank)
      .slice(0, most)
      .map(({ option }) => option);
  }

  function draw() {
    list.replaceChildren(
      ...matches.map((option, index) =>
        el(
          'div.combo-option',
          {
            role: 'option',
            id: `${listId}-${index}`,
            'aria-selected': String(index === marked),
            onpointerdown: (event) => {
              event.preventDefault();
              take(option.value);
            },
          },
          el('span.combo-value', {}, option.value),
          option.hint && el('span.combo-hint', {}, option.hint),
        ),
      ),
    );
    if (matches.length === 0 && empty) list.append(el('div.combo-none', {}, empty));
    list.hidden = matches.length === 0 && !empty;
    input.setAttribute('aria-expanded', String(!list.hidden));
    if (marked >= 0) {
      input.setAttribute('aria-activedescendant', `${listId}-${marked}`);
      list.children[marked]?.scrollIntoView({ block: 'nearest' });
    } else input.removeAttribute('aria-activedescendant');
  }

  function open() {
    matches = fitting();
    marked = strict && matches.length > 0 && !untouched ? 0 : -1;
    draw();
  }

  function close() {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function take(text) {
    input.value = clears ? '' : text;
    untouched = true;
    close();
    chosen(text);
  }

  input.addEventListener('input', () => {
    untouched = false;
    open();
    typed?.(input.value);
  });
  input.addEventListener('focus', () => {
    if (!clears) input.select();
    if (opened) open();
  });
  input.addEventListener('click', () => {
    if (list.hidden) open();
  });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (list.hidden) open();
      const by = event.key === 'ArrowDown' ? 1 : -1;
      marked = matches.length === 0 ? -1 : (marked + by + matches.length) % matches.length;
      draw();
    } else if (event.key === 'Enter') {
      if (marked >= 0 && !list.hidden) take(matches[marked].value);
      else if (!strict) take(input.value.trim());
    } else if (event.key === ' ' && event.ctrlKey) open();
    else if (event.key === 'Escape' && !list.hidden) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return { element: el('div.combo', {}, input, list), input, value: () => input.value.trim() };
}
