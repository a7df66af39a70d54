import type { Document } from "./document.ts";
import type { Labels } from "./labels.ts";
import type { Query, Sample, SeriesPoint, SeriesQuery } from "./query.ts";
import type { Window } from "./time.ts";

/** A finding shows the proof of this many of its rules; the rest are named. */
export const mostSections = 5;

/** Frozen when the decision is made; collected just before delivery, since logs roll over. Plain JSON. */
export interface EvidenceRequest {
  /** One for each rule that has alerts in the finding, that of the worst alert first; at most `mostSections`. */
  readonly sections: readonly SectionRequest[];
  /** Ids of the rules beyond. */
  readonly moreRules: readonly string[];
  /** These sections come to a ticket that is there, beside what was collected when it was filed. */
  readonly joins?: true;
}

/** The proof of one rule: its worst alert's series around the episode, its newest events, and what the machines did. */
export interface SectionRequest {
  readonly ruleId: string;
  /** How the alert's own value is written, where it is not of the chart's unit. */
  readonly valueUnit?: ValueUnit;
  readonly source: string;
  readonly query: Query;
  /** The worst alert's labels. */
  readonly labels: Labels;
  /** When the finding's episode began that this proves. */
  readonly episodeStartedAt?: number;
  /** What people read about this rule before its proof; nothing for the rule that the ticket opens with. */
  readonly about: Document;
  readonly samples: {
    readonly window: Window;
    readonly badOnly: boolean;
    readonly limit: number;
    readonly fields: readonly string[];
  };
  readonly chart: {
    readonly window: Window;
    readonly stepMs: number;
    readonly title: string;
    readonly unit: ValueUnit;
    readonly threshold: number | undefined;
    /** What the limit follows, where it is no constant. */
    readonly reference?: ChartReference | undefined;
    readonly episode: Window;
    /** Vertical lines with a name: suspect deploys. */
    readonly marks?: readonly { readonly at: number; readonly label: string }[];
  };
  /** Links that open the query elsewhere (Kibana Discover). */
  readonly links: readonly { readonly text: string; readonly url: string }[];
  readonly infra: readonly InfraRequest[];
}

/** The same measure earlier, with which a rule's `change` compares; limits are its multiples. */
export interface ChartReference {
  /** How much earlier, in milliseconds. */
  readonly backMs: number;
  readonly limits: readonly { readonly direction: "above" | "below"; readonly factor: number }[];
}

/** What the machines under a rule's signal did over the time of its chart; drawn with the same episode. */
export interface InfraRequest {
  readonly title: string;
  readonly source: string;
  readonly unit: ValueUnit;
  /** Equal steps that end with the chart's window and begin inside it. */
  readonly window: Window;
  readonly stepMs: number;
  /** With the alert's labels in it, escaped; or why it cannot be asked. */
  readonly ask: SeriesQuery | { readonly refused: string };
}

/** How a value is written for people: `8.0%`, `1,234`, `12.5/s`, `14.4x`. */
export const valueUnits = ["ratio", "number", "per_second", "times"] as const;
export type ValueUnit = (typeof valueUnits)[number];

/** The proof as it was found. */
export interface Evidence {
  readonly collectedAt: number;
  /** In the order of the request's. */
  readonly sections: readonly SectionEvidence[];
}

/** What could not be had is named in `missing`, one sentence each, and blocks nothing. */
export interface SectionEvidence {
  readonly series: readonly SeriesPoint[];
  readonly samples: readonly Sample[];
  readonly missing: readonly string[];
  /** When there was something to draw. */
  readonly chart: EvidenceChart | undefined;
  /** Those that could be had. */
  readonly infra: readonly InfraEvidence[];
}

export interface InfraEvidence {
  readonly title: string;
  /** `0.31 before, 0.94 in the episode (3.0x)`. */
  readonly words: string;
  readonly chart: EvidenceChart | undefined;
}

export interface EvidenceChart {
  /** Of the attachment: it carries a hash of the content, so that it is attached once. */
  readonly name: string;
  readonly png: Uint8Array;
}

/** A request and what came of it. */
export interface Proof {
  readonly request: EvidenceRequest;
  readonly evidence: Evidence;
}

/**
 * The proof of one ticket out of all that was collected for its finding, newest first: what it was filed with, or its
 * newest episode told with, and the sections that joined since, in their order. Undefined where there is none.
 */
export function proofOfTicket(newestFirst: readonly Proof[]): Proof | undefined {
  const filed = newestFirst.findIndex(({ request }) => request.joins !== true);
  const parts = newestFirst.slice(0, filed < 0 ? newestFirst.length : filed + 1).reverse();
  const [first] = parts;
  if (first === undefined) return undefined;
  return {
    request: {
      sections: parts.flatMap(({ request }) => request.sections),
      moreRules: first.request.moreRules,
    },
    evidence: {
      collectedAt: first.evidence.collectedAt,
      sections: parts.flatMap(({ evidence }) => evidence.sections),
    },
  };
}

/** Every chart once, in the order in which they stand. */
export function chartsOf({ sections }: Evidence): readonly EvidenceChart[] {
  const charts = sections.flatMap(({ chart, infra }) => [chart, ...infra.map((each) => each.chart)]);
  const byName = new Map(charts.flatMap((chart) => (chart === undefined ? [] : [[chart.name, chart] as const])));
  return [...byName.values()];
}
