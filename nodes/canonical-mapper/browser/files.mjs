/** Mappings as files: one rule a line, so that they diff well. */
import { el } from '../../console/browser/dom.mjs';
import { t } from './words.mjs';

/** The spec as text, as the node archives it: members pretty, each rule on a line of its own. */
export function specText(spec) {
  const { rules, ...head } = spec;
  const start = JSON.stringify(head, null, 2).slice(0, -2);
  const lines = rules.map((rule) => `    ${JSON.stringify(rule)}`);
  return `${start},\n  "rules": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** @returns the spec, or throws an Error with a sentence */
export function readSpec(text) {
  let spec;
  try {
    spec = JSON.parse(text);
  } catch (error) {
    throw new Error(t('file.notJson', { error: error.message }));
  }
  if (spec === null || typeof spec !== 'object' || Array.isArray(spec) || !Array.isArray(spec.rules))
    throw new Error(t('file.noRules'));
  if (spec.spec !== 'crossdock-mapping/1') throw new Error(t('file.otherFormat'));
  if (spec.rules.some((rule) => rule === null || typeof rule !== 'object' || typeof rule.target !== 'string'))
    throw new Error(t('file.badRule'));
  if (typeof spec.to?.contract !== 'string') throw new Error(t('file.noTarget'));
  return spec;
}

export function download(spec) {
  const url = URL.createObjectURL(new Blob([specText(spec)], { type: 'application/json' }));
  const link = el('a', { href: url, download: `${spec.name || 'mapping'}-${spec.version}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** A hidden file field. @param taken `(text)` */
export function fileInput(taken) {
  const input = el('input', {
    type: 'file',
    accept: '.json',
    hidden: true,
    tabindex: -1,
    'aria-label': t('head.import'),
  });
  input.addEventListener('change', async () => {
    const [file] = input.files;
    input.value = '';
    if (file) taken(await file.text());
  });
  return input;
}
