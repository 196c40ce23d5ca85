/** The mapping table in the editor, for its tests: opened over the real API, driven by clicks and keys that are counted. */
import type { Page } from 'playwright-core';
import { waitFor } from '../support';
import { flowOfAllNodes } from './flow';
import type { Bench, EditorPage, Language, Theme } from './harness';

export const root = '.crossdock-mapper';

export interface MapperPage {
  readonly editor: EditorPage;
  readonly page: Page;
  /** Clicks and keys so far; a paste is one. */
  readonly count: { clicks: number; keys: number };
  click(selector: string): Promise<void>;
  press(...keys: string[]): Promise<void>;
  /** Types into what has the focus; each character is a key. */
  type(text: string): Promise<void>;
  paste(text: string): Promise<void>;
  /** Texts of what the selector finds. */
  texts(selector: string): Promise<string[]>;
  /** Puts the keyboard on a cell, as a click on the target would. */
  goTo(target: string, column?: 'target' | 'source' | 'steps' | 'default' | 'result'): Promise<void>;
  /** Whether no rule fills the target yet. */
  isOpen(target: string): Promise<boolean>;
  /** The row of a target: its cells' texts. */
  row(target: string): Promise<string>;
  /** Visible controls without a name for a screen reader. */
  unnamed(): Promise<string[]>;
  /** Waits until the live result is of the table as it is, and nothing more is asked. */
  settled(): Promise<void>;
  shows(selector: string, text: string | RegExp): Promise<void>;
}

/** The flow of all nodes, but the mapper stands between an HTTP request and its response. */
export function mapperFlow(config: object = {}): object[] {
  const http = (id: string, type: string, rest: object) => ({
    id,
    type,
    z: 'tab',
    x: 140,
    y: 740,
    name: '',
    ...rest,
  });
  return [
    ...flowOfAllNodes().map((node) =>
      'id' in node && node.id === 'n-canonical-mapper' ? { ...node, ...config, wires: [['n-reply']] } : node,
    ),
    http('n-ask', 'http in', { url: '/map', method: 'post', wires: [['n-canonical-mapper']] }),
    http('n-reply', 'http response', { statusCode: '', headers: {}, wires: [] }),
    {
      id: 'n-catch',
      type: 'catch',
      z: 'tab',
      x: 140,
      y: 800,
      scope: ['n-canonical-mapper'],
      wires: [['n-fault']],
    },
    {
      id: 'n-fault',
      type: 'change',
      z: 'tab',
      x: 340,
      y: 800,
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'error', tot: 'msg' }],
      wires: [['n-reply']],
    },
  ];
}

export interface OpenMapper {
  readonly theme?: Theme;
  readonly language?: Language;
  readonly width?: number;
  /** Opens the dialog's own mapping; left out: whatever the node has. */
  readonly own?: boolean;
  /** Takes the node's mapping away first. */
  readonly fresh?: boolean;
}

/** Opens the node's dialog, and the table from it. */
export async function openMapper(bench: Bench, options: OpenMapper = {}): Promise<MapperPage> {
  const { theme, language, width = 1280, own = true, fresh = false } = options;
  const editor = await bench.open({ theme, language });
  const { page } = editor;
  await page.setViewportSize({ width, height: 900 });
  if (fresh) await page.evaluate("RED.nodes.node('n-canonical-mapper').spec = ''");
  await editor.edit('canonical-mapper');
  if (own) await page.selectOption('#node-input-mapping', 'custom');
  await page.click('#crossdock-mapper-open');
  await page.waitForSelector(`${root} .grid-row`);
  await page.evaluate(`window.crossdockTestRoot = '${root}'`);
  const count = { clicks: 0, keys: 0 };
  const rowOf = (target: string) =>
    `${root} .grid-row[data-key$=" ${target}"], ${root} .grid-row[data-key*=" ${target} "]`;

  return {
    editor,
    page,
    count,
    async click(selector) {
      count.clicks += 1;
      await page.locator(`${root} ${selector}`).first().click();
    },
    async press(...keys) {
      for (const key of keys) {
        count.keys += 1;
        await page.keyboard.press(key);
      }
    },
    async type(text) {
      count.keys += text.length;
      await page.keyboard.type(text);
    },
    async paste(text) {
      count.keys += 1;
      await page.evaluate(
        `(() => { const field = document.activeElement; field.value = ${JSON.stringify(text)};
          field.dispatchEvent(new Event('input', { bubbles: true })); field.dispatchEvent(new Event('paste', { bubbles: true })); })()`,
      );
    },
    texts: async (selector) =>
      (await page.evaluate(
        `[...document.querySelectorAll(${JSON.stringify(`${root} ${selector}`)})].map((e) => e.innerText)`,
      )) as string[],
    async goTo(target, column = 'source') {
      await page.evaluate(
        `document.querySelector(${JSON.stringify(rowOf(target))}).querySelector('.cell.${column}').focus()`,
      );
    },
    isOpen: async (target) =>
      Boolean(
        await page.evaluate(
          `document.querySelector(${JSON.stringify(rowOf(target))})?.classList.contains('is-open') ?? false`,
        ),
      ),
    row: async (target) =>
      String(
        await page.evaluate(`document.querySelector(${JSON.stringify(rowOf(target))})?.innerText ?? ''`),
      ),
    unnamed: async () =>
      (await page.evaluate(
        `[...document.querySelectorAll('${root} :is(input, select, textarea, button)')]
          .filter((e) => e.getClientRects().length > 0 && !e.closest('.monaco-editor'))
          .filter((e) => !(e.getAttribute('aria-label') || e.labels?.[0]?.innerText || (e.matches('button') && e.innerText.trim())))
          .map((e) => e.outerHTML.slice(0, 120))`,
      )) as string[],
    async settled() {
      await waitFor(async () => (await page.locator(`${root}[data-busy="false"]`).count()) === 1, {
        what: 'a table at rest',
        timeoutMs: 25_000,
      });
    },
    async shows(selector, text) {
      let seen = '';
      await waitFor(
        async () => {
          seen = (await page.locator(`${root} ${selector}`).allInnerTexts()).join('\n');
          return typeof text === 'string' ? seen.includes(text) : text.test(seen);
        },
        { what: `"${text}" in ${selector}`, timeoutMs: 25_000 },
      ).catch((error: unknown) => {
        throw new Error(
          `${error instanceof Error ? error.message : String(error)}\nIt shows:\n${seen.slice(0, 3000)}`,
        );
      });
    },
  };
}
