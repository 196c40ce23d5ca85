import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type NodeRed, projectFolders, type SpawnNodeRedOptions, spawnNodeRed } from '../support';
import { flowOfAllNodes } from './flow';
import { inPage } from './in-page';

export type Theme = 'light' | 'dark';
export type Language = 'en-US' | 'de';

export const themes: readonly Theme[] = ['light', 'dark'];
export const languages: readonly Language[] = ['en-US', 'de'];

export const configNodes = ['store', 'odoo-server', 'event-channel', 'contract'] as const;
export const messageNodes = [
  'webhook-in',
  'contract-check',
  'canonical-mapper',
  'idempotency-guard',
  'sequence-guard',
  'retry',
  'circuit-breaker',
  'odoo-order',
  'odoo-fulfilment',
  'odoo-stock',
  'odoo-call',
  'odoo-changes',
  'odoo-invoice',
  'dead-letter',
  'replay',
  'inventory-publish',
  'reconciler',
  'event-in',
  'event-out',
  'settle',
] as const;
export const allNodes = [...configNodes, ...messageNodes] as const;
export type NodeName = (typeof allNodes)[number];

/** The Chromium to use (CHROMIUM_BIN, or Debian's), or undefined when the machine has none. */
export function chromiumPath(): string | undefined {
  return [process.env['CHROMIUM_BIN'], '/usr/bin/chromium'].find(
    (path) => path !== undefined && existsSync(path),
  );
}

/** For `before`: skips the suite on a machine without Chromium, which is a failure where CI demands services. */
export function needChromium(context: Mocha.Context): void {
  if (chromiumPath() !== undefined) return;
  if (process.env['CROSSDOCK_REQUIRE_SERVICES'] === '1')
    throw new Error('Chromium is missing: apt install chromium');
  context.skip();
}

export interface OpenOptions {
  readonly theme?: Theme | undefined;
  readonly language?: Language | undefined;
  /** Called before the editor is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** Fills the form of a Node-RED where people sign in. */
  readonly signIn?: { readonly user: string; readonly password: string } | undefined;
}

/** A Node-RED with every node once, and a browser. */
export interface Bench {
  readonly nodeRed: NodeRed;
  /** Opens the editor in a fresh browser profile. */
  open(options?: OpenOptions): Promise<EditorPage>;
  close(): Promise<void>;
}

/** The editor in one browser page. */
export interface EditorPage {
  readonly page: Page;
  /** Errors of the page and of its console since it was opened. */
  readonly problems: string[];
  /** Opens a node's edit dialog and waits until it stands still. */
  edit(name: NodeName): Promise<void>;
  /** Presses OK (or Cancel) and waits until the dialog is gone. */
  finish(how: 'ok' | 'cancel'): Promise<void>;
  /** Makes the page fit for the next test, whatever the last one left: no open dialog, no remembered problems. */
  reset(): Promise<void>;
  /** What `crossdockTest.<expression>` gives in the page. */
  look<T>(expression: string): Promise<T>;
  /** Keeps what the page shows as artifacts/screenshots/<name>.png. */
  screenshot(name: string, selector?: string): Promise<void>;
  close(): Promise<void>;
}

let running: Promise<Bench> | undefined;

/** The bench that all editor tests share; started at the first call, closed after the last suite. */
export function sharedBench(): Promise<Bench> {
  running ??= startBench({ major: 5, flows: flowOfAllNodes() });
  return running;
}

after(async () => {
  const bench = await running?.catch(() => undefined);
  await bench?.close();
});

/** A bench of its own, for what the shared one must not be; its suite closes it. */
export async function startBench(options: SpawnNodeRedOptions): Promise<Bench> {
  const nodeRed = await spawnNodeRed(options);
  let browser: Browser;
  try {
    browser = await chromium.launch({
      executablePath: chromiumPath() ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  } catch (error) {
    await nodeRed.remove();
    throw error;
  }
  return {
    nodeRed,
    open: (options = {}) => openEditor(browser, nodeRed.url, options),
    async close() {
      await browser.close();
      await nodeRed.remove();
    },
  };
}

function isConfigNode(name: NodeName): boolean {
  return (configNodes as readonly string[]).includes(name);
}

async function openEditor(browser: Browser, url: string, options: OpenOptions): Promise<EditorPage> {
  const { theme = 'light', language = 'en-US', signIn } = options;
  const context = await browser.newContext({
    locale: language === 'de' ? 'de-DE' : 'en-US',
    viewport: { width: 1280, height: 1080 },
  });
  await context.addInitScript(`localStorage.setItem('view-dark-theme', '${theme}');`);
  await context.addInitScript(inPage);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
    else if (/Definition error|oneditprepare|oneditsave|oneditresize|Validation error/.test(message.text())) {
      problems.push(`console: ${message.text()}`);
    }
  });
  await options.prepare?.(page);
  await page.goto(url);
  if (signIn !== undefined) {
    await page.fill('#node-dialog-login-username', signIn.user);
    await page.fill('#node-dialog-login-password', signIn.password);
    await page.press('#node-dialog-login-password', 'Enter');
  }
  await page.waitForFunction(
    "window.RED && RED.nodes && RED.nodes.node('n-store') && document.querySelector('#n-webhook-in')",
  );
  let edited: NodeName | undefined;
  const folder = join(projectFolders().root, 'artifacts', 'screenshots');
  mkdirSync(folder, { recursive: true });

  async function finish(how: 'ok' | 'cancel'): Promise<void> {
    const config = edited !== undefined && isConfigNode(edited);
    await page.click(config ? `#node-config-dialog-${how}` : `#node-dialog-${how}`);
    await page.waitForFunction("document.querySelector('.crossdock-form') === null");
    edited = undefined;
  }

  return {
    page,
    problems,
    finish,
    async reset() {
      if (edited !== undefined) await finish('cancel');
      problems.length = 0;
    },
    async edit(name) {
      edited = name;
      if (isConfigNode(name)) {
        await page.evaluate(
          `RED.editor.editConfig('', 'crossdock-${name}', 'n-${name}', 'node-config-input')`,
        );
      } else {
        await page.evaluate(`RED.editor.edit(RED.nodes.node('n-${name}'))`);
      }
      await page.waitForFunction('crossdockTest.visibleForm()');
      // The tray slides in; its button reacts only when it has arrived.
      await page.waitForFunction(
        "(() => { const b = document.querySelector('.red-ui-tray:last-child').getBoundingClientRect(); const same = window.lastTray === b.left; window.lastTray = b.left; return same && b.left < innerWidth - 100; })()",
        undefined,
        { polling: 120 },
      );
    },
    look: <T>(expression: string) => page.evaluate(`crossdockTest.${expression}`) as Promise<T>,
    async screenshot(name, selector) {
      const path = join(folder, `${name}.png`);
      if (selector === undefined) await page.screenshot({ path });
      else await page.locator(selector).screenshot({ path });
    },
    close: () => context.close(),
  };
}
