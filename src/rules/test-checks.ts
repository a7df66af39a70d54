import { formatLabels, type Labels, labelsKey } from "../model/labels.ts";
import type { Rule } from "../model/rule.ts";
import { formatDuration } from "../support/duration.ts";
import { closest, didYouMean, listed } from "../support/yaml/closest.ts";
import type { Path, Wrong } from "../support/yaml/fault.ts";
import type { ReportTest, RuleTest, TestSeries, TestValues } from "./read-test-file.ts";
import { checkSchedule } from "./schedule-check.ts";
import type { Points } from "./test-schema.ts";

export interface TestCheckOptions {
  /** The rules that run in it, by id: those of the files that the test file names. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** Ids of rules that are there and faulty: what names them is not wrong. */
  readonly faulty: ReadonlySet<string>;
  readonly report: ReportTest;
}

/** Whether a test says what its rules are asked, of label sets that they can have. Gives whether it can run. */
export function checkTest(test: RuleTest, { rules, faulty, report }: TestCheckOptions): boolean {
  let good = true;
  const tell = (path: Path, wrong: Wrong, at?: "key" | "value") => {
    good = false;
    report(test, path, wrong, at);
  };
  const ruleAt = (id: string, path: Path): Rule | undefined => {
    const rule = rules.get(id);
    if (rule !== undefined) return rule;
    good = false;
    if (!faulty.has(id)) tell(path, unknownRule(id, rules));
    return undefined;
  };
  const main = ruleAt(test.ruleId, ["rule"]);
  const seen = new Set<string>();
  const tiled = new Set<Rule>();
  for (const [index, series] of test.series.entries()) {
    const own = series.ruleId === test.ruleId;
    const rule = own ? main : ruleAt(series.ruleId, ["series", index, "rule"]);
    if (rule === undefined) continue;
    const at = (...path: Path): Path => ["series", index, ...path];
    const wrongWindows = tiled.has(rule) ? undefined : windowsFault(rule);
    if (wrongWindows !== undefined) tell(at(), wrongWindows);
    tiled.add(rule);
    const wrongLabels = labelsFault(series.labels, rule, rule.signal.query.by);
    if (wrongLabels !== undefined) tell(at("labels"), wrongLabels);
    const key = `${rule.id} ${labelsKey(series.labels)} ${series.message ?? ""}`;
    if (seen.has(key)) tell(at("labels"), twice(series));
    seen.add(key);
    checkValues(series, rule, (path, wrong, part) => tell(at(...path), wrong, part));
  }
  for (const [index, expected] of test.expect.entries()) {
    for (const [position, alert] of (expected.alerts ?? []).entries()) {
      const path: Path = ["expect", index, "alerts", position];
      const rule = ruleAt(alert.rule, [...path, "rule"]);
      const wrong = rule === undefined ? undefined : labelsFault(alert.labels, rule, rule.signal.by);
      if (wrong !== undefined) tell([...path, "labels"], wrong);
    }
  }
  return good;
}

function unknownRule(id: string, rules: ReadonlyMap<string, Rule>): Wrong {
  const ids = [...rules.keys()];
  return {
    message: `the rule files of this test have no rule \`${id}\`${didYouMean(id, ids)}`,
    fix:
      closest(id, ids) === undefined
        ? `name its file under \`rules\`, or one of ${listed(ids)}`
        : "write its id as it is",
  };
}

function twice({ labels }: TestSeries): Wrong {
  return {
    message: `the label set ${formatLabels(labels)} has a series already`,
    fix: "give each label set of a rule one series, or each of its messages",
  };
}

function labelsFault(labels: Labels, { id, signal: { measure } }: Rule, by: readonly string[]): Wrong | undefined {
  // Which labels a received alert has only its sender knows.
  if (measure.kind === "alerts" && measure.each) return undefined;
  const names = Object.keys(labels);
  const unknown = names.filter((name) => !by.includes(name));
  const missing = by.filter((name) => !names.includes(name));
  if (unknown.length === 0 && missing.length === 0) return undefined;
  const fix =
    by.length === 0 ? "write `labels: {}`: the rule has no `by`" : `write the fields of its \`by\`: ${listed(by)}`;
  if (missing.length > 0)
    return { message: `\`${id}\` tells alerts apart by \`${missing[0]}\`, which is missing`, fix };
  return { message: `\`${id}\` does not tell alerts apart by \`${unknown[0]}\``, fix };
}

/** The windows of `burn` are made of the ticks' own: they must lie end to end in them. */
function windowsFault({ id, signal: { windowMs }, schedule, limits, overrides }: Rule): Wrong | undefined {
  const tiers = [limits, ...overrides.map((each) => each.limits)].flatMap(({ when }) =>
    when.form === "burn" ? when.tiers : [],
  );
  const facts = checkSchedule(schedule);
  if (tiers.length === 0 || "message" in facts) return undefined;
  const odd = tiers.flatMap(({ longMs, shortMs }) => [shortMs, longMs]).find((length) => length % windowMs !== 0);
  if (odd !== undefined) {
    return {
      message: `\`${id}\` asks for windows of ${formatDuration(odd)}, which values of ${formatDuration(windowMs)} each do not make up`,
      fix: "give the rule's `signal` a `window` that each window of its tiers is a multiple of",
    };
  }
  if (windowMs % facts.stepMs === 0) return undefined;
  return {
    message: `the windows of \`${id}\` (${formatDuration(windowMs)}) do not lie end to end at its ticks, every ${formatDuration(facts.stepMs)}`,
    fix: "give the rule's `signal` a `window` that is a multiple of its schedule's step",
  };
}

type Tell = (path: Path, wrong: Wrong, at?: "key" | "value") => void;

function checkValues(series: TestSeries, rule: Rule, tell: Tell): void {
  checkMeasured(series, rule, tell);
  const { when } = rule.limits;
  const readsMessages = when.form === "new" && when.of.kind === "pattern";
  if (readsMessages && series.message === undefined) {
    tell([], {
      message: `\`${rule.id}\` looks for patterns, and there is no \`message\``,
      fix: "add `message:` with what the events say, such as `message: payment 4711 refused`",
    });
  } else if (!readsMessages && series.message !== undefined) {
    tell(
      ["message"],
      { message: `\`${rule.id}\` does not look for patterns in messages`, fix: "leave `message` out" },
      "key",
    );
  }
  const toldOf = new Map(series.history.map((earlier) => [earlier.back, earlier]));
  for (const earlier of toldOf.values()) {
    checkMeasured(earlier, rule, (path, wrong, at) => tell(["history", earlier.back, ...path], wrong, at));
  }
  const isRatio = rule.signal.measure.kind === "ratio";
  if ((series.users ?? series.totalUsers) !== undefined && rule.impact.usersField === undefined) {
    tell([series.users === undefined ? "total_users" : "users"], {
      message: `\`${rule.id}\` does not count users`,
      fix: "add `impact: { users: unique(user.id) }` to the rule, or leave this out",
    });
  }
  if (series.totalUsers !== undefined && !isRatio) {
    tell(["total_users"], { message: "only a ratio has a whole", fix: "leave `total_users` out" });
  }
}

function checkMeasured(values: TestValues, rule: Rule, tell: Tell): void {
  const { total, bad, value } = values;
  if (rule.signal.measure.kind !== "ratio") {
    const wrong = total !== undefined ? "total" : bad !== undefined ? "bad" : undefined;
    if (wrong !== undefined) {
      tell([wrong], { message: `\`${rule.id}\` is no ratio`, fix: "write `value`, one value a tick" }, "key");
    } else if (value === undefined) {
      tell([], { message: "there is no `value`", fix: "add `value`, one value a tick, such as `120x40`" });
    }
    return;
  }
  if (value !== undefined) {
    tell(["value"], { message: `\`${rule.id}\` is a ratio`, fix: "write `total` and `bad`, one value a tick" }, "key");
    return;
  }
  if (total === undefined) {
    tell([], { message: "there is no `total`", fix: "add `total`, one value a tick, such as `1000x40`" });
    return;
  }
  if (bad === undefined || "always" in total || "always" in bad) return;
  if (bad.length !== total.length) {
    tell(["bad"], {
      message: `\`bad\` has ${bad.length} values and \`total\` ${total.length}`,
      fix: "write as many of both (`axn` are n + 1 values), or one number for all ticks",
    });
    return;
  }
  const over = bad.findIndex((part, tick) => isMore(part, total[tick]));
  if (over >= 0) {
    tell(["bad"], {
      message: `value ${over + 1} of \`bad\` is ${bad[over]}, and \`total\` is ${total[over]}`,
      fix: "the bad part cannot be more than the whole",
    });
  }
}

function isMore(part: unknown, whole: unknown): boolean {
  return typeof part === "number" && typeof whole === "number" && part > whole;
}

/** How many ticks its values are for; 0 when all of them hold always. */
export function ticksOf(test: RuleTest): number {
  const lengths = test.series.flatMap(({ total, bad, value, events, users, totalUsers, history }) =>
    [
      total,
      bad,
      value,
      events,
      users,
      totalUsers,
      ...history.flatMap((each) => [each.total, each.bad, each.value]),
    ].map(lengthOf),
  );
  return Math.max(0, ...lengths);
}

function lengthOf(points: Points | undefined): number {
  return points === undefined || "always" in points ? 0 : points.length;
}
