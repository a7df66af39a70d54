import type { Measure } from "../model/query.ts";
import { formatDuration } from "../support/duration.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import type { RuleParts } from "./checks.ts";
import { ruleDefaults } from "./compile.ts";
import { formOf } from "./merge.ts";
import type { WhenInput } from "./schema.ts";

/** `new`: one thing that can be known, which settles before it is forgotten, of a signal that can tell it. */
export function checkNew(rule: RuleParts, measure: Measure | undefined, report: Report): void {
  const { when, signal } = rule;
  if (when?.new === undefined) return;
  const { field, pattern_of: text, settle, learned_from: learnedFrom } = when.new;
  const path: Path = ["when", "new"];
  if (field === undefined && text === undefined) {
    report(
      path,
      {
        message: "`new` does not say what is known or new",
        fix: "add `field:` with the field whose values are, or `pattern_of:` with the field of the log message",
      },
      {
        at: "key",
        needs: [
          [...path, "field"],
          [...path, "pattern_of"],
        ],
      },
    );
  }
  if (field !== undefined && text !== undefined) {
    report(
      [...path, "pattern_of"],
      { message: "`new` has `field` and `pattern_of`", fix: "keep one, and write a rule for the other" },
      { at: "key" },
    );
  }
  if (when.min_bad_events !== undefined && (measure === undefined || measure.kind === "ratio")) {
    report(
      ["when", "min_bad_events"],
      { message: "`new` asks whether something occurs, not how much of it is bad", fix: "write `min_events`" },
      { at: "key", needs: [["signal", "measure"]] },
    );
  }
  checkTimes(settle, learnedFrom, rule.known_for, report);
  checkHeld(when, ["when"], report);
  if (text === undefined) return;
  const by = (signal?.by ?? []).filter((each) => each !== undefined);
  if (by.length > 0) {
    report(
      ["signal", "by"],
      {
        message: "patterns are those of all the rule's messages: `by` would take them apart",
        fix: "remove `by`, or write `by: []` over that of `defaults`; name what is watched under `where`, and write a rule for each other",
      },
      { at: "key" },
    );
  }
  if (signal?.promql !== undefined) {
    report(
      [...path, "pattern_of"],
      {
        message: "a metric has no log messages to find patterns in",
        fix: "name a source of events, or write `field:` with a label of the series",
      },
      { at: "key" },
    );
  } else if (measure !== undefined && measure.kind !== "count") {
    report(["signal", "measure"], {
      message: `of patterns the messages are counted, so \`measure: ${signal?.measure ?? measure.kind}\` means nothing`,
      fix: "write `measure: count`, or leave it out",
    });
  }
}

function checkTimes(
  settle: number | undefined,
  learnedFrom: number | undefined,
  knownFor: number | undefined,
  report: Report,
): void {
  const settles = settle ?? ruleDefaults.settleMs;
  const learned = learnedFrom ?? ruleDefaults.learnedFromMs;
  const kept = knownFor ?? learned;
  if (settles <= kept) return;
  const what = knownFor === undefined ? "learned_from" : "known_for";
  report(
    settle === undefined ? ["when", "new", "learned_from"] : ["when", "new", "settle"],
    {
      message: `what is new is known after ${formatDuration(settles)}, and forgotten when it was not seen for ${formatDuration(kept)} (\`${what}\`): what is rare would be new each time`,
      fix: `let \`settle\` be at most \`${what}\``,
    },
    { needs: [["known_for"]] },
  );
}

type NewParts = Pick<NonNullable<RuleParts["when"]>, "new" | "for">;

/** A `for` that ends before what is new is known. */
export function checkHeld({ new: form, for: heldFor }: NewParts, path: Path, report: Report): void {
  const settles = form?.settle ?? ruleDefaults.settleMs;
  if (form === undefined || heldFor === undefined || heldFor < settles) return;
  report(
    [...path, "for"],
    {
      message: `what is new is known after ${formatDuration(settles)} (\`settle\`), before it has held for ${formatDuration(heldFor)}: this never fires`,
      fix: "write a `for` that is shorter than `settle`",
    },
    { at: "key", needs: [[...path, "new"]] },
  );
}

/** An override has no other things that are known: what a rule knows is one for all of its label sets. */
export function checkNewOverride(when: WhenInput, own: WhenInput, path: Path, report: Report): void {
  const form = formOf(own);
  const isNew = when.new !== undefined;
  if (form !== undefined && (form === "new") !== isNew) {
    const message = isNew
      ? `an override has the form \`${form === "threshold" ? "above or below" : form}\`, and the rule's is \`new\``
      : "an override has the form `new`, which the rule itself has not";
    report(path, { message, fix: "write a rule of its own: what a rule knows is one for all of its label sets" });
  }
  for (const key of ["field", "pattern_of", "learned_from"] as const) {
    if (!isNew || own.new?.[key] === undefined) continue;
    report(
      [...path, "new", key],
      {
        message: `an override changes \`new.${key}\`, which is one for all label sets of a rule`,
        fix: "keep `settle`, `for` and `min_events`, or write a rule of its own",
      },
      { at: "key" },
    );
  }
}
