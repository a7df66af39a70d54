import { verdictCounts } from "../../detect/judge.ts";
import type { Action, DecisionReason } from "../../model/decision.ts";
import type { ValueUnit } from "../../model/evidence.ts";
import type { Finding, FindingEpisode } from "../../model/finding.ts";
import type { Labels } from "../../model/labels.ts";
import { type Band, compareBands } from "../../model/priority.ts";
import type { Rule } from "../../model/rule.ts";
import { type VerdictCounts, type VerdictKind, verdictKinds } from "../../model/verdict.ts";
import { valueUnit } from "../../triage/story.ts";
import type { OfflineTick, TicketDecided } from "../offline/offline-run.ts";

/** What was done with a ticket, after it was filed. */
export interface TicketStep {
  readonly at: number;
  readonly action: Action;
  readonly reason: DecisionReason;
  readonly band: Band | undefined;
  readonly score: number | undefined;
}

export interface ReplayEpisode {
  readonly startedAt: number;
  /** Undefined while it lasts. */
  readonly endedAt: number | undefined;
  readonly ending: FindingEpisode["ending"];
  readonly peak: number | undefined;
  readonly threshold: number | undefined;
}

/** A ticket that would have been filed. */
export interface ReplayTicket {
  readonly number: number;
  /** The finding's id. */
  readonly finding: string;
  readonly generation: number;
  /** That of the worst alert when it was filed. */
  readonly rule: string;
  readonly labels: Labels;
  readonly project: string | undefined;
  readonly openedAt: number;
  readonly reason: DecisionReason;
  readonly band: Band | undefined;
  readonly score: number | undefined;
  readonly summary: string;
  /** The highest band it had. */
  readonly highestBand: Band | undefined;
  readonly steps: readonly TicketStep[];
  readonly episodes: readonly ReplayEpisode[];
  /** Of the values of its episodes. */
  readonly unit: ValueUnit;
}

/** A finding that no ticket was filed for, and what was last said of why not. */
export interface NotFiled {
  readonly finding: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly summary: string;
  readonly openedAt: number;
  readonly reason: DecisionReason;
  readonly episodes: readonly ReplayEpisode[];
}

/** Of one rule: how many label sets were judged how, over all ticks. */
export type VerdictTotals = Required<VerdictCounts>;

/** They say that something lasts, and not why no ticket was filed for it. */
const unspoken: ReadonlySet<DecisionReason> = new Set(["unchanged", "recovering", "pending", "held"]);

interface Filed {
  readonly created: TicketDecided;
  readonly steps: TicketStep[];
  highestBand: Band | undefined;
}

interface FindingKept {
  latest: Finding;
  /** Why nothing was last done of it, where that is a reason of its own. */
  because: DecisionReason;
  readonly episodes: Map<number, ReplayEpisode>;
  readonly tickets: Filed[];
}

/** Collects what a replay's ticks decided, as tickets. */
export class TicketTally {
  readonly #findings = new Map<string, FindingKept>();
  readonly #rules = new Map<string, Rule>();
  readonly #verdicts = new Map<string, Record<VerdictKind, number>>();
  #order: Filed[] = [];

  add({ ticks, tickets }: OfflineTick): void {
    for (const { judged, findings } of ticks) {
      for (const { judgement } of judged) {
        const { id } = judgement.rule;
        this.#rules.set(id, judgement.rule);
        const counts = this.#countsOf(id);
        const told = verdictCounts(judgement);
        for (const kind of verdictKinds) counts[kind] += told[kind] ?? 0;
      }
      for (const finding of findings) {
        const kept = this.#kept(finding);
        kept.latest = finding;
        if (!unspoken.has(finding.decision.reason)) kept.because = finding.decision.reason;
        kept.episodes.set(finding.episode.startedAt, episodeOf(finding.episode));
      }
    }
    for (const decided of tickets) this.#decide(decided);
  }

  /** Oldest first. */
  tickets(): readonly ReplayTicket[] {
    return this.#order.map((filed, place) => {
      const { at, finding, project } = filed.created;
      const kept = this.#kept(finding);
      const { id, generation, worst, groupLabels, title, priority, decision } = finding;
      const rule = this.#rules.get(worst.ruleId);
      return {
        number: place + 1,
        finding: id,
        generation,
        rule: worst.ruleId,
        labels: groupLabels,
        project,
        openedAt: at,
        reason: decision.reason,
        band: priority?.band,
        score: priority?.score,
        summary: title,
        highestBand: filed.highestBand,
        steps: filed.steps,
        episodes: [...kept.episodes.values()].filter((episode) => ticketOf(kept, episode) === filed),
        unit: rule === undefined ? "number" : valueUnit(rule, worst.labels),
      };
    });
  }

  notFiled(): readonly NotFiled[] {
    return [...this.#findings.values()]
      .filter(({ tickets }) => tickets.length === 0)
      .map(({ latest, because, episodes }) => ({
        finding: latest.id,
        rule: latest.worst.ruleId,
        labels: latest.groupLabels,
        summary: latest.title,
        openedAt: latest.openedAt,
        reason: because,
        episodes: [...episodes.values()],
      }))
      .sort((a, b) => a.openedAt - b.openedAt);
  }

  verdicts(): ReadonlyMap<string, VerdictTotals> {
    return this.#verdicts;
  }

  #decide(decided: TicketDecided): void {
    const { at, finding } = decided;
    const { decision, priority } = finding;
    const kept = this.#kept(finding);
    if (decision.action === "create") {
      const filed = { created: decided, steps: [], highestBand: priority?.band };
      kept.tickets.push(filed);
      this.#order.push(filed);
      return;
    }
    const filed = kept.tickets.at(-1);
    if (filed === undefined) return;
    const { action, reason } = decision;
    filed.steps.push({ at, action, reason, band: priority?.band, score: priority?.score });
    filed.highestBand = higher(filed.highestBand, priority?.band);
  }

  #kept(finding: Finding): FindingKept {
    let kept = this.#findings.get(finding.id);
    if (kept === undefined) {
      kept = { latest: finding, because: finding.decision.reason, episodes: new Map(), tickets: [] };
      this.#findings.set(finding.id, kept);
    }
    return kept;
  }

  #countsOf(rule: string): Record<VerdictKind, number> {
    let counts = this.#verdicts.get(rule);
    if (counts === undefined) {
      counts = { breached: 0, between: 0, clear: 0, no_data: 0, failed: 0 };
      this.#verdicts.set(rule, counts);
    }
    return counts;
  }
}

function higher(one: Band | undefined, other: Band | undefined): Band | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compareBands(one, other) < 0 ? other : one;
}

function episodeOf({ startedAt, endedAt, ending, peak }: FindingEpisode): ReplayEpisode {
  return { startedAt, endedAt, ending, peak: peak?.value, threshold: peak?.threshold };
}

/** The ticket that was there when an episode ended or goes on; the first for one that waited for it. */
function ticketOf({ tickets }: FindingKept, { endedAt = Number.POSITIVE_INFINITY }: ReplayEpisode): Filed | undefined {
  return tickets.findLast(({ created }) => created.at <= endedAt) ?? tickets[0];
}
