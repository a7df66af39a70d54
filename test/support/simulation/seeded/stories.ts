import { minute, type PlannedEvent, stepMs } from "./plan.ts";
import type { Random } from "./random.ts";
import { type RuleSketch, templates } from "./rules.ts";

/*
 * What single events drawn at random come to too rarely: several that belong together.
 */

/** Everything at once, as when a database is gone. */
export function disaster(rules: readonly RuleSketch[], activeMs: number, random: Random): readonly PlannedEvent[] {
  const at = onStep(activeMs, random);
  return rules.flatMap(({ id, template }) =>
    templates[template].series.map((_, series) => {
      const level = template === "errors" ? 6 : 40;
      return { at, kind: "problem" as const, rule: id, series, minutes: random.int(6, 12) * 5, level, flaps: false };
    }),
  );
}

/** People set the priority of tickets, which we cannot hear of just then, and what they are about gets worse. */
export function worsening(rules: readonly RuleSketch[], activeMs: number, random: Random): readonly PlannedEvent[] {
  const at = onStep(activeMs / 2, random);
  const rule = random.pick(rules);
  const level = rule.template === "errors" ? 12 : 400;
  const edits = [0, 1, 2].map((issue): PlannedEvent => {
    const action = { does: "edit", field: "priority", value: "Lowest" } as const;
    return { at: at + random.int(25, 35) * minute, kind: "person", name: "alice", issue, action };
  });
  // Cloud's way to read many issues, and Data Center's.
  const deaf = (["bulkFetchIssues", "search"] as const).map((operation): PlannedEvent => {
    const fault = { kind: "htmlError", status: 503 } as const;
    return { at: at + 24 * minute, kind: "trackerFault", operation, fault, times: 12, skip: 0 };
  });
  const change = { to: "severity", severity: "critical" } as const;
  const changes = rules.map(({ id }): PlannedEvent => {
    return { at: at + random.int(40, 50) * minute, kind: "ruleChange", rule: id, change };
  });
  // And operators want to hear of some only then.
  const silences = random.chance(0.5)
    ? rules.map(({ id }): PlannedEvent => {
        return { at: at + 36 * minute, kind: "silence", rule: id, minutes: 120, untilWorse: true };
      })
    : [];
  return [
    { at, kind: "problem", rule: rule.id, series: 0, minutes: 180, level, flaps: false },
    ...deaf,
    ...edits,
    ...silences,
    ...changes,
  ];
}

function onStep(withinMs: number, random: Random): number {
  return Math.floor((random.next() * withinMs) / stepMs) * stepMs;
}
