// Mocha's spec output for people, and the counts of one layer as JSON for scripts/test.mjs (CROSSDOCK_REPORT).
const { writeFileSync } = require('node:fs');
const Mocha = require('mocha');

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** The outermost suite's title: what a reader of the summary knows a group of tests by. */
function suiteOf(test) {
  let suite = test.parent;
  while (suite?.parent && !suite.parent.root) suite = suite.parent;
  return suite?.title ?? '';
}

module.exports = class LayerReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const report = { passed: 0, failed: 0, skipped: [], failures: [] };
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
      const file = process.env.CROSSDOCK_REPORT;
      if (file) writeFileSync(file, JSON.stringify(report));
    });
  }
};
