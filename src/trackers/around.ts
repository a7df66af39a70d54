import type { Tracker } from "./tracker.ts";

/** Runs one call of a verb, and may refuse, count or note it. `verb` is the port's own name. */
export type AroundVerb = <Answer>(verb: keyof Tracker, call: () => Promise<Answer>) => Promise<Answer>;

/** The same tracker with every call of a verb going through `around`; of `ours`, each issue is one. */
export function aroundTracker(tracker: Tracker, around: AroundVerb): Tracker {
  return {
    name: tracker.name,
    // A getter: an adapter may know it only after its first call.
    get settleWaitsMs() {
      return tracker.settleWaitsMs;
    },
    find: (...given) => around("find", () => tracker.find(...given)),
    create: (...given) => around("create", () => tracker.create(...given)),
    read: (...given) => around("read", () => tracker.read(...given)),
    comment: (...given) => around("comment", () => tracker.comment(...given)),
    keepComment: (...given) => around("keepComment", () => tracker.keepComment(...given)),
    setPriority: (...given) => around("setPriority", () => tracker.setPriority(...given)),
    transition: (...given) => around("transition", () => tracker.transition(...given)),
    attach: (...given) => around("attach", () => tracker.attach(...given)),
    linkBack: (...given) => around("linkBack", () => tracker.linkBack(...given)),
    readMany: (...given) => around("readMany", () => tracker.readMany(...given)),
    editedByOthers: (...given) => around("editedByOthers", () => tracker.editedByOthers(...given)),
    changedSince: (...given) => around("changedSince", () => tracker.changedSince(...given)),
    labelled: (...given) => around("labelled", () => tracker.labelled(...given)),
    async *ours(signal) {
      const issues = tracker.ours(signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const step = await around("ours", () => issues.next());
          if (step.done === true) return;
          yield step.value;
        }
      } finally {
        await issues.return?.();
      }
    },
    changeLabels: (...given) => around("changeLabels", () => tracker.changeLabels(...given)),
    writeField: (...given) => around("writeField", () => tracker.writeField(...given)),
    link: (...given) => around("link", () => tracker.link(...given)),
    adopt: (...given) => around("adopt", () => tracker.adopt(...given)),
    reopen: (...given) => around("reopen", () => tracker.reopen(...given)),
    check: (...given) => around("check", () => tracker.check(...given)),
    close: () => tracker.close(),
  };
}
