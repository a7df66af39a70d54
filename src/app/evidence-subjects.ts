import { referenceBackMs } from "../detect/plan.ts";
import { sameTimeBefore } from "../detect/schedule.ts";
import type { AlertSummary, Finding } from "../model/finding.ts";
import { limitsFor, type Rule } from "../model/rule.ts";
import type { SectionSubject } from "../triage/evidence.ts";
import { worstOfRules } from "../triage/sections.ts";
import type { EpisodeSpan, TickContext } from "./context.ts";

/**
 * The rules of a finding whose proof a ticket shows, worst first, each with its words and with its alert's labels in what
 * is asked. `only`: of these rules.
 */
export function evidenceSubjects(
  finding: Finding,
  rules: ReadonlyMap<string, Rule>,
  at: number,
  { voice, timings }: Pick<TickContext, "voice" | "timings">,
  only?: readonly string[],
): readonly SectionSubject[] {
  return worstOfRules(finding).flatMap((alert): SectionSubject[] => {
    const rule = rules.get(alert.ruleId);
    if (rule === undefined || (only !== undefined && !only.includes(alert.ruleId))) return [];
    const isWorst = alert === finding.worst;
    const episode = isWorst ? finding.episode : episodeOf(alert);
    const delayMs = timings.get(rule.signal.source)?.delayMs ?? 0;
    return [
      {
        rule,
        alert,
        title: isWorst ? finding.title : voice.titleOf(rule, asAtWorst(alert), episode),
        delayMs,
        referenceBackMs: referenceBack(rule, alert, at - delayMs),
        links: voice.linksOf(rule, alert, episode, at),
        infra: voice.infraOf(rule, alert, episode),
      },
    ];
  });
}

/** By the rule's clock, as it is judged: a day earlier is 23 or 25 hours where clocks are changed. */
function referenceBack(rule: Rule, { labels }: AlertSummary, to: number): number | undefined {
  const back = referenceBackMs(limitsFor(rule, labels), rule.signal.windowMs);
  return back === undefined ? undefined : to - sameTimeBefore(rule.schedule.timezone, to, back);
}

function episodeOf({ since, peak }: AlertSummary): EpisodeSpan {
  return { startedAt: since, lastBreachAt: peak?.at ?? since, peak };
}

/** With the value that was bad: a title that follows the recovery would name a problem that is none. */
function asAtWorst(alert: AlertSummary): AlertSummary {
  const { verdict, peak } = alert;
  if (verdict.kind === "breached" || peak === undefined) return alert;
  return { ...alert, verdict: { ...verdict, value: peak.value, threshold: peak.threshold ?? verdict.threshold } };
}
