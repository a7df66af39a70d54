import { z } from "zod";
import { actions, decisionReasons } from "../model/decision.ts";
import { bands } from "../model/priority.ts";
import { severities } from "../model/rule.ts";
import { day, minute, parseDuration } from "../support/duration.ts";
import { BackfeedError } from "../support/errors.ts";
import { type Point, parseNotation } from "../support/series-notation.ts";
import { duration, text } from "../support/yaml/leaves.ts";
import { shown } from "../support/yaml/shape.ts";

/*
 * Rule tests, `*.test.yaml` beside the rules (RULES.md section 5): what a file may look like. What its parts must be to
 * one another and to the rules is in read-test-file.ts.
 */

/** What a series says: one value a tick, or one number that holds at all of them. */
export type Points = readonly Point[] | { readonly always: number };

const pointsFix = "write one value a tick, such as `1000x40`, `2x5 80x11 1x22`, `1+2x5`, or one number for all ticks";

const points = (description: string, example: string) =>
  z
    .union(
      [
        z.number().transform((always): Points => ({ always })),
        z
          .string()
          .min(1)
          .max(10_000)
          .transform((written, context): Points => {
            try {
              return parseNotation(written);
            } catch (thrown) {
              if (!(thrown instanceof BackfeedError)) throw thrown;
              context.addIssue({ code: "custom", message: `${thrown.message}\n${pointsFix}` });
              return z.NEVER;
            }
          }),
      ],
      { error: (issue) => notationFault(issue.input) },
    )
    .meta({ description, examples: [example] });

/** A union tells only that nothing fits: what is wrong in a text is asked once more. */
function notationFault(input: unknown): string {
  if (typeof input === "string" && input !== "" && input.length <= 10_000) {
    try {
      parseNotation(input);
    } catch (thrown) {
      if (thrown instanceof BackfeedError) return `${thrown.message.split(": write")[0] ?? ""}\n${pointsFix}`;
    }
  }
  return `${shown(input)} is no series\n${pointsFix}`;
}

const notation = "promtool's notation: `a+bxn`, `axn` (n + 1 values), `_` no data, `!` failed query.";

const values = {
  total: points(`For a ratio: the whole, one value a tick. ${notation}`, "1000x40").optional(),
  bad: points("For a ratio: the bad part of the whole.", "2x5 80x11 1x22").optional(),
  value: points("For every other measure: its value.", "120x40").optional(),
};

const labels = (description: string) =>
  z
    .record(z.string(), z.string().max(1_000), { error: "labels are a mapping of names to text\nwrite `{}` for none" })
    .meta({ description, examples: ['{ "service.name": "checkout" }'] });

const ruleId = (description: string) => text(description, { most: 100, example: "checkout-errors" });

const longestBack = 366 * day;
const mostBacks = 366;

/** How much earlier: `1w`; each day of the last two of four weeks: `15d..28d`. Undefined for what is neither. */
export function backsOf(text: string): readonly number[] | undefined {
  const [, first, unit, last] = /^(\d+)([mhdw])\.\.(\d+)\2$/.exec(text) ?? [];
  if (first === undefined || unit === undefined || last === undefined) {
    const back = parseDuration(text) ?? 0;
    return isBack(back) ? [back] : undefined;
  }
  const count = Number(last) - Number(first) + 1;
  const stepMs = parseDuration(`1${unit}`) ?? 0;
  if (count < 2 || count > mostBacks || !isBack(Number(first) * stepMs) || !isBack(Number(last) * stepMs))
    return undefined;
  return Array.from({ length: count }, (_, place) => (Number(first) + place) * stepMs);
}

function isBack(back: number): boolean {
  return back >= minute && back <= longestBack;
}

const series = z.strictObject({
  rule: ruleId("Which rule is answered so; default the test's. Every rule that is named runs.").optional(),
  labels: labels("The label set: the fields of `by`; {} without `by`."),
  ...values,
  message: text("For a rule with `pattern_of`: what each of the `value` events of a tick says.", {
    most: 2_000,
    example: "payment 4711 refused: insufficient funds",
  }).optional(),
  events: points(
    "For means, extremes and percentiles: how many events are behind a value; default 1.",
    "50",
  ).optional(),
  users: points("Distinct users of the bad part since the episode began; left out: not measured.", "120").optional(),
  total_users: points("For a ratio: distinct users of the whole.", "4000").optional(),
  history: z
    .record(
      z.string().refine((key) => backsOf(key) !== undefined, {
        error: "this is no span\nwrite how much earlier, such as `1d` or `1w`, or each of several such as `1d..28d`",
      }),
      z.strictObject(values),
    )
    .meta({
      description:
        "The same ticks so much earlier: what `change` and `baseline` compare with, and with `1w` what trend does. `1d..28d`: one day earlier, two, and so on.",
      examples: ["{ 1w: { total: 1000, bad: 2 } }"],
    })
    .optional(),
});

const ticket = z.strictObject({
  action: z.enum(actions.filter((action) => action !== "none")).meta({ description: "What is done with the ticket." }),
  reason: z.enum(decisionReasons).meta({ description: "Why: docs/rules.md lists the reasons." }).optional(),
  rule: ruleId("The rule of its worst alert.").optional(),
  labels: labels("The label values that its alerts share, all of them.").optional(),
  priority: z
    .enum(bands.filter((band) => band !== "None"))
    .meta({ description: "The band at that tick." })
    .optional(),
  score: z
    .number()
    .min(0)
    .max(100)
    .meta({ description: "The score at that tick, 0 to 100.", examples: [57] })
    .optional(),
  severity: z.enum(severities).meta({ description: "Of its worst alert." }).optional(),
  owner: text("Whose ticket it is.", { most: 100, example: "payments" }).optional(),
  project: text("Where it is filed.", { most: 100, example: "PAY" }).optional(),
  summary: text("The ticket's summary, to the letter.", {
    most: 1_000,
    example: "checkout: 8.0% of requests fail",
  }).optional(),
});

const alert = z.strictObject({
  rule: ruleId("Default the test's.").optional(),
  labels: labels("Its label set; {} without `by`."),
  state: z.enum(["pending", "firing", "recovering"]).meta({ description: "pending, firing or recovering." }),
});

const test = z.strictObject({
  name: text("A sentence about what the rule does.", { most: 300, example: "twelve bad minutes file one High ticket" }),
  rule: ruleId("The rule's id."),
  start: text("The first tick: an instant of the rule's schedule, ISO 8601 with its zone.", {
    most: 40,
    example: "2026-01-05T10:00:00Z",
  }),
  series: z.array(series).min(1).max(1_000).meta({ description: "What the source answers, one value a tick." }),
  expect: z
    .array(
      z.strictObject({
        at: duration("Since `start`."),
        tickets: z
          .array(ticket)
          .max(1_000)
          .meta({ description: "What is done with tickets since the expectation before, in order; [] is nothing." })
          .optional(),
        alerts: z
          .array(alert)
          .max(1_000)
          .meta({ description: "All alerts that are not inactive at that tick; [] is none." })
          .optional(),
      }),
    )
    .min(1)
    .max(1_000)
    .meta({ description: "What happens when; nothing more may be done with tickets after the last one." }),
});

/** A rule test file as it is written. */
export const ruleTestFileSchema = z.strictObject({
  rules: z
    .array(text("A rule file, relative to this one.", { most: 1_000, example: "errors.yaml" }))
    .min(1)
    .max(100)
    .meta({ description: "The rule files that are tested.", examples: [["errors.yaml"]] }),
  tests: z.array(test).min(1).max(10_000).meta({ description: "The tests, each from an empty state." }),
});

export type RuleTestFileInput = z.output<typeof ruleTestFileSchema>;
