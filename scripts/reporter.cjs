// Mocha's spec output for people, and what is known of one layer as JSON for scripts/test.mjs (CROSSDOCK_REPORT). The
// file is true at every moment, so that a layer that is stopped or dies tells what had passed and what was running.
const { renameSync, writeFileSync } = require('node:fs');
const Mocha = require('mocha');

const {
  EVENT_HOOK_BEGIN,
  EVENT_HOOK_END,
  EVENT_RUN_END,
  EVENT_SUITE_BEGIN,
  EVENT_SUITE_END,
  EVENT_TEST_BEGIN,
  EVENT_TEST_END,
  EVENT_TEST_FAIL,
  EVENT_TEST_PASS,
  EVENT_TEST_PENDING,
} = Mocha.Runner.constants;
/** How often the file says that the process still does something. */
const BEAT_MS = 5000;

/** The outermost suite's title: what a reader of the summary knows a group of tests by. */
function suiteOf(test) {
  let suite = test.parent;
  while (suite?.parent && !suite.parent.root) suite = suite.parent;
  return suite?.title ?? '';
}

module.exports = class LayerReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const report = { passed: 0, failed: 0, skipped: [], failures: [], suites: [], ended: false };
    const file = process.env.CROSSDOCK_REPORT;
    const write = () => {
      if (!file) return;
      // Whoever reads it, or kills us while we write, finds the file whole.
      writeFileSync(`${file}.new`, JSON.stringify({ ...report, beat: Date.now() }));
      renameSync(`${file}.new`, file);
    };
    const beats = setInterval(write, BEAT_MS).unref();
    const begin = (runnable) => {
      report.running = { title: runnable.fullTitle(), since: Date.now() };
      write();
    };
    const end = () => {
      report.running = undefined;
    };
    runner.on(EVENT_HOOK_BEGIN, begin).on(EVENT_HOOK_END, end);
    runner.on(EVENT_TEST_BEGIN, begin).on(EVENT_TEST_END, end);
    let suiteAt = 0;
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root) suiteAt = Date.now();
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      if (suite.parent?.root)
        report.suites.push({ title: suite.title, seconds: (Date.now() - suiteAt) / 1000 });
    });
    runner.on(EVENT_TEST_PASS, () => {
      report.passed += 1;
    });
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      report.failed += 1;
      report.failures.push({
        suite: suiteOf(test),
        title: test.fullTitle(),
        message: String(error?.message ?? error),
      });
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      report.skipped.push({ suite: suiteOf(test), title: test.fullTitle(), file: test.file });
    });
    runner.once(EVENT_RUN_END, () => {
      clearInterval(beats);
      report.ended = true;
      write();
    });
  }
};
