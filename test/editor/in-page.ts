/**
 * What the tests look at inside the browser, as text: the project compiles without the DOM's types. It defines
 * `crossdockTest` in the page; nothing here changes the page.
 */
export const inPage = String.raw`
window.crossdockTest = (() => {
  const visible = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== 'hidden';
  // What is looked at: the open dialog, or what a test has named.
  const form = () => document.querySelector(window.crossdockTestRoot || '.red-ui-tray:last-child .crossdock-form');

  // Colours come as rgb(), rgba() or color(srgb ...); all to [r, g, b, a] with 0..255 and 0..1.
  function rgba(text) {
    const numbers = (text.match(/[\d.]+(e-?\d+)?/g) || []).map(Number);
    if (text.startsWith('color(')) return [numbers[0] * 255, numbers[1] * 255, numbers[2] * 255, numbers[3] ?? 1];
    return [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
  }
  function over(top, bottom) {
    const alpha = top[3];
    return [0, 1, 2].map((i) => top[i] * alpha + bottom[i] * (1 - alpha)).concat(1);
  }
  function background(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  }
  function luminance(colour) {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const c = value / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function contrast(element, colour) {
    const below = background(element);
    const text = over(rgba(colour || getComputedStyle(element).color), below);
    const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }
  const ownText = (element) =>
    [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim();

  const ARROW = 20;
  function measure(element) {
    const style = getComputedStyle(element);
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = style.fontWeight + ' ' + style.fontSize + ' ' + style.fontFamily;
    const room = element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return (text, less) => pen.measureText(text).width <= room - less + 1;
  }
  // Words that a label's width breaks without a hyphen, as "Sicherheitsbestan d".
  function brokenWords(element) {
    const found = [];
    for (const node of element.childNodes) {
      if (node.nodeType !== 3) continue;
      for (const word of node.data.matchAll(/[^\s\u00ad-]+/g)) {
        const range = document.createRange();
        // A soft hyphen that is shown counts as part of the letter behind it.
        range.setStart(node, word.index + 1);
        range.setEnd(node, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.top)));
        if (lines.size > 1) found.push(word[0]);
      }
    }
    return found;
  }
  // A selection shows its chosen option beside an arrow, a field its example: what is longer is cut without a sign.
  function cutTexts(control) {
    const fits = measure(control);
    if (control.matches('input')) return control.placeholder && !fits(control.placeholder, 0) ? [control.placeholder] : [];
    // Titles of contracts and other people's names are as long as they are.
    const own = [...control.options].filter((option) => option.hasAttribute('data-i18n'));
    return own.map((option) => option.text.trim()).filter((text) => !fits(text, ARROW));
  }

  return {
    visibleForm: () => form() !== null && visible(form()),

    /** Every text that a person can read or hear in the dialog, placeholders and names included. */
    texts() {
      const found = [];
      for (const element of form().querySelectorAll('*')) {
        if (ownText(element)) found.push(ownText(element));
        for (const name of ['placeholder', 'title', 'aria-label']) {
          if (element.getAttribute(name)) found.push(element.getAttribute(name));
        }
      }
      return found;
    },

    /** Elements marked for translation that stayed empty. */
    empty() {
      return [...form().querySelectorAll('[data-i18n]')]
        .filter((element) => !element.getAttribute('data-i18n').startsWith('[placeholder]') && element.textContent.trim() === '')
        .map((element) => element.getAttribute('data-i18n'));
    },

    /** Elements that stick out of the dialog, and texts that are cut. */
    overflowing() {
      const box = form().getBoundingClientRect();
      const found = [];
      for (const element of form().querySelectorAll('*')) {
        if (!visible(element) || element.closest('.monaco-editor, .ace_editor')) continue;
        const own = element.getBoundingClientRect();
        const name = element.tagName + '#' + element.id + '.' + element.className;
        if (own.right > box.right + 1 || own.left < box.left - 1) found.push('outside: ' + name);
        const text = element.matches('label, label > span, .crossdock-tip, .crossdock-heading, .crossdock-measure > span, .red-ui-button > span');
        if (text && (element.scrollWidth > element.clientWidth + 1) && getComputedStyle(element).display !== 'inline') found.push('cut: ' + name);
        if (element.matches('label > span')) for (const word of brokenWords(element)) found.push('broken: ' + word);
        if (element.matches('select, input')) for (const words of cutTexts(element)) found.push('cut: ' + name + ' "' + words + '"');
      }
      return found;
    },

    /** Visible controls that a screen reader could not name. */
    unnamed() {
      return [...form().querySelectorAll('input, select, textarea, button, a.red-ui-button')]
        .filter((element) => visible(element) && !element.closest('.monaco-editor, .ace_editor'))
        .filter((element) => {
          const label = element.id && form().querySelector('label[for="' + element.id + '"]');
          const name = (label && label.textContent) || element.getAttribute('aria-label') || element.textContent;
          return name.trim() === '' || (element.matches('select') && !label);
        })
        .map((element) => element.tagName + '#' + element.id);
    },

    /** Texts below the contrast that WCAG AA asks for (4.5). */
    pale() {
      const found = [];
      for (const element of form().querySelectorAll('label span, label i, .crossdock-tip, .crossdock-tip code, .crossdock-heading, .crossdock-measure > span, .crossdock-check > span, .crossdock-result, .crossdock-topology th, .crossdock-topology code, .crossdock-topology div, button span, input, textarea, select')) {
        // Monaco listens in a text area that nobody sees, and draws the text elsewhere.
        if (!visible(element) || element.closest('.monaco-editor')) continue;
        const ratio = contrast(element);
        if (ratio < 4.5) found.push(element.tagName + '.' + element.className + ' ' + ratio.toFixed(2));
        if (element.matches('input') && element.placeholder && element.value === '') {
          const placeholder = contrast(element, getComputedStyle(element, '::placeholder').color);
          if (placeholder < 4.5) found.push('placeholder of ' + element.id + ' ' + placeholder.toFixed(2));
        }
      }
      return found;
    },

    /** The same for every visible text, whatever it is in. */
    paleTexts() {
      return [...form().querySelectorAll('*')]
        .filter((element) => ownText(element) && visible(element) && !element.closest('.spoken, .monaco-editor'))
        .map((element) => [element, contrast(element)])
        .filter(([, ratio]) => ratio < 4.5)
        .map(([element, ratio]) => element.tagName + '.' + element.className + ' ' + ownText(element).slice(0, 20) + ' ' + ratio.toFixed(2));
    },

    /** Contrast of a node's label in the palette. */
    paletteContrast(type) {
      return contrast(document.querySelector('.red-ui-palette-node[data-palette-type="' + type + '"] .red-ui-palette-label'));
    },
  };
})();
`;
