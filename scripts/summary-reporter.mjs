import { writeFileSync } from "node:fs";
import mocha from "mocha";

/** mocha's own report, and the counts as JSON in the file that the reporter option `summary` names. */
export default class SummaryReporter extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const counts = { passed: passes, failed: failures, skipped: pending };
      writeFileSync(options.reporterOptions.summary, JSON.stringify(counts));
    });
  }
}
