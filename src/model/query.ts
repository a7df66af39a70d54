import type { Labels } from "./labels.ts";
import type { RaisedAlert } from "./raised-alert.ts";
import type { Window } from "./time.ts";

/** A value an exact match compares with. Numbers and booleans match fields of that type; text matches keywords. */
export type Scalar = string | number | boolean;

/** Exact matches: every field must hold one of its values. The same meaning in every source. */
export type Where = Readonly<Record<string, readonly Scalar[]>>;

/** Anything more, in the source's own language: Lucene query string or query DSL object; a SQL condition for files. */
export type Filter = string | Readonly<Record<string, unknown>>;

/** Which number a query gives for a window. `rate` is events per second; `percent` is 0 < p < 100. */
export type Measure =
  | { readonly kind: "count" }
  | { readonly kind: "rate" }
  | { readonly kind: "sum" | "avg" | "min" | "max" | "unique"; readonly field: string }
  | { readonly kind: "percentile"; readonly field: string; readonly percent: number }
  | RatioMeasure
  | PromqlMeasure
  | AlertsMeasure;

/**
 * How many alerts fire that another system raises (Alertmanager); nothing else is asked of those. `each`: every alert is a
 * label set of its own, with all its labels, whatever `by` says, and its value is 1 or 0.
 */
export interface AlertsMeasure {
  readonly kind: "alerts";
  readonly each: boolean;
}

/** The bad part of the whole. */
export interface RatioMeasure {
  readonly kind: "ratio";
  readonly bad: Filter;
  /** A metrics source: the expression of the whole; `bad` is then one too, and `$window` in both the window's length. */
  readonly whole?: string;
}

/** The value of each series that an expression returns at the window's end. A metrics source reads nothing else. */
export interface PromqlMeasure {
  readonly kind: "promql";
  readonly expression: string;
  /** Whether people write its values as shares: its limit is a percentage. */
  readonly isShare: boolean;
}

/** What only a metrics source reads. */
export function isOfMetrics(measure: Measure): boolean {
  return measure.kind === "promql" || (measure.kind === "ratio" && measure.whole !== undefined);
}

/** Ratios, and expressions whose limit is a percentage. */
export function isShare(measure: Measure): boolean {
  return measure.kind === "ratio" || (measure.kind === "promql" && measure.isShare);
}

/** Measures of which nothing is 0; every other measure of nothing is no data (RULES.md section 1). */
export function isZeroOfNothing(measure: Measure): boolean {
  return measure.kind === "count" || measure.kind === "rate" || measure.kind === "sum" || measure.kind === "unique";
}

/** What counts, or is a share of what counts. */
export function isNeverNegative({ kind }: Measure): boolean {
  return kind === "count" || kind === "rate" || kind === "unique" || kind === "ratio";
}

/**
 * What to ask, without when: made once per rule and shared between ticks, so that a source may keep what it
 * derives from it (a request body, a SQL text) in a WeakMap keyed by this object.
 */
export interface Query {
  /** Index pattern of Elasticsearch, table of files, name of a script. */
  readonly target: string;
  readonly where: Where;
  /** All must match. */
  readonly filters: readonly Filter[];
  /** The text of this field has these pieces, in any case: how the events of a log message pattern are asked for again. */
  readonly containing?: { readonly field: string; readonly pieces: readonly string[] };
  readonly measure: Measure;
  /** One value per combination of these fields' values; an event without one of them belongs to no group. */
  readonly by: readonly string[];
  /** How many groups are answered at most, 1..10,000. */
  readonly maxGroups: number;
}

/** One query for one window. */
export interface Question {
  readonly query: Query;
  readonly window: Window;
  /** Label sets that must be among the answered groups when they have events, even beyond `maxGroups`. */
  readonly mustAnswer: readonly Labels[];
  /** What was there at any time of the window, of which an expression's value is only that of its end. */
  readonly anyTime?: true;
}

/**
 * Asks whether a target has any event at all in a window: freshness, and "the source had data then". A metrics source has
 * no targets: it is asked whether it scraped anything.
 */
export interface Probe {
  readonly target: string;
  readonly window: Window;
}

/** Everything one tick wants from one source. */
export interface Batch {
  readonly questions: readonly Question[];
  readonly probes: readonly Probe[];
}

/** One labelled value. Labels carry exactly the query's `by` fields, as text. */
export interface Observation {
  readonly labels: Labels;
  /** Undefined where the measure of these events is nothing (a mean of no numbers). */
  readonly value: number | undefined;
  /** Events that matched in the window; for a ratio the whole, for a series of an expression 1. */
  readonly events: number;
  /** For a ratio only: the bad part of the whole. */
  readonly badEvents?: number;
  /** For alerts that another system raises: what it says of this one, or of the worst of several. */
  readonly raised?: RaisedAlert;
}

/** What became of one question. Whatever is not a full and certain answer is `failed`: not seeing is not recovery. */
export type Answer =
  | {
      readonly kind: "answered";
      /** Groups with at least one event; for a query without `by` always exactly one, also of no events. */
      readonly observations: readonly Observation[];
      /** Groups that exist beyond `maxGroups` and were not answered; a lower bound. 0 when all were. */
      readonly notAnswered: number;
    }
  | { readonly kind: "failed"; readonly failure: QueryFailure };

export interface QueryFailure {
  /** A stable word for logs and `explain`. */
  readonly code:
    | "timeout"
    | "partial"
    | "rate_limited"
    | "overloaded"
    | "unreachable"
    | "unauthorized"
    | "refused"
    | "unknown_target"
    | "unknown_field"
    | "too_many_groups"
    | "internal";
  /** For people, redacted and short; says what to do where that is known. */
  readonly message: string;
  /** False for what will fail again unchanged (a 4xx): the watermark then goes on. */
  readonly retryable: boolean;
}

export type ProbeAnswer =
  | { readonly kind: "answered"; readonly any: boolean }
  | { readonly kind: "failed"; readonly failure: QueryFailure };

export interface BatchAnswer {
  /** In the order of the batch's questions. */
  readonly answers: readonly Answer[];
  /** In the order of the batch's probes. */
  readonly probes: readonly ProbeAnswer[];
  /** How many requests (or scans) it took. */
  readonly requests: number;
}

/** One query for many windows: what all ticks of a day ask of it. */
export interface HistoryQuestion {
  readonly query: Query;
  /** Each once, in any order; they may overlap. */
  readonly windows: readonly Window[];
}

/** One target's probe for many windows. */
export interface HistoryProbe {
  readonly target: string;
  readonly windows: readonly Window[];
}

/** What many ticks want from one source, for the same answers in far fewer requests. */
export interface HistoryBatch {
  readonly questions: readonly HistoryQuestion[];
  readonly probes: readonly HistoryProbe[];
}

/** Of one question or probe: what became of each of its windows in their order, or why none was answered. */
export type PastAnswers<Part> =
  | {
      readonly kind: "answered";
      /** Undefined where the source can give it only when that window is asked by itself. */
      readonly windows: readonly (Part | undefined)[];
    }
  | { readonly kind: "failed"; readonly failure: QueryFailure };

export interface HistoryAnswer {
  /** In the order of the batch's questions. An answer that is there is whole: no group was left out. */
  readonly answers: readonly PastAnswers<Answer>[];
  /** In the order of the batch's probes. */
  readonly probes: readonly PastAnswers<ProbeAnswer>[];
  /** How many requests (or scans) it took. */
  readonly requests: number;
}

/** Events to show as evidence: the newest that match, for one label set. */
export interface SampleRequest {
  readonly query: Query;
  readonly labels: Labels;
  readonly window: Window;
  /** Only the bad part of a ratio. */
  readonly badOnly: boolean;
  readonly limit: number;
  /** Fields to give, in order; empty gives the source's default (timestamp and message). */
  readonly fields: readonly string[];
  /** Longest value in characters; what is longer is cut and marked. */
  readonly maxValueLength: number;
}

/** Fields as text, in the order asked for. A field the event lacks is left out. */
export interface Sample {
  readonly at: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** The measure of one label set over equal, half-open steps, for a chart. */
export interface SeriesRequest {
  readonly query: Query;
  readonly labels: Labels;
  readonly window: Window;
  readonly stepMs: number;
}

export interface SeriesPoint {
  /** Start of the step. */
  readonly at: number;
  readonly value: number | undefined;
}

/** An expression in the language of a metrics source; its answer has as many lines as it has. */
export interface PromqlQuery {
  readonly promql: string;
}

/** What a chart of several lines can be drawn of. */
export type SeriesQuery = Query | PromqlQuery;

/**
 * The messages of a window, to find patterns in them. Documents are read for this alone and for evidence, so it has a
 * limit: of more messages the newest.
 */
export interface MessagesRequest {
  readonly query: Query;
  /** The field with the text; an event without it has no message. */
  readonly field: string;
  readonly window: Window;
  readonly limit: number;
  /** Longest text in characters; what is beyond is cut off. */
  readonly maxLength: number;
}

export interface Message {
  readonly at: number;
  readonly text: string;
}

export interface Messages {
  /** In any order. */
  readonly messages: readonly Message[];
  /** Whether the window has more than were read. */
  readonly more: boolean;
}

/** One line for each label set of `by` (without it one in all), over equal, half-open steps. */
export interface LinesRequest {
  readonly query: SeriesQuery;
  readonly window: Window;
  readonly stepMs: number;
  /** How many lines at most; the largest stay. */
  readonly limit: number;
}

export interface Line {
  /** What sets it apart from the others; none when it is the only one. */
  readonly labels: Labels;
  /** One per step, oldest first. */
  readonly points: readonly SeriesPoint[];
}

export interface Lines {
  /** The largest first. */
  readonly lines: readonly Line[];
  /** Lines beyond the limit that were left out; a lower bound. */
  readonly more: number;
}
