import type { SeriesPoint, SeriesRequest } from "../../model/query.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { ElasticsearchContext } from "./elasticsearch-source.ts";
import { scopeOf, searchOnce } from "./evidence-request.ts";
import { type Aggregations, bucketsOf, nothing, readMeasure, UnexpectedAnswer } from "./read-search.ts";
import { collectMetrics, queryJson } from "./search-body.ts";

const mostPoints = 10_000;

/** The measure of one label set over equal steps. Throws BackfeedError, `limit` for more than 10,000 steps. */
export async function askSeries(
  context: ElasticsearchContext,
  request: SeriesRequest,
  signal: AbortSignal,
): Promise<readonly SeriesPoint[]> {
  const { query, window, stepMs } = request;
  if (!(stepMs >= 1) || (window.to - window.from) / stepMs > mostPoints) {
    throw new BackfeedError("limit", `a series has at most ${mostPoints} steps of at least a millisecond`);
  }
  const { timestamp, timeoutMs } = context.settings;
  const { member, clauses } = await scopeOf(context, request, signal);
  const metrics = collectMetrics([member]);
  const histogram = JSON.stringify({
    field: timestamp,
    fixed_interval: `${stepMs}ms`,
    // Buckets start at multiples of the step: the offset moves the first one to the window's start.
    offset: `${window.from % stepMs}ms`,
    min_doc_count: 1,
    format: "epoch_millis",
  });
  const inner = metrics.json === "" ? "" : `,"aggs":{${metrics.json}}`;
  const start = `{"size":0,"track_total_hits":false,"timeout":"${timeoutMs}ms"`;
  const body = `${start},"query":${queryJson(timestamp, window, clauses)},"aggs":{"t":{"date_histogram":${histogram}${inner}}}}`;
  const result = await searchOnce(context, { target: query.target, body, filterPath: ["aggregations"] }, signal);
  try {
    return readPoints(result.aggregations, request, metrics.nameOf(member));
  } catch (error) {
    if (error instanceof UnexpectedAnswer) throw new BackfeedError("internal", error.message, { cause: error });
    throw error;
  }
}

function readPoints(
  aggregations: Aggregations | undefined,
  { query, window, stepMs }: SeriesRequest,
  name: string,
): readonly SeriesPoint[] {
  const { measure } = query;
  const found = new Map(bucketsOf(aggregations?.["t"]).map((bucket) => [bucket.key, bucket]));
  const points: SeriesPoint[] = [];
  for (let at = window.from; at < window.to; at += stepMs) {
    const step = { from: at, to: Math.min(at + stepMs, window.to) };
    const bucket = found.get(at);
    const measured =
      bucket === undefined
        ? nothing(measure)
        : readMeasure(bucket, { measure, name, events: bucket.doc_count, window: step });
    points.push({ at, value: measured.value });
  }
  return points;
}
