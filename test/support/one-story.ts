import type { Suite } from "mocha";

/**
 * For suites whose tests tell one story, each going on where the last one ended: after a failure the rest is skipped.
 * Mocha's own `bail` would also leave out, without a word, every such suite after a failure anywhere else.
 */
export function oneStory(suite: Suite): void {
  suite.beforeEach(function () {
    if (suite.tests.some(({ state }) => state === "failed")) this.skip();
  });
}
