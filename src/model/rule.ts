import type { DeviationDirection, Season } from "./baseline.ts";
import type { DeployPolicy } from "./deploy.ts";
import type { Labels } from "./labels.ts";
import type { Measure, Query, Where } from "./query.ts";
import type { Schedule } from "./time.ts";

export const severities = ["info", "low", "warning", "high", "critical"] as const;
/** A fact about the rule; priority is a decision about the work. */
export type Severity = (typeof severities)[number];

/** `file` makes tickets; `dry_run` decides and shows, sends nothing; `report` is for the pages only. */
export const modes = ["file", "dry_run", "report"] as const;
export type Mode = (typeof modes)[number];

/** The stricter of two modes: a rule cannot file what its instance only reports. */
export function stricterMode(a: Mode, b: Mode): Mode {
  return modes.indexOf(a) >= modes.indexOf(b) ? a : b;
}

interface Modifiers {
  /** How long it must hold, in evaluated time. */
  readonly forMs: number;
  /** Floor on the events behind a mean or percentile. */
  readonly minEvents: number;
  /** Floor on the bad events of a ratio; never on traffic. */
  readonly minBadEvents: number;
}

/** When a value is bad. Several forms exist; a rule has exactly one. */
export type When =
  | ({ readonly form: "threshold"; readonly above?: number; readonly below?: number } & Modifiers)
  | ({
      readonly form: "change";
      /** How much earlier the reference window lies; `previous` is one window earlier. */
      readonly versus: "previous" | number;
      /** Breached when value > reference x up. */
      readonly up?: number;
      /** Breached when value < reference x (1 - down); 0..1. */
      readonly down?: number;
      /** The larger of the two values must reach it. */
      readonly floor: number;
    } & Modifiers)
  | ({ readonly form: "absent"; readonly knownForMs: number } & Modifiers)
  | ({
      readonly form: "baseline";
      /** How far back values are remembered and compared with. */
      readonly historyMs: number;
      readonly season: Season;
      /** Breached when the value is farther from the median than this many robust deviations. */
      readonly deviations: number;
      readonly direction: DeviationDirection;
      /** Where all but a few values were the same: breached when it is farther from them than this share of them; 0.1 is 10 %. */
      readonly minChange: number;
    } & Modifiers)
  | ({
      readonly form: "burn";
      readonly objective: number;
      readonly periodMs: number;
      /** The highest factor first: of those that fire, the first one speaks. */
      readonly tiers: readonly BurnTier[];
    } & Modifiers)
  | ({
      readonly form: "new";
      /** What must be known: the values of a field, or the patterns of its texts. */
      readonly of: { readonly kind: "value" | "pattern"; readonly field: string };
      /** How far the first evaluation looks back: what is there is known. */
      readonly learnedFromMs: number;
      /** How long after first sight it is breached while it occurs; then it is known. */
      readonly settleMs: number;
    } & Modifiers);

/** Two windows over which an error budget is watched: bad when it burns faster than `factor` in both. */
export interface BurnTier {
  /** Says that enough of the budget is gone. */
  readonly longMs: number;
  /** Says that it still goes on. */
  readonly shortMs: number;
  /** A burn rate: how many times as fast as would spend just the whole budget in the period. */
  readonly factor: number;
  /** Of an alert while this tier speaks; undefined: the rule's. */
  readonly severity?: Severity;
}

/** The label that tells log message patterns apart. */
export const patternLabel = "pattern";

/** When a firing alert counts as clear. Without `above` and `below`: when `when` does not hold. */
export interface Until {
  readonly above?: number;
  readonly below?: number;
  readonly forMs: number;
}

/** Other limits for some label sets; the first that matches wins. Already merged with the rule by the compiler. */
export interface Override {
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly limits: Limits;
}

/** What decides whether a value is bad and whom it concerns; a rule has one, and one more per override. */
export interface Limits {
  readonly when: When;
  readonly until: Until;
  readonly severity: Severity;
  readonly owner: string;
}

export interface Signal {
  /** A source named in the service configuration. */
  readonly source: string;
  readonly target: string;
  readonly where: Where;
  readonly measure: Measure;
  readonly by: readonly string[];
  readonly windowMs: number;
  /** The query of the signal, made once: sources key what they derive on this object. */
  readonly query: Query;
}

export interface Impact {
  /** The field whose distinct values are the users touched. */
  readonly usersField?: string;
  /** Declared share, 0..1, where it cannot be measured. */
  readonly declaredReach?: number;
  /** Undefined: the one that `burn` watches, where the rule does (`sloFor`). */
  readonly slo?: Slo;
}

/** A service level objective: its error budget is the share of events that may be bad in the period. */
export interface Slo {
  /** 0..1, for example 0.999. */
  readonly objective: number;
  readonly periodMs: number;
}

/** What the machines under a rule's signal did, for its ticket. */
export interface InfraSignal {
  readonly source: string;
  readonly title: string;
  /** Length of a step of its chart; undefined: the rule's window. */
  readonly windowMs?: number;
  /** Text in `where`, `filters`, `bad` and PromQL may be a template of the alert's labels. */
  readonly ask: { readonly language: "lucene" | "sql"; readonly query: Query } | { readonly promql: string };
}

export interface EvidencePolicy {
  readonly samples: number;
  readonly fields: readonly string[];
  readonly infra: readonly InfraSignal[];
  /** Which deploys are suspects; undefined: what its labels name, within a day. */
  readonly deploys?: DeployPolicy;
}

/** Fields of a ticket that people and Backfeed may both want to write. */
export const ticketFields = ["priority", "labels", "summary", "description", "assignee"] as const;
export type TicketField = (typeof ticketFields)[number];

/** `create_only`: written when the ticket is filed; `until_human_edit`: until a person changes it; `always`: over people. */
export const ownerships = ["create_only", "until_human_edit", "always"] as const;
export type Ownership = (typeof ownerships)[number];

export interface TicketPolicy {
  readonly issueType?: string;
  readonly labels: readonly string[];
  /** Raw field values; text in them may be a template. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly onQuiet: "comment" | "transition" | "none";
  readonly onReturn: "reopen" | "new_linked" | "comment";
  readonly onWontDo: "suppress" | "new_linked";
  /** How long after Done it may go on firing: the fix may be on its way. */
  readonly doneGraceMs: number;
  /** How long after Done a return is the same ticket's matter; later it is a new one's. */
  readonly returnWithinMs: number;
  /** How long a "won't do" holds, unless it gets worse. */
  readonly suppressForMs: number;
  /** How long it must be evaluated clear after Done to count as verified. */
  readonly verifyForMs: number;
  readonly ownership: Readonly<Record<TicketField, Ownership>>;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What holds of a ticket's life when a rule says nothing (RULES.md section 4). */
export const defaultTicketPolicy: TicketPolicy = {
  labels: [],
  fields: {},
  onQuiet: "comment",
  onReturn: "reopen",
  onWontDo: "suppress",
  doneGraceMs: 24 * hourMs,
  returnWithinMs: 30 * dayMs,
  suppressForMs: 90 * dayMs,
  verifyForMs: 7 * dayMs,
  ownership: {
    priority: "until_human_edit",
    labels: "until_human_edit",
    // Rewriting these mails everybody who watches, and the summary comment says the same.
    summary: "create_only",
    description: "create_only",
    assignee: "create_only",
  },
};

/** Alerts of other rules that an alert of this one explains. Never those of the rule itself, nor of its own finding. */
export interface Inhibition {
  /** Rule ids, where `*` stands for any characters. */
  readonly rules: readonly string[];
  /** Labels of what is explained, with the values that each may have. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** Labels that must have the same value on both sides. */
  readonly equal: readonly string[];
}

/** A rule after loading: defaults merged, durations in milliseconds, ratios 0..1, references checked. */
export interface Rule {
  readonly id: string;
  /** Ids it had before; its tickets stay its own. */
  readonly formerly: readonly string[];
  /** The id that its alerts' identity is made of: `id`, or the first id it ever had (app asks the store). */
  readonly identity: string;
  /** Liquid template. */
  readonly title: string;
  readonly why: string;
  readonly runbook?: string;
  readonly mode: Mode;
  readonly schedule: Schedule;
  readonly signal: Signal;
  readonly limits: Limits;
  /** What holds as another system says it that raises the alert, where the rule says nothing of it. */
  readonly takesFromAlert?: { readonly severity: boolean; readonly owner: boolean; readonly group: boolean };
  readonly overrides: readonly Override[];
  readonly noData: "keep" | "breach" | "clear";
  /** How long `keep` holds without data before the episode ends as vanished. */
  readonly keepForMs: number;
  /** How long a label set that was seen is judged although it reports nothing. */
  readonly knownForMs: number;
  /** Findings of rules with the same problem and group values are one; default the rule's identity. */
  readonly problem: string;
  readonly group: readonly string[];
  readonly impact: Impact;
  readonly evidence: EvidencePolicy;
  readonly ticket: TicketPolicy;
  readonly inhibits: readonly Inhibition[];
  /** Where it stands, for messages: file and line, 1-based. */
  readonly location: { readonly file: string; readonly line: number };
  /** Hash of what changes how alerts are formed (`by`, `group`, signal form), to see when a rule became another. */
  readonly shape: string;
}

/** The limits that hold for one label set: those of the first override that matches, else the rule's own. */
export function limitsFor(rule: Rule, labels: Labels): Limits {
  for (const override of rule.overrides) {
    if (Object.entries(override.where).every(([name, values]) => values.includes(labels[name] ?? ""))) {
      return override.limits;
    }
  }
  return rule.limits;
}

/** Whose budget the events of one label set spend: what `impact` says, else what `burn` watches; undefined without either. */
export function sloFor(rule: Rule, labels: Labels): Slo | undefined {
  if (rule.impact.slo !== undefined) return rule.impact.slo;
  const { when } = limitsFor(rule, labels);
  return when.form === "burn" ? { objective: when.objective, periodMs: when.periodMs } : undefined;
}
