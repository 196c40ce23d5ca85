// npm test [-- --layer core,nodes] [--grep text] [--only odoo]: all test layers that this machine can run, one after
// the other, each in a process of its own; then a table, what was skipped and why, and the total as the last line.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureReady } from './ensure.mjs';
import { fail, projectEnv, projectNode, root } from './lib/project.mjs';
import { findServices } from './lib/services-env.mjs';

/** `timeout`: one test, in seconds. `deadline`: the whole layer, in minutes, so that nothing hangs for ever. */
const layers = [
  { name: 'core', timeout: 10, deadline: 5 },
  {
    name: 'nodes',
    label: 'nodes (Node-RED 5)',
    timeout: 20,
    deadline: 5,
    env: { CROSSDOCK_NODE_RED: '5' },
  },
  {
    name: 'nodes',
    label: 'nodes (Node-RED 4.1)',
    timeout: 20,
    deadline: 5,
    env: { CROSSDOCK_NODE_RED: '4' },
  },
  {
    name: 'runtime',
    label: 'runtime (Node-RED 5)',
    timeout: 60,
    deadline: 10,
    env: { CROSSDOCK_NODE_RED: '5' },
  },
  {
    name: 'runtime',
    label: 'runtime (Node-RED 4.1)',
    timeout: 60,
    deadline: 10,
    env: { CROSSDOCK_NODE_RED: '4' },
  },
  { name: 'services', timeout: 120, deadline: 15 },
  { name: 'editor', timeout: 120, deadline: 10 },
  // The long form (npm run test:faults) has the promised numbers of kills.
  { name: 'faults', timeout: 600, deadline: process.env.CROSSDOCK_FAULTS === 'long' ? 180 : 30 },
];
/** How long a layer's process may stay after its last test; what holds it then is a leak. */
const lingerMs = 15_000;
/** How long a layer's process may do nothing but one thing: an endless loop keeps mocha from ending the test. */
const stuckMs = 120_000;
/** Suites that take at least so many seconds are listed. */
const longSuite = 15;

const { values: options } = parseArgs({
  options: { layer: { type: 'string' }, grep: { type: 'string' }, only: { type: 'string' } },
});
const strict = process.env.CROSSDOCK_REQUIRE_SERVICES === '1' || options.only !== undefined;

function testFiles(layer) {
  const folder = join(root, 'dist', 'test', layer);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => name.endsWith('.test.js') && (options.only === undefined || name.includes(options.only)),
    )
    .sort()
    .map((name) => join(folder, name));
}

function chosenLayers() {
  if (options.only !== undefined) return layers.filter(({ name }) => name === 'services');
  if (options.layer === undefined) return layers;
  const wanted = options.layer.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !layers.some((layer) => layer.name === name));
  if (unknown.length > 0) {
    const names = [...new Set(layers.map(({ name }) => name))].join(', ');
    fail(`There is no test layer ${unknown.join(', ')}. The layers are: ${names}.`);
  }
  return layers.filter(({ name }) => wanted.includes(name));
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) kill(child, 'SIGTERM');
    process.exit(130);
  });
}

/** A layer's process leads a group of its own, so that what it has started ends with it. */
function kill(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has just ended by itself.
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Runs one layer's files in mocha; never rejects.
 * @param {Buffer[] | undefined} held takes what it prints, when another one is printing
 */
function runMocha(layer, files, env, reportFile, held) {
  return new Promise((resolve) => {
    const args = [
      join(root, 'node_modules', 'mocha', 'bin', 'mocha.js'),
      '--reporter',
      join(root, 'scripts', 'reporter.cjs'),
      '--timeout',
      String(layer.timeout * 1000),
      ...(options.grep === undefined ? [] : ['--fgrep', options.grep]),
      ...files,
    ];
    const child = spawn(projectNode, args, {
      cwd: root,
      env: projectEnv({ ...env, ...layer.env, CROSSDOCK_REPORT: reportFile }),
      stdio: held === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => held.push(chunk));
    let problem;
    const end = (reason) => {
      problem ??= reason;
      kill(child, 'SIGKILL');
    };
    const deadline = setTimeout(
      () => end(`was stopped after ${layer.deadline} minutes`),
      layer.deadline * 60_000,
    );
    const watch = setInterval(() => {
      const report = readReport(reportFile);
      if (report === undefined) return;
      if (!report.ended) {
        if (Date.now() - report.beat > stuckMs)
          end(`was stopped: for ${stuckMs / 1000} s its process did nothing else`);
        return;
      }
      clearInterval(watch);
      setTimeout(() => {
        if (child.exitCode === null && child.signalCode === null) {
          end('did not end after its last test: a test has left a timer, server or process open');
        }
      }, lingerMs).unref();
    }, 500);
    const finish = (code, signal) => {
      clearTimeout(deadline);
      clearInterval(watch);
      running.delete(child);
      // What the layer's processes have left running must not disturb the next layer.
      kill(child, 'SIGKILL');
      resolve({ code, signal, problem });
    };
    child.on('error', (error) => {
      problem = `could not be started: ${error.message}`;
      finish(1, null);
    });
    child.on('exit', finish);
  });
}

async function runLayer(layer, env, reportFile, held) {
  const label = layer.label ?? layer.name;
  const files = testFiles(layer.name);
  const result = { label, passed: 0, failed: 0, skipped: [], problems: [], suites: [], seconds: 0 };
  if (files.length === 0) return result;
  const title = `\n── ${label} ${'─'.repeat(Math.max(3, 70 - label.length))}\n`;
  if (held === undefined) process.stdout.write(title);
  else held.push(Buffer.from(title));
  const start = Date.now();
  const { code, signal, problem } = await runMocha(layer, files, env, reportFile, held);
  result.seconds = (Date.now() - start) / 1000;
  const report = readReport(reportFile);
  if (report !== undefined)
    Object.assign(result, { ...report, problems: report.failures.map(({ title }) => title) });
  const unexplained =
    code !== 0 && (result.failed === 0 || !report?.ended)
      ? `ended with ${signal ?? `exit code ${code}`}`
      : undefined;
  const trouble = problem ?? unexplained;
  if (trouble !== undefined) {
    result.failed += 1;
    result.problems.push(`the layer ${trouble}${runningIn(report)}`);
  }
  return result;
}

/**
 * Layers of one name run side by side where there is a core for each: they wait a lot. One prints as it goes, the
 * others when all are done.
 */
function groupsOf(chosen) {
  if (availableParallelism() < 2) return chosen.map((layer) => [layer]);
  return [...new Set(chosen.map(({ name }) => name))].map((name) =>
    chosen.filter((layer) => layer.name === name),
  );
}

async function runGroup(group, env, folder) {
  const helds = group.map((_, index) => (index === 0 ? undefined : []));
  const found = await Promise.all(
    group.map((layer, index) =>
      runLayer(layer, env, join(folder, `${layer.name}-${index}.json`), helds[index]),
    ),
  );
  for (const held of helds) if (held !== undefined) process.stdout.write(Buffer.concat(held));
  return found;
}

/** What a layer that did not come to its end was doing. */
function runningIn(report) {
  if (report === undefined) return ', before its first test';
  if (report.ended) return '';
  const { running, passed } = report;
  const what = running === undefined ? 'between two tests' : `in "${running.title}"`;
  const since = running === undefined ? '' : `, which began ${seconds(Date.now() - running.since)} s ago`;
  return `; it was ${what}${since} (${passed} had passed)`;
}

const seconds = (ms) => (ms / 1000).toFixed(0);

const print = (line = '') => process.stdout.write(`${line}\n`);

function printTable(results) {
  const width = Math.max(...results.map(({ label }) => label.length), 5);
  print(`\n${'layer'.padEnd(width)}  passed  failed  skipped  seconds`);
  for (const { label, passed, failed, skipped, seconds } of results) {
    const cells = [
      String(passed).padStart(8),
      String(failed).padStart(8),
      String(skipped.length).padStart(9),
    ];
    print(`${label.padEnd(width)}${cells.join('')}${seconds.toFixed(1).padStart(9)}`);
  }
}

/** Where the time goes, for whoever must bring it down. */
function printLongSuites(results) {
  const long = results.flatMap(({ label, suites }) =>
    suites.filter((suite) => suite.seconds >= longSuite).map((suite) => ({ label, ...suite })),
  );
  if (long.length === 0) return;
  print(`\nSuites of ${longSuite} s and more:`);
  for (const { label, title, seconds: taken } of long.sort((a, b) => b.seconds - a.seconds))
    print(`${taken.toFixed(0).padStart(5)} s  ${label}: ${title}`);
}

function printFailures(results) {
  const failed = results.filter(({ problems }) => problems.length > 0);
  if (failed.length === 0) return;
  print('\nFailed:');
  for (const { label, problems } of failed) for (const title of problems) print(`  ${label}: ${title}`);
}

function printSkips(results, missing) {
  const suites = new Map();
  for (const { label, skipped } of results) {
    for (const { suite, title } of skipped) {
      const key = `${label}: ${suite || title}`;
      suites.set(key, (suites.get(key) ?? 0) + 1);
    }
  }
  if (suites.size > 0) {
    print(strict ? '\nSkipped, which counts as failed here (the services are required):' : '\nSkipped:');
    for (const [suite, count] of suites) print(`  ${suite} (${count} ${count === 1 ? 'test' : 'tests'})`);
  }
  if (missing.length > 0 && suites.size > 0) {
    print('\nNot found on this machine:');
    for (const { name, variables } of missing) print(`  ${name.padEnd(10)} (${variables.join(', ')})`);
    print('To get them: `npm run services` (Debian 12, as root), or start your own and set these variables.');
  }
}

await ensureReady({ build: true });
const { env, missing } = await findServices();
if (options.only !== undefined) {
  const absent = missing.find(({ name }) => name.toLowerCase().startsWith(options.only));
  if (absent !== undefined) {
    fail(
      `${absent.name} was not found: run \`npm run services\` (Debian 12, as root), or set ${absent.variables.join(', ')}.`,
    );
  }
  env.CROSSDOCK_ONLY = options.only;
}

const folder = mkdtempSync(join(tmpdir(), 'crossdock-reports-'));
const results = [];
try {
  for (const group of groupsOf(chosenLayers())) results.push(...(await runGroup(group, env, folder)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const sum = (count) => results.reduce((total, result) => total + count(result), 0);
const passed = sum((result) => result.passed);
const failed = sum((result) => result.failed);
const skipped = sum((result) => result.skipped.length);
printTable(results);
printLongSuites(results);
printFailures(results);
printSkips(results, missing);
if (passed + failed === 0) print('\nNo test ran.');
print(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 || (strict && skipped > 0) ? 1 : 0;
