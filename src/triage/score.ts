import {
  type Band,
  type Cuts,
  compareBands,
  type Priority,
  type PriorityAdjustment,
  type PriorityPart,
  type PriorityScale,
} from "../model/priority.ts";
import type { Severity } from "../model/rule.ts";

/** Everything that priority is made of. What is undefined could not be measured: it scores 0 and is printed so. */
export interface PriorityInputs {
  readonly severity: Severity;
  readonly reach: Reach | undefined;
  /** From the first to the last breached tick of this episode. */
  readonly durationMs: number;
  /** This episode's share of bad / (1 - objective). */
  readonly burn: number | undefined;
  /** Sum over the finding's episodes in the SLO's period; 1 is the whole budget. */
  readonly budgetShare: number | undefined;
  readonly budgetPeriodMs: number | undefined;
  /** In 30 days, this one included. */
  readonly episodes: number;
  readonly backAfterDone: boolean;
  /** `to_zero`: what is bad when low has fallen to nothing. */
  readonly trend: number | "from_zero" | "to_zero" | undefined;
  /** Of this episode, where bad events are counted. */
  readonly badEvents: number | undefined;
}

export interface Reach {
  /** 0..1 */
  readonly share: number | undefined;
  readonly absolute: number | undefined;
  readonly of: "users" | "requests" | "events";
  readonly declared: boolean;
}

/** Fewer bad events than this in an episode are an anecdote (PRIORITY.md, caps). */
const fewBadEvents = 10;

/**
 * Scores a finding: the sum of PRIORITY.md's parts, the band it falls into, then floors, then caps, which win.
 * Pure. More of any input never lowers score or band (tested as a property).
 */
export function score(inputs: PriorityInputs, scale: PriorityScale): Priority {
  const parts = [
    severityPart(inputs, scale),
    reachPart(inputs, scale),
    durationPart(inputs, scale),
    budgetPart(inputs, scale),
    recurrencePart(inputs, scale),
    trendPart(inputs, scale),
  ];
  const sum = parts.reduce((total, part) => total + part.points, 0);
  const own = bandOf(sum, scale);
  const { band, adjustment } = adjust(own, inputs);
  return { score: sum, band, parts, adjustment: band === own ? undefined : adjustment };
}

/** The band of a bare score. */
function bandOf(points: number, scale: PriorityScale): Band {
  for (const band of ["Highest", "High", "Medium", "Low"] as const) {
    if (points >= scale.bands[band]) return band;
  }
  return "None";
}

/** The line on the ticket: `70/100 High: severity critical 20 + reach 6.0% of requests 12 + …`. */
export function priorityLine(priority: Priority): string {
  const sum = priority.parts.map((part) => (part.measured ? `${part.text} ${part.points}` : part.text)).join(" + ");
  const adjusted =
    priority.adjustment === undefined ? "" : ` (${priority.adjustment.kind}: ${priority.adjustment.text})`;
  return `${priority.score}/100 ${bandText(priority.band)}: ${sum}${adjusted}`;
}

/** A ticket that is there stays, so that none would be filed now is not what it says of itself. */
export function bandText(band: Band): string {
  return band === "None" ? "under Low" : band;
}

function adjust(own: Band, inputs: PriorityInputs): { band: Band; adjustment: PriorityAdjustment | undefined } {
  let band = own;
  let adjustment: PriorityAdjustment | undefined;
  for (const floor of floors(inputs)) {
    if (compareBands(floor.band, band) > 0) {
      band = floor.band;
      adjustment = floor;
    }
  }
  for (const cap of caps(inputs)) {
    if (compareBands(cap.band, band) < 0) {
      band = cap.band;
      adjustment = cap;
    }
  }
  return { band, adjustment };
}

function floors(inputs: PriorityInputs): readonly PriorityAdjustment[] {
  const { severity, reach, budgetShare = 0 } = inputs;
  const found: PriorityAdjustment[] = [];
  const floor = (band: Band, text: string) => found.push({ kind: "floor", band, text });
  if (budgetShare >= 1) floor("Highest", "the whole error budget is spent");
  if (budgetShare >= 0.2) floor("High", "a fifth of the error budget is spent");
  if (severity === "critical" && (reach?.share ?? 0) >= 0.5) floor("High", "critical and at least half are affected");
  if (severity === "critical") floor("Medium", "critical is at least Medium");
  if (inputs.episodes >= 5) floor("Medium", "five episodes in 30 days");
  if (inputs.backAfterDone) floor("Medium", "back after Done");
  if (severity === "high" || severity === "warning") floor("Low", `${severity} is at least Low`);
  return found;
}

function caps(inputs: PriorityInputs): readonly PriorityAdjustment[] {
  const { severity, reach } = inputs;
  const found: PriorityAdjustment[] = [];
  const cap = (band: Band, text: string) => found.push({ kind: "cap", band, text });
  if (reach === undefined) {
    if ((inputs.burn ?? 0) < 1) {
      const serious = severity === "critical" || severity === "high";
      cap(serious ? "Medium" : "Low", "reach not measured and no error budget burning");
    }
  } else if ((reach.share ?? 0) === 0 && (reach.absolute ?? 0) === 0) {
    cap("Low", "nobody is affected");
  }
  if (inputs.badEvents !== undefined && inputs.badEvents < fewBadEvents) {
    cap("Medium", `fewer than ${fewBadEvents} bad events`);
  }
  return found;
}

function severityPart({ severity }: PriorityInputs, scale: PriorityScale): PriorityPart {
  return part("severity", scale.severity[severity], `severity ${severity}`);
}

function reachPart({ reach }: PriorityInputs, scale: PriorityScale): PriorityPart {
  if (reach === undefined) return notMeasured("reach", "reach not measured");
  const byShare = pointsOf(scale.reachShare, reach.share);
  const byAbsolute = pointsOf(scale.reachAbsolute, reach.absolute);
  const declared = reach.declared ? " declared" : "";
  const shareText = reach.share === undefined ? undefined : `${percent(reach.share)} of ${reach.of}`;
  const absoluteText = reach.absolute === undefined ? undefined : counted(reach.absolute, reach.of);
  const text = byAbsolute > byShare ? (absoluteText ?? shareText) : (shareText ?? absoluteText);
  return part("reach", Math.max(byShare, byAbsolute), `reach ${text}${declared}`);
}

function durationPart({ durationMs }: PriorityInputs, scale: PriorityScale): PriorityPart {
  return part("duration", pointsOf(scale.duration, durationMs), `lasted ${spanText(durationMs)}`);
}

function budgetPart(inputs: PriorityInputs, scale: PriorityScale): PriorityPart {
  if (inputs.burn === undefined && inputs.budgetShare === undefined)
    return notMeasured("budget", "budget not measured");
  const points = Math.max(pointsOf(scale.burn, inputs.burn), pointsOf(scale.budgetShare, inputs.budgetShare));
  const texts: string[] = [];
  if (inputs.burn !== undefined) texts.push(`burn ${times(inputs.burn)}`);
  if (inputs.budgetShare !== undefined) {
    const days = inputs.budgetPeriodMs === undefined ? undefined : Math.round(inputs.budgetPeriodMs / 86_400_000);
    texts.push(`${percent(inputs.budgetShare)} of the ${days === undefined ? "" : `${days}-day `}budget`);
  }
  return part("budget", points, texts.join(", "));
}

function recurrencePart({ episodes, backAfterDone }: PriorityInputs, scale: PriorityScale): PriorityPart {
  const points = pointsOf(scale.recurrence, episodes) + (backAfterDone ? scale.backAfterDone : 0);
  const text = episodes <= 1 ? "first episode" : `${ordinal(episodes)} episode in 30 d`;
  return part("recurrence", points, backAfterDone ? `${text}, back after Done` : text);
}

function trendPart({ trend }: PriorityInputs, scale: PriorityScale): PriorityPart {
  if (trend === undefined) return notMeasured("trend", "trend not measured");
  if (trend === "from_zero") return part("trend", scale.trendFromZero, "none last week");
  if (trend === "to_zero") return part("trend", scale.trendFromZero, "nothing left of last week");
  return part("trend", pointsOf(scale.trend, trend), `${times(trend)} last week`);
}

function part(name: PriorityPart["name"], points: number, text: string): PriorityPart {
  return { name, points, text, measured: true };
}

function notMeasured(name: PriorityPart["name"], text: string): PriorityPart {
  return { name, points: 0, text, measured: false };
}

function pointsOf(cuts: Cuts, value: number | undefined): number {
  let points = 0;
  for (const [from, worth] of cuts) {
    if (value !== undefined && value >= from) points = worth;
  }
  return points;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.001 ? 2 : 1)}%`;
}

/** `1 event`, `1,200 users`. */
function counted(value: number, of: string): string {
  const whole = Math.round(value);
  return `${whole.toLocaleString("en-US")} ${whole === 1 ? of.replace(/s$/, "") : of}`;
}

/** `60x`, `14.4x`, `1.1x`, `0.89x`: cut, not rounded, so that no text reaches a cut that its number does not. */
function times(factor: number): string {
  const decimals = factor < 1 ? 2 : factor < 20 ? 1 : 0;
  // The added millionth keeps 0.1 + 0.2 from reading 0.29.
  const cut = Math.floor(factor * 10 ** decimals + 1e-6) / 10 ** decimals;
  return `${cut.toLocaleString("en-US")}x`;
}

function ordinal(n: number): string {
  const tens = n % 100;
  const suffix = tens >= 11 && tens <= 13 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${suffix}`;
}

function spanText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  if (minutes < 48 * 60) return `${(minutes / 60).toFixed(minutes % 60 === 0 ? 0 : 1)} h`;
  return `${(minutes / 1_440).toFixed(minutes % 1_440 === 0 ? 0 : 1)} d`;
}
