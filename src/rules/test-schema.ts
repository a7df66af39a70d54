import { z } from "zod";
import { actions, decisionReasons } from "../model/decision.ts";
import { bands } from "../model/priority.ts";
import { duration, text } from "../support/yaml/leaves.ts";

/*
 * Rule tests, `*.test.yaml` beside the rules (RULES.md section 5). This version knows their language, for editors, and
 * skips the files; `backfeed test` comes later.
 */

const series = z.strictObject({
  labels: z.record(z.string(), z.string()).meta({ description: "The label set; {} without `by`." }),
  total: text("One value a tick, in promtool's notation: '1000x40', '1+2x5', '_' no data, '!' failed query.", {
    most: 10_000,
    example: "1000x40",
  }).optional(),
  bad: text("The bad part, for a ratio.", { most: 10_000, example: "2x5 80x11" }).optional(),
  value: text("The value, for other measures.", { most: 10_000, example: "120x40" }).optional(),
});

const ticket = z.strictObject({
  action: z.enum(actions),
  reason: z.enum(decisionReasons).optional(),
  priority: z.enum(bands).optional(),
  score: z.number().min(0).max(100).optional(),
  summary: text("The ticket's summary.", { most: 1_000 }).optional(),
});

const test = z.strictObject({
  name: text("A sentence about what the rule does.", { most: 300, example: "twelve bad minutes file one High ticket" }),
  rule: text("The rule's id.", { most: 100, example: "checkout-errors" }),
  start: text("The first tick, ISO 8601.", { most: 40, example: "2026-01-05T10:00:00Z" }),
  series: z.array(series).min(1).meta({ description: "What the source answers, one value a tick." }),
  expect: z
    .array(
      z.strictObject({
        at: duration("Since `start`."),
        tickets: z.array(ticket).meta({ description: "Decisions since the expectation before; [] is none." }),
      }),
    )
    .min(1)
    .meta({ description: "What happens when; nothing more may happen after the last one." }),
});

/** A rule test file as it is written. */
export const ruleTestFileSchema = z.strictObject({
  rules: z.array(text("A rule file, relative to this one.", { most: 1_000, example: "errors.yaml" })).min(1),
  tests: z.array(test).min(1),
});
