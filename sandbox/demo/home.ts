/** Where the demo keeps its state, and where the project is. Found from this file's own place, never from the cwd. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder with package.json, flows/ and node_modules/: this runs as <root>/dist/sandbox/demo/home.js. */
export const projectRoot = resolve(__dirname, '..', '..', '..');
const PACKAGE = 'node-red-contrib-crossdock';

/** The demo's state folder; deleting it gives a new demo. */
export interface Home {
  readonly folder: string;
  /** Node-RED's userDir. */
  readonly userDir: string;
  /** State of the Odoo stand-in. */
  readonly odooFile: string;
  /** What Node-RED has printed. */
  readonly logFile: string;
  /** Process ids and addresses of the running demo, for tools. */
  readonly runFile: string;
}

/** Makes the state folder if there is none. */
export function openHome(folder: string): Home {
  const path = resolve(folder);
  const userDir = join(path, 'userdir');
  mkdirSync(userDir, { recursive: true, mode: 0o700 });
  return {
    folder: path,
    userDir,
    odooFile: join(path, 'odoo.sqlite'),
    logFile: join(path, 'node-red.log'),
    runFile: join(path, 'run.json'),
  };
}

/**
 * Makes userDir ready for Node-RED: this package linked into it as an installation would, settings written anew, the
 * demo's flows only when there are none, so that what an analyst has changed stays.
 * @returns the settings file
 */
export function prepareUserDir(home: Home, options: { readonly port: number }): string {
  linkPackage(home.userDir);
  const flows = join(home.userDir, 'flows.json');
  if (!existsSync(flows)) installFlows(home.userDir, flows);
  const settings = join(home.userDir, 'settings.js');
  writeFileSync(settings, settingsText(options.port, secretOf(home.userDir)), { mode: 0o600 });
  return settings;
}

/** Writes text so that a reader sees either the old file or the whole new one. */
export function writeWhole(file: string, text: string, mode = 0o644): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, file);
}

function linkPackage(userDir: string): void {
  const modules = join(userDir, 'node_modules');
  const link = join(modules, PACKAGE);
  mkdirSync(modules, { recursive: true });
  // A folder that was moved leaves a link to nowhere, which existsSync does not see.
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found !== undefined && !(existsSync(link) && realpathSync(link) === realpathSync(projectRoot))) {
    rmSync(link, { recursive: true, force: true });
  }
  if (!existsSync(link)) symlinkSync(projectRoot, link, 'junction');
  const manifest = join(userDir, 'package.json');
  if (existsSync(manifest)) return;
  const content = {
    name: 'crossdock-demo',
    description: 'The Node-RED of the Crossdock demo',
    version: '0.0.0',
    private: true,
    dependencies: { [PACKAGE]: `file:${projectRoot}` },
  };
  writeWhole(manifest, `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * Node-RED takes credentials that stand inside the nodes only when flows are deployed or imported; beside a flow
 * file they belong into a file of their own. Ours hold names of environment variables, no secrets; encrypted they are
 * only because Node-RED warns of a plain file.
 */
function installFlows(userDir: string, target: string): void {
  const nodes = JSON.parse(readFileSync(join(projectRoot, 'flows', 'demo.json'), 'utf8')) as Record<
    string,
    unknown
  >[];
  const credentials: Record<string, unknown> = {};
  const flows = nodes.map(({ credentials: own, ...node }) => {
    if (own !== undefined) credentials[String(node['id'])] = own;
    return node;
  });
  writeWhole(
    join(userDir, 'flows_cred.json'),
    JSON.stringify(encrypted(credentials, secretOf(userDir))),
    0o600,
  );
  writeWhole(target, `${JSON.stringify(flows, null, 4)}\n`);
}

/** As Node-RED writes it: AES-256-CTR under the secret's SHA-256; the hex of the IV, then base64. */
function encrypted(credentials: Record<string, unknown>, secret: string): { readonly $: string } {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(secret).digest(), iv);
  return {
    $:
      iv.toString('hex') +
      cipher.update(JSON.stringify(credentials), 'utf8', 'base64') +
      cipher.final('base64'),
  };
}

/** The key that Node-RED encrypts credentials with: made once, readable by this user only. */
function secretOf(userDir: string): string {
  const file = join(userDir, '.credential-secret');
  if (!existsSync(file)) writeWhole(file, randomBytes(32).toString('hex'), 0o600);
  return readFileSync(file, 'utf8').trim();
}

function settingsText(port: number, credentialSecret: string): string {
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: port,
    httpNodeRoot: '/',
    flowFile: 'flows.json',
    flowFilePretty: true,
    credentialSecret,
    // The log's language: the demo reads in it when the flows have started. The editor follows the browser.
    lang: 'en-US',
    functionExternalModules: false,
    diagnostics: { enabled: true, ui: true },
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: 'info', metrics: false, audit: false } },
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
      modules: { allowInstall: false },
    },
    editorTheme: {
      page: { title: 'Crossdock' },
      header: { title: 'Crossdock' },
      tours: false,
      palette: { catalogues: [], categories: ['crossdock', 'subflows', 'common', 'function', 'network'] },
      projects: { enabled: false },
      codeEditor: { lib: 'monaco' },
    },
  };
  return [
    '// Written anew by `npm start` each time: what you change here is lost.',
    `module.exports = ${JSON.stringify(settings, null, 2)};`,
    '',
  ].join('\n');
}
