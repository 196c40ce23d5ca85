/** Gives a value to the browser as a file. */
import { el } from './dom.mjs';

export function saveJson(name, value) {
  saveText(name, JSON.stringify(value, null, 2), 'application/json');
}

export function saveText(name, text, type) {
  const link = el('a', { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
