// The package as a user gets it: packed, installed into an empty userDir, started in Node-RED.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNpm, projectEnv, projectNode, root, tail } from '../lib/project.mjs';

async function npm(args, cwd) {
  const result = await machineNpm([...args, '--ignore-scripts', '--loglevel=error'], { cwd });
  if (result.code !== 0) throw new Error(`${tail(result.output)}\nnpm ${args[0]} failed.`);
}

/** Packs the project and installs the tarball the way Node-RED's palette manager does. */
export async function installPacked() {
  const folder = mkdtempSync(join(tmpdir(), 'crossdock-consumer-'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n');
  await npm(['pack', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  await npm(['install', '--omit=dev', '--no-audit', '--no-fund', join(folder, tarball)], folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function get(url, path, accept = 'application/json') {
  const response = await fetch(url + path, { headers: { accept } });
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}.`);
  return accept === 'application/json' ? response.json() : response.text();
}

async function waitForNodes(url, child, log) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${tail(log.text)}\nNode-RED ended at its start.`);
    // 404 until the runtime has loaded its nodes, then the list.
    const sets = await get(url, '/nodes').catch(() => undefined);
    if (sets !== undefined && log.text.includes('Started flows')) return sets;
    await sleep(100);
  }
  throw new Error(`${tail(log.text)}\nNode-RED did not answer within 60 s.`);
}

/** The flows offered under Import > Examples below `path`. */
async function countExamples(url, path) {
  let count = 0;
  for (const entry of await get(url, `/library/examples/flows/${path}`)) {
    if (typeof entry === 'string') count += await countExamples(url, `${path}/${encodeURIComponent(entry)}`);
    else count += 1;
  }
  return count;
}

/** What Node-RED says about our sets, icons, examples and texts, against what package.json promises. */
async function judge(url, sets, manifest) {
  const problems = [];
  const ours = sets.filter((set) => set.module === manifest.name);
  for (const name of Object.keys(manifest['node-red']?.nodes ?? {})) {
    const set = ours.find((candidate) => candidate.name === name);
    if (set === undefined) problems.push(`the set ${name} is not there`);
    else if (set.err) problems.push(`the set ${name} failed to load: ${JSON.stringify(set.err)}`);
    else if (!set.enabled) problems.push(`the set ${name} is not enabled`);
    else if (set.types.length === 0) problems.push(`the set ${name} registers no type`);
  }
  const html = await get(url, '/nodes', 'text/html');
  const icons = (await get(url, '/icons'))[manifest.name] ?? [];
  for (const type of ours.flatMap((set) => set.types)) {
    if (!html.includes(`'${type}'`) && !html.includes(`"${type}"`))
      problems.push(`the editor gets nothing for ${type}`);
  }
  for (const [, icon] of html.matchAll(/\bicon:\s*['"](crossdock-[^'"]+\.svg)['"]/g)) {
    if (!icons.includes(icon)) problems.push(`the icon ${icon} is not served`);
  }
  for (const language of ['en-US', 'de']) {
    const texts = await get(url, `/nodes/messages?lng=${language}`);
    for (const set of ours) {
      if (Object.keys(texts[`${manifest.name}/${set.name}`] ?? {}).length === 0) {
        problems.push(`the set ${set.name} has no texts in ${language}`);
      }
    }
  }
  const count = await countExamples(url, manifest.name).catch(() => 0);
  if (count === 0) problems.push('no examples are offered under Import');
  return { problems, sets: ours.length, examples: count };
}

/** Starts one major of Node-RED on the installed package, and stops it. */
export async function startConsumer(folder, redModule, manifest) {
  const port = await freePort();
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: port,
    lang: 'en-US',
    credentialSecret: 'check',
    editorTheme: { tours: false, palette: { catalogues: [] } },
    telemetry: { enabled: false, updateNotification: false },
  };
  const file = join(folder, 'settings.js');
  writeFileSync(file, `module.exports = ${JSON.stringify(settings, null, 2)};\n`);
  const red = join(root, 'node_modules', redModule, 'red.js');
  const log = { text: '' };
  const child = spawn(projectNode, [red, '--userDir', folder, '--settings', file], {
    cwd: folder,
    env: projectEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log.text += text;
    });
  }
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const url = `http://127.0.0.1:${port}`;
    const found = await judge(url, await waitForNodes(url, child, log), manifest);
    child.kill('SIGTERM');
    const code = await ended;
    if (code !== 0) found.problems.push(`Node-RED ended with ${code} on SIGTERM`);
    return found;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
