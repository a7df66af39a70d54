import type { Labels } from "./labels.ts";
import type { Query, Sample, SeriesPoint } from "./query.ts";
import type { Window } from "./time.ts";

/** Frozen when the decision is made; collected just before delivery, since logs roll over. Plain JSON. */
export interface EvidenceRequest {
  readonly source: string;
  readonly query: Query;
  /** The worst alert's labels. */
  readonly labels: Labels;
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
    readonly episode: Window;
  };
  /** Links that open the query elsewhere (Kibana Discover). */
  readonly links: readonly { readonly text: string; readonly url: string }[];
}

/** How a value is written for people: `8.0%`, `1,234`, `12.5/s`. */
export type ValueUnit = "ratio" | "number" | "per_second";

/** The proof as it was found. What could not be had is named in `missing`, one sentence each, and blocks nothing. */
export interface Evidence {
  readonly collectedAt: number;
  readonly series: readonly SeriesPoint[];
  readonly samples: readonly Sample[];
  readonly missing: readonly string[];
  /** PNG, when there was something to draw. */
  readonly chart: Uint8Array | undefined;
}
