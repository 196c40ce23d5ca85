/** The console in the editor, for its tests: opened over the played API, with what a person sees and presses. */
import type { Page, WebSocketRoute } from 'playwright-core';
import { waitFor } from '../support';
import { type FakeConsole, type FakeOptions, fakeConsole } from './console-fake';
import type { Bench, EditorPage, Language, Theme } from './harness';

export interface OpenConsole {
  readonly editor: EditorPage;
  readonly fake: FakeConsole;
  /** Text of what the selector finds in the console, '' for nothing. */
  text(selector: string): Promise<string>;
  count(selector: string): Promise<number>;
  click(selector: string): Promise<void>;
  press(...keys: string[]): Promise<void>;
  /** Whether the keyboard is still in the console. */
  hasFocus(): Promise<boolean>;
  /** What has the focus, as a person would say it. */
  focused(): Promise<string>;
  /** The store says that something has changed, `times` times at once. */
  change(times?: number): void;
  /** Waits until the console shows the text somewhere. */
  shows(text: string | RegExp): Promise<void>;
}

const root = '.crossdock-console:not(.in-tray)';
const topic = 'crossdock/console/n-store';

export interface OpenOptions extends FakeOptions {
  readonly theme?: Theme;
  readonly language?: Language;
  /** Who is signed in, with these permissions; nobody has to sign in when left out. */
  readonly permissions?: readonly string[];
  readonly prepare?: (fake: FakeConsole) => void;
  /** Over the real API; nothing is played. */
  readonly real?: boolean;
  /** Fills Node-RED's own form. */
  readonly signIn?: { readonly user: string; readonly password: string };
}

export async function openConsole(bench: Bench, options: OpenOptions = {}): Promise<OpenConsole> {
  let played: FakeConsole | undefined;
  let socket: WebSocketRoute | undefined;
  const { theme, language, permissions, signIn } = options;
  const editor = await bench.open({
    theme,
    language,
    signIn,
    async prepare(page) {
      if (options.real) return;
      played = await fakeConsole(page, options);
      options.prepare?.(played);
      await page.routeWebSocket('**/comms', (route) => {
        route.connectToServer();
        socket = route;
      });
      if (permissions !== undefined) await playUser(page, permissions);
    },
  });
  const { page } = editor;
  await page.evaluate(`window.crossdockTestRoot = '${root}'; RED.actions.invoke('crossdock:show-console');`);
  await page.locator(`${root} .stage > *`).first().waitFor();

  const content = async (selector: string): Promise<string> =>
    String(
      await page.evaluate(
        `[...document.querySelectorAll(${JSON.stringify(`${root} ${selector}`)})].map((e) => e.innerText).join('\\n')`,
      ),
    );

  return {
    editor,
    get fake() {
      if (played === undefined) throw new Error('Nothing is played here.');
      return played;
    },
    text: content,
    count: (selector) => page.locator(`${root} ${selector}`).count(),
    click: (selector) => page.locator(`${root} ${selector}`).first().click(),
    async press(...keys) {
      for (const key of keys) await page.keyboard.press(key);
    },
    hasFocus: async () => Boolean(await page.evaluate(`document.activeElement.closest('${root}') !== null`)),
    focused: async () =>
      String(
        await page.evaluate(
          "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || ''",
        ),
      ),
    change(times = 1) {
      const changes = Array.from({ length: times }, (_, rev) => ({ topic, data: { rev } }));
      socket?.send(JSON.stringify(changes));
    },
    async shows(text) {
      let seen = '';
      await waitFor(
        async () => {
          seen = await content('');
          return typeof text === 'string' ? seen.includes(text) : text.test(seen);
        },
        { what: `"${text}" in the console`, timeoutMs: 25_000 },
      ).catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : String(error)}\nIt shows:\n${seen}`);
      });
    },
  };
}

/** The editor believes that somebody with these permissions has signed in. */
async function playUser(page: Page, permissions: readonly string[]): Promise<void> {
  await page.route(/\/settings(\?|$)/, async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    const answer = await route.fetch();
    const settings = (await answer.json()) as object;
    return route.fulfill({
      response: answer,
      json: { ...settings, user: { username: 'ines', permissions } },
    });
  });
}
