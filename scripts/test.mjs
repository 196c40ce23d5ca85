// npm test [-- --layer core,nodes] [--grep text] [--only odoo]: all test layers that this machine can run, two processes
// at a time; then a table, what was skipped and why, and the total as the last line.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureReady } from './ensure.mjs';
import { fail, projectEnv, projectNode, root } from './lib/project.mjs';
import { findServices } from './lib/services-env.mjs';

/**
 * `timeout`: one test, in seconds. `deadline`: one process, in minutes, so that nothing hangs for ever. `split`: each file
 * in a process of its own, since its suites wait for other processes most of the time.
 */
const layers = [
  { name: 'core', timeout: 10, deadline: 10 },
  {
    name: 'nodes',
    label: 'nodes (Node-RED 5)',
    timeout: 20,
    deadline: 8,
    env: { CROSSDOCK_NODE_RED: '5' },
  },
  {
    name: 'nodes',
    label: 'nodes (Node-RED 4.1)',
    timeout: 20,
    deadline: 8,
    env: { CROSSDOCK_NODE_RED: '4' },
  },
  {
    name: 'runtime',
    label: 'runtime (Node-RED 5)',
    timeout: 120,
    deadline: 20,
    env: { CROSSDOCK_NODE_RED: '5' },
  },
  {
    name: 'runtime',
    label: 'runtime (Node-RED 4.1)',
    timeout: 120,
    deadline: 20,
    env: { CROSSDOCK_NODE_RED: '4' },
  },
  { name: 'services', timeout: 120, deadline: 15, split: true },
  { name: 'editor', timeout: 120, deadline: 10, split: true },
  // The long form (npm run test:faults) has the promised numbers of kills.
  {
    name: 'faults',
    timeout: 600,
    deadline: process.env.CROSSDOCK_FAULTS === 'long' ? 180 : 30,
    split: process.env.CROSSDOCK_FAULTS !== 'long',
  },
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

/** Runs one job: a layer, or one file of it. */
async function runJob({ layer, label, files }, env, reportFile, held) {
  const result = { label, passed: 0, failed: 0, skipped: [], problems: [], suites: [], seconds: 0 };
  const what = files.length === 1 ? `${label}: ${basename(files[0], '.test.js')}` : label;
  const title = `\n── ${what} ${'─'.repeat(Math.max(3, 70 - what.length))}\n`;
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
    result.problems.push(`${files.length === 1 ? what : 'the layer'} ${trouble}${runningIn(report)}`);
  }
  return result;
}

/** What is to be run, in order. With --grep most files have nothing to do, and a process for each would cost more. */
function jobsOf(chosen) {
  const side = availableParallelism() >= 2 && options.grep === undefined;
  return chosen.flatMap((layer) => {
    const label = layer.label ?? layer.name;
    const files = testFiles(layer.name);
    if (files.length === 0) return [];
    return layer.split && side
      ? files.map((file) => ({ layer, label, files: [file] }))
      : [{ layer, label, files }];
  });
}

/**
 * Runs the jobs, two at a time where there is a core for each: they wait a lot. One prints as it goes; what the others
 * print is held until that one is done.
 */
async function runJobs(jobs, env, folder) {
  const results = [];
  const finished = [];
  let next = 0;
  let printing = false;
  const work = async () => {
    for (let index = next++; index < jobs.length; index = next++) {
      const live = !printing;
      printing ||= live;
      const held = live ? undefined : [];
      results.push(await runJob(jobs[index], env, join(folder, `${index}.json`), held));
      if (live) {
        printing = false;
        process.stdout.write(Buffer.concat(finished.splice(0)));
      } else if (printing) finished.push(...held);
      else process.stdout.write(Buffer.concat(held));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  return byLabel(jobs, results);
}

/** The jobs' results put together by layer, in the layers' order. */
function byLabel(jobs, results) {
  return [...new Set(jobs.map(({ label }) => label))].map((label) => {
    const parts = results.filter((result) => result.label === label);
    return {
      label,
      passed: sumOf(parts, ({ passed }) => passed),
      failed: sumOf(parts, ({ failed }) => failed),
      skipped: parts.flatMap(({ skipped }) => skipped),
      problems: parts.flatMap(({ problems }) => problems),
      suites: parts.flatMap(({ suites }) => suites),
      seconds: sumOf(parts, ({ seconds }) => seconds),
    };
  });
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

const sumOf = (results, count) => results.reduce((total, result) => total + count(result), 0);

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
let results;
try {
  results = await runJobs(jobsOf(chosenLayers()), env, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const passed = sumOf(results, (result) => result.passed);
const failed = sumOf(results, (result) => result.failed);
const skipped = sumOf(results, (result) => result.skipped.length);
printTable(results);
printLongSuites(results);
printFailures(results);
printSkips(results, missing);
if (passed + failed === 0) print('\nNo test ran.');
print(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 || (strict && skipped > 0) ? 1 : 0;
