import type { Pacer } from "../../src/trackers/jira/pacer.ts";

/** Lets everything go at once: for tests in which time stands still and that are about something else. */
export const freePacer: Pacer = {
  admit: async (_ask, signal) => {
    signal.throwIfAborted();
    return { goes: true, waited: undefined };
  },
  heed: () => undefined,
  atMost: () => undefined,
  alsoAt: () => undefined,
};
