/** Elements, without a framework: what the views are made of. */

/**
 * An element: `el('button.push', { type: 'button', 'aria-label': 'Close', onclick }, child, …)`.
 * Properties that start with "on" are listeners; undefined, null and false leave an attribute out. Texts become text
 * nodes, never markup: what partners send is shown here.
 */
export function el(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) {
      element.setAttribute(key, value === true ? '' : String(value));
    }
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(2)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
}

/** Replaces everything in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/**
 * Replaces what is in an element; a button of it that had the focus hands it to the one in its place, so that an update
 * does not throw the keyboard out.
 */
export function refill(element, ...children) {
  const buttons = () => [...element.querySelectorAll('button, summary')];
  const at = buttons().indexOf(document.activeElement);
  fill(element, ...children);
  if (at >= 0) (buttons()[at] ?? buttons().at(-1))?.focus();
  return element;
}

/** A glyph that says nothing a screen reader needs. */
export function icon(name, ...classes) {
  return el(['i.fa', `fa-${name}`, ...classes].join('.'), { 'aria-hidden': 'true' });
}

/**
 * A button. One that may not be used stays reachable by keyboard and says why, as its tooltip and
 * when it is pressed.
 */
export function button(label, action, { glyph, kind, name, why, announce } = {}) {
  const element = el(
    `button.push${kind ? `.${kind}` : ''}`,
    {
      type: 'button',
      'aria-label': name,
      title: why || name,
      'aria-disabled': why ? 'true' : undefined,
      onclick: (event) => {
        event.preventDefault();
        if (why) announce?.(why);
        else action(event);
      },
    },
    glyph && icon(glyph),
    label && el('span', {}, label),
  );
  return element;
}

let ids = 0;

/** A label above its field, tied to it. `hint` is read with the field. */
export function field(label, control, hint) {
  ids += 1;
  control.id = control.id || `crossdock-console-field-${ids}`;
  const note = hint && el('small.hint', { id: `${control.id}-hint` }, hint);
  if (note) control.setAttribute('aria-describedby', note.id);
  return el('div.field', {}, el('label', { for: control.id }, label), control, note);
}
