import { z } from "zod";
import { storable } from "../../model/infinity.ts";
import type { Labels } from "../../model/labels.ts";

/** As Prometheus' HTTP API writes it; lenient, since VictoriaMetrics, Thanos and Mimir add members of their own. */
export const envelope = z.looseObject({
  status: z.enum(["success", "error"]),
  data: z.unknown().optional(),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()).nullish(),
  infos: z.array(z.string()).nullish(),
  /** VictoriaMetrics: a storage node gave nothing. */
  isPartial: z.boolean().optional(),
});

const labels = z.record(z.string(), z.string());
const point = z.tuple([z.number(), z.string()]);
const instant = z.discriminatedUnion("resultType", [
  z.looseObject({
    resultType: z.literal("vector"),
    result: z.array(z.looseObject({ metric: labels, value: point.optional() })),
  }),
  z.looseObject({ resultType: z.literal("scalar"), result: point }),
  z.looseObject({ resultType: z.literal("matrix") }),
  z.looseObject({ resultType: z.literal("string") }),
]);
const range = z.looseObject({
  resultType: z.literal("matrix"),
  result: z.array(z.looseObject({ metric: labels, values: z.array(point).optional() })),
});

/** One series at one instant; NaN is no value, infinity what stands for it. */
export interface Series {
  readonly labels: Labels;
  readonly value: number | undefined;
}

export interface RangeSeries {
  readonly labels: Labels;
  /** Milliseconds and values, oldest first. */
  readonly points: readonly (readonly [at: number, value: number | undefined])[];
}

/** What an expression gave that cannot be judged, in words for its author; or that the answer is none of this API. */
export type Unusable = { readonly wrong: string } | { readonly unexpected: string };

/** The series of an instant query. */
export function readInstant(data: unknown): readonly Series[] | Unusable {
  const read = instant.safeParse(data);
  if (!read.success) return unexpected(read.error);
  const found = read.data;
  switch (found.resultType) {
    case "scalar":
      return [{ labels: {}, value: readNumber(found.result[1]) }];
    case "string":
      return { wrong: "the expression gives a text, which is no value" };
    case "matrix":
      return {
        wrong:
          "the expression gives ranges of values: take one of each, such as `last_over_time(…[5m])` or `rate(…[5m])`",
      };
    case "vector": {
      const series: Series[] = [];
      for (const { metric, value } of found.result) {
        if (value === undefined) return { wrong: histograms };
        series.push({ labels: metric, value: readNumber(value[1]) });
      }
      return series;
    }
  }
}

/** The series of a range query. */
export function readRange(data: unknown): readonly RangeSeries[] | Unusable {
  const read = range.safeParse(data);
  if (!read.success) return unexpected(read.error);
  const series: RangeSeries[] = [];
  for (const { metric, values } of read.data.result) {
    if (values === undefined) return { wrong: histograms };
    series.push({ labels: metric, points: values.map(([at, value]) => [Math.round(at * 1_000), readNumber(value)]) });
  }
  return series;
}

/** The names that a request for label values gave. */
export function readNames(data: unknown): readonly string[] | undefined {
  return z.array(z.string()).safeParse(data).data;
}

const histograms =
  "the expression gives native histograms: take a number of each, such as `histogram_quantile(0.99, …)`";

function unexpected(error: z.ZodError): Unusable {
  const [issue] = error.issues;
  return {
    unexpected: `its answer is not as the API of Prometheus has it${issue === undefined ? "" : ` (${issue.path.join(".")})`}`,
  };
}

/** Prometheus writes numbers as text, NaN and infinities as Go does. */
export function readNumber(text: string): number | undefined {
  const infinity = /^([+-]?)Inf(?:inity)?$/i.exec(text);
  if (infinity !== null) return storable(infinity[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
  return text.trim() === "" ? undefined : storable(Number(text));
}
