import { burnRate } from "../model/burn.ts";
import type { Finding, FindingEpisode } from "../model/finding.ts";
import { type Rule, sloFor } from "../model/rule.ts";
import { badSide } from "./impact.ts";
import type { PriorityInputs, Reach } from "./score.ts";

const thirtyDaysMs = 30 * 86_400_000;

/** What PRIORITY.md, "How inputs are measured", takes from a finding. Pure. */
export function priorityInputs(finding: Finding, rule: Rule, at: number): PriorityInputs {
  const { episode } = finding;
  const slo = sloFor(rule, finding.worst.labels);
  const share = episode.sums.total > 0 ? episode.sums.bad / episode.sums.total : undefined;
  return {
    severity: finding.severity,
    reach: reachOf(finding, rule, share),
    durationMs: episode.lastBreachAt - episode.startedAt,
    burn: slo === undefined || share === undefined ? undefined : burnRate(share, slo.objective),
    budgetShare: slo === undefined || share === undefined ? undefined : budgetSpent(finding, at - slo.periodMs),
    budgetPeriodMs: slo?.periodMs,
    episodes: 1 + finding.pastEpisodes.filter((past) => at - (past.endedAt ?? at) <= thirtyDaysMs).length,
    backAfterDone: finding.state === "regressed",
    trend: finding.impact?.trend === "from_zero" && badSide(finding) === "below" ? "to_zero" : finding.impact?.trend,
    badEvents: rule.signal.measure.kind === "ratio" ? badEventsOf(finding) : undefined,
  };
}

/**
 * The sums weigh a window by the step between ticks: at its first ticks an episode has more bad events than they say. A budget's
 * long window holds those that it fired for.
 */
function badEventsOf({ episode, worst: { verdict } }: Finding): number {
  return Math.max(episode.sums.bad, verdict.badEvents ?? 0, verdict.burn?.badEvents ?? 0);
}

/** Users where they are measured; else the share of requests; else, for what is counted, the events that matched. */
function reachOf(finding: Finding, rule: Rule, share: number | undefined): Reach | undefined {
  const { declaredReach } = rule.impact;
  if (declaredReach !== undefined) return { share: declaredReach, absolute: undefined, of: "users", declared: true };
  const { usersBad, usersTotal } = finding.impact ?? {};
  if (usersBad !== undefined) {
    const userShare = usersTotal === undefined || usersTotal === 0 ? undefined : Math.min(1, usersBad / usersTotal);
    return { share: userShare, absolute: usersBad, of: "users", declared: false };
  }
  if (share !== undefined) return { share, absolute: undefined, of: "requests", declared: false };
  const counted = rule.signal.measure.kind === "count" || rule.signal.measure.kind === "rate";
  // Few events are the problem of a drop, not the size of it.
  if (!counted || badSide(finding) !== "above") return undefined;
  return { share: undefined, absolute: finding.episode.sums.bad, of: "events", declared: false };
}

/** Of the episodes that reach into the SLO's period, this one included. */
function budgetSpent(finding: Finding, since: number): number {
  const spent = (episode: FindingEpisode) => episode.budgetShare ?? 0;
  const inPeriod = finding.pastEpisodes.filter((past) => (past.endedAt ?? since) >= since);
  return inPeriod.reduce((total, past) => total + spent(past), spent(finding.episode));
}
