import { type Labels, labelsKey } from "../model/labels.ts";
import type { QueryFailure } from "../model/query.ts";
import { limitsFor, type Rule } from "../model/rule.ts";
import { templateText } from "../model/template.ts";
import type { Verdict } from "../model/verdict.ts";
import { advance, failedJudgement } from "./advance.ts";
import { evaluate } from "./evaluate.ts";
import type { Evaluation, JudgeRequest, RuleJudgement } from "./judge.ts";
import {
  type Answered,
  knownAfter,
  type Lines,
  mostKnownValues,
  type Sighting,
  sightPatterns,
  sightValues,
} from "./known-values.ts";

/**
 * Judges a rule of the form `new` at one tick: each value or pattern that occurs is known, or breached until it has settled.
 * Nothing is breached at the tick that learns, nor before there was one. Pure.
 */
export function judgeNew(request: JudgeRequest, current: Answered, stale: boolean | undefined): RuleJudgement {
  const { planned, tick } = request;
  const { rule, lookback, messages } = planned;
  const learns = lookback !== undefined || (messages?.earlier.length ?? 0) > 0;
  const sighting = sight(request, current);
  if ("code" in sighting) return failedJudgement(request, unlessLearned(request, sighting));
  if (sighting.notLearned > 0 || (learns && sighting.notTaken > 0)) return failedJudgement(request, tooMany(rule));

  const alerts = new Map(request.alerts.map((alert) => [labelsKey(alert.labels), alert]));
  const { known, seen, forgotten, refused } = knownAfter({
    rule,
    at: tick.at,
    known: request.known,
    sighting,
    learns,
    alive: alerts,
  });
  const detail = unreadText(request, current);
  const evaluations: Evaluation[] = [];
  const judge = (key: string, labels: Labels) => {
    const alert = alerts.get(key);
    const entry = known.get(key);
    if (entry === undefined && alert === undefined) return;
    const limits = limitsFor(rule, labels);
    const verdict = evaluate({
      measure: rule.signal.measure,
      limits,
      noData: rule.noData,
      state: alert?.state ?? "inactive",
      current: sighting.occurring.get(key),
      stale: stale === true,
      known: isKnown(entry?.firstSeenAt, limits.when, tick.at),
    });
    const told: Verdict = detail === undefined ? verdict : { ...verdict, detail };
    const subject = entry?.template === undefined ? undefined : templateText(entry.template);
    evaluations.push(advance(request, labels, alert, told, { limits, subject }));
  };
  for (const [key, { labels }] of sighting.occurring) judge(key, labels);
  for (const [key, { labels }] of alerts) if (!sighting.occurring.has(key)) judge(key, labels);
  // What once had an alert is watched while it is known: that it does not come back is what verifies a fix.
  for (const [key, { labels, firstSeenAt }] of known) {
    if (firstSeenAt !== undefined && !sighting.occurring.has(key) && !alerts.has(key)) judge(key, labels);
  }
  const notEvaluated = sighting.notTaken + refused;
  return {
    rule,
    evaluations,
    failure: undefined,
    seen,
    forgotten,
    notEvaluated,
    stale,
    learned: { to: tick.at, fullSince: fullSince(request, known.size, notEvaluated) },
  };
}

/** The look-back, and what was learned before the first sight, are no sight: known from the beginning. */
function isKnown(firstSeenAt: number | undefined, when: Rule["limits"]["when"], at: number): boolean {
  return when.form !== "new" || firstSeenAt === undefined || at - firstSeenAt >= when.settleMs;
}

function sight({ planned, answer, known, lines = [] }: JudgeRequest, current: Answered): Sighting | QueryFailure {
  const { rule, messages } = planned;
  if (messages === undefined) {
    const lookback = planned.lookback === undefined ? undefined : answer.answers[planned.lookback];
    if (lookback?.kind === "failed") return lookback.failure;
    return sightValues(current, lookback);
  }
  const earlier: Lines[] = [];
  for (const position of [...messages.earlier, messages.current]) {
    const read = lines[position];
    if (read === undefined) return { code: "internal", message: "the messages were not read", retryable: true };
    if (read.kind === "failed") return read.failure;
    earlier.push(read);
  }
  const now = earlier.pop();
  return now === undefined
    ? { code: "internal", message: "the messages were not read", retryable: true }
    : sightPatterns(rule, known, now, earlier);
}

/** The failure in the words of a rule that has not learned, where it is one. */
export function unlessLearned({ planned: { rule }, learned }: JudgeRequest, failure: QueryFailure): QueryFailure {
  if (rule.limits.when.form !== "new" || learned !== undefined) return failure;
  return { ...failure, message: `not learned yet, so nothing is new: ${failure.message}` };
}

/** Of what cannot be counted nothing is new: asked again at every tick, and told once it has failed for an hour. */
function tooMany({ signal: { query }, limits: { when } }: Rule): QueryFailure {
  const what = when.form === "new" && when.of.kind === "pattern" ? "message patterns" : "values";
  return {
    code: "too_many_groups",
    message: `not learned yet, so nothing is new: there are more than ${query.maxGroups} ${what} to know; narrow the rule with \`where\` or \`filter\`, or raise \`max_groups\``,
    retryable: false,
  };
}

/** Where more was said than is read, no tick has seen all of it. */
function unreadText({ planned: { messages }, lines = [] }: JudgeRequest, current: Answered): string | undefined {
  const read = messages === undefined ? undefined : lines[messages.current];
  if (read?.kind !== "answered" || !read.more) return undefined;
  const all = current.observations[0]?.events ?? 0;
  return `the newest ${read.read} of ${Math.max(all, read.read)} messages of the window were read`;
}

function fullSince({ learned, planned, tick }: JudgeRequest, size: number, notEvaluated: number): number | undefined {
  if (notEvaluated > 0) return learned?.fullSince ?? tick.at;
  const most = planned.messages === undefined ? mostKnownValues : planned.rule.signal.query.maxGroups;
  return size >= most ? learned?.fullSince : undefined;
}
