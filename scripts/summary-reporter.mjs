import { writeFileSync } from "node:fs";
import mocha from "mocha";

/**
 * mocha's own report, and the counts so far as JSON in the file that the reporter option `summary` names: after each test,
 * so that progress can be shown and a run that dies leaves what it knew. `ended` says that the run came to its end.
 */
export default class SummaryReporter extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const titles = [];
    const write = (ended) => {
      const { passes, failures, pending } = this.stats;
      const counts = { passed: passes, failed: failures, skipped: pending, titles, ended };
      writeFileSync(options.reporterOptions.summary, JSON.stringify(counts));
    };
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = mocha.Runner.constants;
    runner.on(EVENT_TEST_FAIL, (test) => titles.push(test.fullTitle()));
    for (const event of [EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING]) runner.on(event, () => write(false));
    runner.once(EVENT_RUN_END, () => write(true));
  }
}
