import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { READY_MAPPINGS, TRANSFORM_NAMES } from '../../core/mapping';
import { projectFolders } from '../support';
import { languages } from './harness';

const node = join(projectFolders().root, 'nodes/canonical-mapper');

function catalogue(language: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') texts.set(path, value);
    else
      for (const [key, member] of Object.entries(value as object))
        walk(member, path === '' ? key : `${path}.${key}`);
  };
  walk(JSON.parse(readFileSync(join(node, 'locales', language, 'canonical-mapper.json'), 'utf8')), '');
  return texts;
}

/** The keys that the modules name outright, and the beginnings of those that they put together. */
function keysInCode(): { whole: string[]; beginnings: string[] } {
  const folder = join(node, 'browser');
  const code = readdirSync(folder)
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const whole = [...code.matchAll(/\bt\(\s*'([\w.-]+)'/g)].map(([, key]) => key ?? '');
  for (const [, key] of code.matchAll(/\bcounted\(\s*'([\w.-]+)'/g)) whole.push(`${key}.one`, `${key}.other`);
  const beginnings = [...code.matchAll(/\bt\(\s*`([\w.-]+)\$/g)].map(([, key]) => key ?? '');
  return { whole, beginnings };
}

describe('editor: the texts of the mapping table', () => {
  for (const language of languages) {
    it(`${language}: has every text that the table, its transforms and the ready mappings want`, () => {
      const texts = catalogue(language);
      const { whole, beginnings } = keysInCode();
      assert.ok(whole.length > 150, 'the keys are found');
      const at = (key: string) => `canonical-mapper.table.${key}`;
      const missing = [
        ...whole.filter((key) => !texts.has(at(key))),
        ...TRANSFORM_NAMES.map((name) => `transform.${name}`).filter((key) => !texts.has(at(key))),
        ...READY_MAPPINGS.flatMap((name) => [`option.mapping.${name}`, `about.${name}`]).filter(
          (key) => !texts.has(`canonical-mapper.${key}`),
        ),
        ...beginnings.filter((key) => ![...texts.keys()].some((each) => each.startsWith(at(key)))),
      ];
      assert.deepEqual(missing, []);
    });
  }

  it('both languages have the same texts with the same placeholders', () => {
    const [english, german] = languages.map(catalogue);
    const holes = (texts: ReadonlyMap<string, string> | undefined) =>
      [...(texts ?? [])]
        .map(([key, text]) => `${key} ${(text.match(/__\w+__/g) ?? []).sort().join()}`)
        .sort();
    assert.deepEqual(holes(german), holes(english));
  });
});
