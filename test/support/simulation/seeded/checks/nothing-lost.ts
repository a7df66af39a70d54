import type { Finding } from "../../../../../src/model/finding.ts";
import { adopted, created, type Facts, hourOf } from "../facts.ts";
import { startAt } from "../plan.ts";
import { mustFire } from "./oracle.ts";

/** Why a problem that was told of need not have a ticket of its own. */
const named = new Set([
  "over_cap",
  "below_score",
  "silenced",
  "inhibited",
  "storm",
  "suppressed",
  "report",
  "dry_run",
  "awaiting_operator",
]);

/** Invariant 2: every problem that held for long enough has its episode in the store, and a ticket or a named reason. */
export function nothingLost(facts: Facts): readonly string[] {
  const findings = new Map(facts.findings.map((finding) => [finding.groupKey, finding]));
  // An issue of their own that people had adopted before ours was sent is the ticket as well.
  const filed = new Set([...created(facts), ...adopted(facts)].map(({ groupKey }) => groupKey));
  return mustFire(facts).flatMap(({ sketch, labels, groupKey, tick }) => {
    const what = `${sketch.id}{${Object.values(labels).join(",")}} at ${hourOf(tick, startAt)}`;
    const finding = findings.get(groupKey);
    if (finding === undefined) return [`${what} held for long enough and is no finding`];
    if (!isWithinEpisode(finding, tick)) return [`${what} held for long enough and is in no episode of its finding`];
    if (filed.has(groupKey)) return [];
    const reasons = (facts.events.get(finding.id) ?? []).map(({ code }) => code);
    if (named.has(finding.decision.reason) || reasons.some((reason) => named.has(reason))) return [];
    return [`${what} has neither a ticket nor a reason, but ${finding.decision.reason}`];
  });
}

function isWithinEpisode(finding: Finding, tick: number): boolean {
  const episodes = [finding.episode, ...finding.pastEpisodes];
  return episodes.some(({ startedAt, endedAt }) => startedAt <= tick && tick <= (endedAt ?? Number.POSITIVE_INFINITY));
}
