import type { EventSums } from "./alert.ts";
import type { Decision } from "./decision.ts";
import type { Labels } from "./labels.ts";
import type { Band, Priority } from "./priority.ts";
import type { Mode, Severity } from "./rule.ts";
import type { StormMembership } from "./storm.ts";
import type { TicketRef } from "./ticket.ts";
import type { Verdict } from "./verdict.ts";

/**
 * `open`: an alert fires or recovers. `quiet`: none does. `fixed`: none does and its ticket is Done. `verified`: it held. `regressed`:
 * it fires although its ticket was Done. `suppressed`: its ticket was closed as not to be done, and that still holds.
 */
export const findingStates = ["open", "quiet", "fixed", "verified", "regressed", "suppressed"] as const;
export type FindingState = (typeof findingStates)[number];

/** One alert as its finding shows it. */
export interface AlertSummary {
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly labels: Labels;
  /** What its labels stand for, where they do not say it. */
  readonly subject?: string;
  readonly state: "firing" | "recovering";
  readonly since: number;
  readonly verdict: Verdict;
  /** Its worst value in this episode. Missing in what was stored before it was kept. */
  readonly peak?: { readonly at: number; readonly value: number; readonly threshold: number | undefined };
}

/** From the first of its alerts' episodes to the last. */
export interface FindingEpisode {
  readonly startedAt: number;
  readonly lastBreachAt: number;
  /** Undefined while it lasts. */
  readonly endedAt: number | undefined;
  readonly ending: "recovered" | "vanished" | "rule_changed" | undefined;
  readonly peak: { readonly at: number; readonly value: number; readonly threshold: number | undefined } | undefined;
  readonly sums: EventSums;
  /** The part of `sums` from alerts whose own episodes have ended. */
  readonly endedSums: EventSums;
  /** Share of the period's error budget this episode spent, 0..; undefined without an SLO. */
  readonly budgetShare: number | undefined;
  /** The part of `budgetShare` from before it began, which the long window of `burn` saw. Missing without that form. */
  readonly budgetBefore?: number;
  /** Alerts that ceased to report while it lasted and were not seen firing again: what they are about nobody saw well. */
  readonly vanished?: readonly VanishedAlert[];
}

export interface VanishedAlert {
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly labels: Labels;
}

/** What was asked for priority's sake, and when; asked again at most every 15 minutes. */
export interface ImpactMeasured {
  readonly askedAt: number;
  readonly usersBad: number | undefined;
  readonly usersTotal: number | undefined;
  /** Whether the rule names a field of users: else there was nothing to measure. Missing in what was stored before it was told. */
  readonly usersAsked?: boolean;
  /** This window against the same a week ago; `from_zero` when there was none although the source had data. */
  readonly trend: number | "from_zero" | undefined;
}

/** A finding that explains another one: while it goes on, the other is not told. */
export interface Explainer {
  readonly findingId: string;
  readonly title: string;
  /** Where it has a ticket. */
  readonly ticketKey: string | undefined;
  readonly since: number;
}

/** That something bigger explained a finding, for as long as that counts. Times are ticks. */
export interface InhibitionMemory {
  readonly by: Explainer;
  readonly since: number;
  /** When it was first seen that nothing explains it any more. */
  readonly endedAt: number | undefined;
  /** When it was told of again: the grace after `endedAt` was over, and it was still seen bad. */
  readonly releasedAt: number | undefined;
}

/** Of silences that hold until it gets worse, by their id: the band it had when silenced, and when it was above it. */
export type SilencedBands = Readonly<Record<string, { readonly band: Band; readonly endedAt: number | undefined }>>;

/** Findings that one explains now: all are counted, at most 20 named. */
export interface Explained {
  readonly count: number;
  readonly findings: readonly { readonly id: string; readonly title: string }[];
}

/** What triage must remember to tell people once and not every tick. Times are ticks. */
export interface TriageMemory {
  /** A create was decided and is on its way or done. */
  readonly createdAt: number | undefined;
  /** The band that the ticket has, or will have when the outbox is empty. */
  readonly ticketBand: Band | undefined;
  /** Since when the score has been at least 5 points under the ticket band's border. */
  readonly belowSince: number | undefined;
  readonly loweredAt: number | undefined;
  /** When the summary block was last decided to be written. */
  readonly summaryAt: number | undefined;
  /** The last pair of comments: when quiet was told, and when back was told. */
  readonly quietToldAt: number | undefined;
  readonly backToldAt: number | undefined;
  /** Quiet again within a day of that, its ticket is still to be closed as its rule says, once the day is over. */
  readonly closeOwed?: true | undefined;
  readonly flappingTold: boolean;
  /** Recurrences counted on the ticket since it was filed. */
  readonly recurrences: number;
  /** Bands that were told as a comment, since the ticket's priority is a person's. */
  readonly bandsTold: readonly Band[];
  /** What was last meant to stand in the fields that may be written again. */
  readonly wrote: WrittenFields | undefined;
  /** The ticket before this one, when a second one was meant: they are linked. */
  readonly follows: { readonly ref: TicketRef; readonly because: FollowReason } | undefined;
  /** Somebody asked for a ticket that is not filed yet: it is, whatever explains the finding, and storm or not. */
  readonly asked?: true | undefined;
  /** What was done about the closing of its ticket; another closing is another matter. */
  readonly closing: ClosingMemory | undefined;
  /** Since when it has been back after Done; until it is Done again. */
  readonly regressedAt: number | undefined;
  /** How long it has been clear since its ticket was Done. */
  readonly clear: ClearTime | undefined;
  readonly verifiedAt: number | undefined;
  /** Id of the issue that became its ticket (a duplicate's original, an adopted one), once that was said there. */
  readonly greeted: string | undefined;
  /** Rules whose alerts the ticket has been told of; undefined where that was not remembered yet. */
  readonly toldRules: readonly string[] | undefined;
  readonly inhibition: InhibitionMemory | undefined;
  readonly silences: SilencedBands;
  /** How many explained findings were named on the ticket when it was last written. */
  readonly explainedTold: number;
  /** Keys of the suspect deploys that the ticket names. */
  readonly suspectsTold?: readonly string[];
  /** When a new ticket was first wished for in this episode, had or not. */
  readonly wishedAt: number | undefined;
  /** The storm that it was part of, or is. */
  readonly storm: StormMembership | undefined;
  /** What a storm's parent last said of its findings, as a hash. */
  readonly listed: string | undefined;
}

export interface WrittenFields {
  readonly summary: string;
  readonly labels: readonly string[];
  readonly assignee: string | undefined;
}

/** Why a ticket of a further generation was meant. */
export type FollowReason = "back_late" | "regressed" | "still_happening" | "wont_do_over" | "refiled";

export interface ClosingMemory {
  /** `closed.at` of the ticket record: which closing this is about. */
  readonly closedAt: number;
  /** When it was said that a "won't do" is kept to. */
  readonly suppressionToldAt: number | undefined;
  /** When a return was last answered, as the rule's `on_return` says, and the start of the episode that it was about. */
  readonly answeredAt: number | undefined;
  readonly answeredEpisode: number | undefined;
}

/** Evaluated time: the sum of schedule steps whose two ends were evaluated clear. */
export interface ClearTime {
  /** Milliseconds. */
  readonly ms: number;
  /** The last tick that was evaluated clear; undefined before the first. */
  readonly at: number | undefined;
}

/** Of a finding that no ticket was ever meant for, and of one that is filed anew. */
export const freshMemory: TriageMemory = {
  createdAt: undefined,
  ticketBand: undefined,
  belowSince: undefined,
  loweredAt: undefined,
  summaryAt: undefined,
  quietToldAt: undefined,
  backToldAt: undefined,
  flappingTold: false,
  recurrences: 0,
  bandsTold: [],
  wrote: undefined,
  follows: undefined,
  closing: undefined,
  regressedAt: undefined,
  clear: undefined,
  verifiedAt: undefined,
  greeted: undefined,
  toldRules: undefined,
  inhibition: undefined,
  silences: {},
  explainedTold: 0,
  wishedAt: undefined,
  storm: undefined,
  listed: undefined,
};

/** A group of alerts worth telling, over its whole life. One finding, one live ticket. */
export interface Finding {
  /** The first 16 hexadecimal digits of the group key. */
  readonly id: string;
  readonly groupKey: string;
  readonly problem: string;
  readonly groupLabels: Labels;
  readonly generation: number;
  readonly state: FindingState;
  readonly mode: Mode;
  readonly owner: string;
  readonly severity: Severity;
  readonly ruleIds: readonly string[];
  readonly title: string;
  readonly openedAt: number;
  readonly changedAt: number;
  /** The worst alert that is not inactive, or was last. */
  readonly worst: AlertSummary;
  /** The others, worst first, at most 20, among them each rule's worst; `alertCount` counts all. */
  readonly others: readonly AlertSummary[];
  readonly alertCount: number;
  /** One of its alerts is held firing because it changed too often. */
  readonly flapping: boolean;
  /** The running episode, or the last one. */
  readonly episode: FindingEpisode;
  /** Those before, newest first, that ended in the last 30 days, or in its budget's period where that is longer; at most 100. */
  readonly pastEpisodes: readonly FindingEpisode[];
  readonly impact: ImpactMeasured | undefined;
  readonly priority: Priority | undefined;
  readonly memory: TriageMemory;
  /** What it explains as of its last tick. Missing where it explains nothing. */
  readonly explains?: Explained;
  readonly decision: Decision & { readonly at: number };
}

const recentMs = 30 * 86_400_000;

/** Episodes that ended in the 30 days before it was last seen, the one of now among them. */
export function recentEpisodes({ episode, pastEpisodes }: Pick<Finding, "episode" | "pastEpisodes">): number {
  const since = (episode.endedAt ?? episode.lastBreachAt) - recentMs;
  return 1 + pastEpisodes.filter(({ endedAt = since }) => endedAt >= since).length;
}

/** Whether its episode lasts: an alert of it fires or recovers, whatever became of its ticket. */
export function isOngoing({ episode }: Pick<Finding, "episode">): boolean {
  return episode.endedAt === undefined;
}

/** One entry of a finding's timeline. */
export interface FindingEvent {
  readonly at: number;
  /** `ticket`: what people did on the ticket. */
  readonly kind: "state" | "decision" | "delivery" | "priority" | "operator" | "ticket";
  /** A stable word: a decision's reason, a state, a delivery outcome. */
  readonly code: string;
  /** For people, one sentence. */
  readonly text: string;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}
