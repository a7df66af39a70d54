import type { Conditions } from "./filters.ts";

/** What a type of rule is for us. */
export interface TypeParts {
  readonly windowMs: number;
  readonly measure: string;
  readonly bad?: Conditions["filter"] | undefined;
  readonly when: Readonly<Record<string, unknown>>;
  /** Conditions beside those of `filter`. */
  readonly conditions?: { readonly where?: Conditions["where"]; readonly filter?: Readonly<Record<string, unknown>> };
  /** What its alerts are told apart by, where that is not `query_key`. */
  readonly by?: readonly string[];
  /** What the value is in ElastAlert's texts, beside `num_hits` and `num_matches`. */
  readonly valueNames?: readonly string[];
  /** It is a share in ElastAlert's texts: 0 to 100. */
  readonly isPercentage?: boolean;
}

export interface TypeContext {
  /** The global `buffer_time`. */
  readonly bufferMs: number | undefined;
}

/** How a span is to be written. */
export const timeframeWords = "a span such as `minutes: 5`";
