/** The editor's side of the nodes as files: what Node-RED, its catalogue and translators rely on. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { contracts } from '../../core/contract';
import { projectFolders } from '../support';

const { root } = projectFolders();
const folder = existsSync(join(root, 'nodes')) ? join(root, 'nodes') : join(root, 'dist', 'nodes');
const languages = ['en-US', 'de'] as const;
const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, `${name}.html`)));

function read(...path: string[]): string {
  return readFileSync(join(folder, ...path), 'utf8');
}

/** A node's html; a dialog with functions of its own stands in one, two spaces deeper than the others. */
function dialog(name: string): string {
  return read(name, `${name}.html`).replace(/^ {2}\(function \(\) \{\n[\s\S]*?^ {2}\}\)\(\);$/m, (body) =>
    body.replaceAll(/^ {2}/gm, ''),
  );
}

/** What a dialog has in modules of its own, as one text. */
function modules(name: string): string {
  const own = join(folder, name, 'browser');
  if (!existsSync(own)) return '';
  return readdirSync(own)
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => read(name, 'browser', file))
    .join('\n');
}

/** The version of the configuration that a dialog saves. */
function configVersion(html: string): number {
  return Number(/^ {6}configVersion: \{ value: (\d+) \},$/m.exec(html)?.[1]);
}

/** All keys of a catalogue, joined by dots, with their texts. */
function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value === 'string') return new Map([[prefix, value]]);
  const found = new Map<string, string>();
  for (const [key, inner] of Object.entries(value as object)) {
    for (const [path, text] of flatten(inner, prefix === '' ? key : `${prefix}.${key}`))
      found.set(path, text);
  }
  return found;
}

const catalogue = (name: string, file: string, language: string): Map<string, string> =>
  flatten(JSON.parse(read(name, 'locales', language, `${file}.json`)));
const placeholders = (text: string): string[] => (text.match(/__\w+?__|<\/?\w+>|\$\{\w+\}/g) ?? []).sort();

describe('editor files', () => {
  it('covers all nodes', () => {
    assert.deepEqual([...names].sort(), [
      'canonical-mapper',
      'circuit-breaker',
      'contract',
      'contract-check',
      'dead-letter',
      'event-channel',
      'event-in',
      'event-out',
      'idempotency-guard',
      'inventory-publish',
      'odoo-call',
      'odoo-changes',
      'odoo-fulfilment',
      'odoo-invoice',
      'odoo-order',
      'odoo-server',
      'odoo-stock',
      'reconciler',
      'replay',
      'retry',
      'sequence-guard',
      'settle',
      'store',
      'webhook-in',
    ]);
  });

  it('package.json names each node set, and the plugin that the dialogs share', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      'node-red'?: {
        nodes?: Record<string, string>;
        plugins?: Record<string, string>;
      };
    };
    for (const name of names) {
      assert.equal(manifest['node-red']?.nodes?.[`crossdock-${name}`], `dist/nodes/${name}/${name}.js`);
    }
    assert.equal(
      manifest['node-red']?.plugins?.['crossdock-editor'],
      'dist/nodes/editor/crossdock-editor.html',
    );
  });

  for (const name of names) {
    describe(name, () => {
      const html = dialog(name);
      const isConfig = /category: 'config'/.test(html);

      it('registers its type literally, as catalogues read it without running it', () => {
        assert.match(html, new RegExp(`<script type="text/html" data-template-name="crossdock-${name}">`));
        assert.match(html, /<script type="text\/javascript">/);
        assert.match(html, new RegExp(`RED\\.nodes\\.registerType\\('crossdock-${name}', \\{`));
        assert.match(html, /^ {4}category: '(crossdock|config)',$/m);
        assert.match(html, /^ {4}color: '#[0-9A-F]{6}',$/m);
        assert.match(html, new RegExp(`^ {4}icon: 'crossdock-${name}\\.svg',$`, 'm'));
        if (!isConfig) {
          assert.match(html, /^ {4}inputs: [01],$/m);
          assert.match(html, /^ {4}outputs: [1234],$/m);
        }
        assert.ok(configVersion(html) >= 1);
      });

      it('validates with two parameters, or Node-RED takes every sentence for "valid"', () => {
        for (const [, parameters] of html.matchAll(/validate: function \(([^)]*)\)/g))
          assert.equal(parameters, 'v, opt');
        assert.ok(!/validate: (?!function)/.test(html));
      });

      it('has the defaults and bounds of the node that reads them', () => {
        const shown = shownBy(html);
        for (const { field, fallback, bounds } of readBy(name)) {
          const { value, limits } = shown.get(field) ?? assert.fail(`${field} is not in the dialog`);
          // A blank that has a meaning of its own is no missing value.
          if (fallback !== "''") assert.equal(value, fallback, field);
          assert.equal(limits, bounds, `bounds of ${field}`);
        }
        const read = new Set(readBy(name).map(({ field }) => field));
        for (const [field, { limits }] of shown) assert.ok(limits === undefined || read.has(field), field);
      });

      it('has no colour of its own beside the node’s, and no shared element id', () => {
        const template = html.slice(0, html.indexOf('<script type="text/javascript">'));
        assert.ok(!/#[0-9a-f]{3,6}\b|style=/i.test(template));
        const ids = [...template.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
        assert.equal(new Set(ids).size, ids.length);
      });

      it('has the same texts in English and German, and every text that it uses', () => {
        const [english, german] = languages.map((language) => catalogue(name, name, language));
        assert.ok(english !== undefined && german !== undefined);
        assert.deepEqual([...german.keys()].sort(), [...english.keys()].sort());
        for (const [key, text] of english) {
          assert.notEqual(text.trim(), '');
          assert.deepEqual(placeholders(german.get(key) ?? ''), placeholders(text), key);
        }
        const used = [
          ...[...html.matchAll(/data-i18n="(?:\[\w+\])?([\w.-]+)"/g)].map(([, key]) => key ?? ''),
          ...[...(html + modules(name)).matchAll(/(?:this|node)\._\('([\w.-]+)'[,)]/g)].map(
            ([, key]) => key ?? '',
          ),
          ...[...html.matchAll(/RED\._\('node-red-contrib-crossdock\/crossdock-[\w-]+:([\w.-]+)'\)/g)].map(
            ([, key]) => key ?? '',
          ),
        ];
        assert.deepEqual(
          used.filter((key) => !english.has(key)),
          [],
        );
      });

      for (const language of languages) {
        it(`has help in ${language} that renders`, () => {
          const help = read(name, 'locales', language, `${name}.html`);
          assert.match(help, new RegExp(`^<script type="text/markdown" data-help-name="crossdock-${name}">`));
          assert.match(help, /^### Details$/m);
          if (!isConfig) assert.match(help, /^### (Outputs|Ausgaben)$/m);
          // Node-RED's property lines are `: name (type) : text`; another colon breaks them.
          for (const line of help.split('\n').filter((text) => text.startsWith(':'))) {
            assert.match(line, /^: [\w.]+ \(\w+\) : [^:]+$/);
          }
        });
      }

      it('has an icon in Node-RED’s size', () => {
        const icon = readFileSync(join(root, 'icons', `crossdock-${name}.svg`), 'utf8');
        assert.match(icon, /^<svg [^>]*width="40" height="60" viewBox="0 0 40 60">/);
        assert.ok(!/(fill|stroke)="(?!#fff|none)/.test(icon), 'white only');
      });

      if (!isConfig) {
        it('occurs in an example of its own', () => {
          const own = join(root, 'examples', name.replaceAll('-', ' '));
          const files = readdirSync(own).filter((file) => /^\d\d - .+\.json$/.test(file));
          assert.ok(files.length > 0);
          const flow = JSON.parse(readFileSync(join(own, files[0] ?? ''), 'utf8')) as { type: string }[];
          assert.ok(flow.some((node) => node.type === `crossdock-${name}`));
        });
      }
    });
  }

  it('every built-in contract has a title in English and German', () => {
    const shipped = contracts()
      .list()
      .map(({ name }) => name);
    assert.ok(shipped.length > 20);
    for (const language of languages) {
      const texts = catalogue('editor', 'crossdock-editor', language);
      const titles = [...texts.keys()].flatMap((key) => /\.contract\.title\.(.+)$/.exec(key)?.[1] ?? []);
      assert.deepEqual(titles.sort(), [...new Set(shipped)].sort(), language);
    }
  });

  it('the shared texts are the same in English and German', () => {
    const [english, german] = languages.map((language) => catalogue('editor', 'crossdock-editor', language));
    assert.ok(english !== undefined && german !== undefined);
    assert.deepEqual([...german.keys()].sort(), [...english.keys()].sort());
    for (const [key, text] of english)
      assert.deepEqual(placeholders(german.get(key) ?? ''), placeholders(text), key);
    const shared = read('editor', 'crossdock-editor.html');
    const htmls = names.map((name) => read(name, `${name}.html`)).join('\n');
    const keys = [
      ...`${shared}${htmls}`.matchAll(/(?:reason\(opt|check\.pattern\(v, opt, .*), '(\w+)'/g),
    ].map(([, key]) => key);
    assert.deepEqual(
      keys.filter((key) => !english.has(`crossdock-editor.error.${key}`)),
      [],
    );
  });
});

describe('the demo', () => {
  it('has all fields of its nodes', () => {
    assertWhole(JSON.parse(readFileSync(join(root, 'flows', 'demo.json'), 'utf8')) as FlowNode[]);
  });
});

describe('examples', () => {
  const files = readdirSync(join(root, 'examples'), {
    recursive: true,
    encoding: 'utf8',
  }).filter((file) => statSync(join(root, 'examples', file)).isFile());

  for (const file of files) {
    it(`${file}: is whole and names no server`, () => {
      const text = readFileSync(join(root, 'examples', file), 'utf8');
      const flow = JSON.parse(text) as FlowNode[];
      assert.ok(
        flow.some((node) => node.type === 'comment'),
        'is explained',
      );
      assertWhole(flow);
      assert.ok(!/https?:\/\/|mqtts?:\/\//.test(text), 'servers are environment variables');
    });
  }

  it('no two examples share a node id, so all can be imported into one Node-RED', () => {
    const all = files.flatMap(
      (file) =>
        JSON.parse(readFileSync(join(root, 'examples', file), 'utf8')) as {
          id: string;
        }[],
    );
    assert.equal(new Set(all.map((node) => node.id)).size, all.length);
  });

  it('no two examples share a store file or an address, so they work beside each other', () => {
    const taken = new Map<string, string>();
    for (const file of files) {
      const flow = JSON.parse(readFileSync(join(root, 'examples', file), 'utf8')) as FlowNode[];
      for (const { type, path, method, url } of flow) {
        const what =
          type === 'crossdock-store' || type === 'crossdock-webhook-in'
            ? `${type} ${String(path)}`
            : type === 'http in'
              ? `${String(method)} ${String(url)}`
              : undefined;
        if (what === undefined) continue;
        assert.equal(taken.get(what), undefined, `${what} of ${file}`);
        taken.set(what, file);
      }
    }
    assert.ok(taken.size > 20);
  });
});

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly wires?: readonly string[][];
  readonly [field: string]: unknown;
}

/** Every node has all fields of its dialog, and every reference leads to a node of the same flow. */
function assertWhole(flow: readonly FlowNode[]): void {
  const ids = new Set(flow.map((node) => node.id));
  assert.equal(ids.size, flow.length, 'ids are unique');
  for (const node of flow) {
    for (const wire of node.wires?.flat() ?? []) assert.ok(ids.has(wire), `wire to ${wire}`);
    if (!node.type.startsWith('crossdock-')) continue;
    const name = node.type.replace('crossdock-', '');
    assert.ok(names.includes(name), node.type);
    const own = Object.keys(node).filter(
      (field) => !['id', 'type', 'z', 'g', 'x', 'y', 'wires', 'credentials'].includes(field),
    );
    const html = dialog(name);
    assert.equal(node['configVersion'], configVersion(html));
    assert.deepEqual(own.sort(), [...shownBy(html).keys()].sort(), `fields of ${node.type}`);
    for (const field of ['store', 'server', 'channel']) {
      const value = node[field];
      if (name === 'canonical-mapper' || value === undefined || value === '') continue;
      assert.ok(ids.has(String(value)), `${node.type}.${field}`);
    }
  }
}

/** A node's config properties as its html has them: default and integer bounds as literals, read without running it. */
function shownBy(html: string): Map<string, { value: string; limits: string | undefined }> {
  const body = /^ {4}defaults: \{\n([\s\S]*?)^ {4}\},$/m.exec(html)?.[1] ?? '';
  const found = new Map<string, { value: string; limits: string | undefined }>();
  for (const [, field = '', definition = ''] of body.matchAll(
    /^ {6}(\w+): \{([\s\S]*?)(?=^ {6}\w+: \{|(?![\s\S]))/gm,
  )) {
    const value = /\bvalue: ('[^']*'|\w+)/.exec(definition)?.[1] ?? '';
    found.set(field, { value, limits: /check\.integer\(v, opt, (\d+, \d+)\)/.exec(definition)?.[1] });
  }
  return found;
}

/** What a node reads of its configuration, with the default that it takes for what is missing, as literals. */
function readBy(name: string): { field: string; fallback: string; bounds: string | undefined }[] {
  const sources = readdirSync(join(root, 'nodes', name)).filter((file) => file.endsWith('.ts'));
  const text = [
    ...sources.map((file) => readFileSync(join(root, 'nodes', name, file), 'utf8')),
    // The settings that all sources have.
    ...(name.endsWith('-in') || name === 'odoo-changes' || name === 'replay' || name === 'retry'
      ? [readFileSync(join(root, 'nodes', 'shared', 'source.ts'), 'utf8')]
      : []),
  ].join('\n');
  const constants = new Map(
    [...text.matchAll(/^const (\w+) = ('[^']*');/gm)].map(([, constant = '', value = '']) => [
      constant,
      value,
    ]),
  );
  const reads =
    /\b(?:(?:text|number|decimal)\(\s*(?:config|raw),\s*'(\w+)',\s*'[^']*',|choice\(\s*(?:config|raw),\s*'(\w+)',\s*'[^']*',\s*(?:\[[^\]]*\]|\w+),|flag\((?:config|raw), '(\w+)',)\s*('[^']*'|\w+)(?:, \{ min: (\w+), max: (\w+) \})?/g;
  const found = [...text.matchAll(reads)].map(([, plain, choice, flag, fallback = '', min, max]) => ({
    field: plain ?? choice ?? flag ?? '',
    fallback: constants.get(fallback) ?? fallback.replaceAll(/(\d)_/g, '$1'),
    bounds: min === undefined ? undefined : `${min}, ${max}`.replaceAll('_', ''),
  }));
  // A letter keeps the lane that its source gave it; changes of one model have one.
  if (name === 'replay' || name === 'odoo-changes')
    return found.filter(({ field }) => !field.startsWith('lane'));
  // What retry takes in itself has one lane, and its own attempts.
  return name === 'retry' ? found.filter(({ field }) => !/^(lane|maxAttempts)/.test(field)) : found;
}
