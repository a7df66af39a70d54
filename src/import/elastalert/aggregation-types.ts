import { z } from "zod";
import { durationText, named } from "../words.ts";
import { translateFilters } from "./filters.ts";
import { count, decimal, type Settings, text, timedelta } from "./settings.ts";
import { type TypeContext, type TypeParts, timeframeWords } from "./type-parts.ts";

/* Types of ElastAlert that Elasticsearch measures: a metric, or a share of documents. */

/** Of ElastAlert's example configuration, where neither the rule nor a configuration that was read says one. */
const usualBufferMs = 15 * 60_000;
const number = z.number();

/** A match over `max_threshold` or under `min_threshold`; nothing measured is none. */
export function readMetricAggregation(settings: Settings, { bufferMs }: TypeContext): TypeParts | undefined {
  const { notes } = settings;
  const metric = metricMeasure(settings);
  const most = settings.take("max_threshold", number, "a number");
  const least = settings.take("min_threshold", number, "a number");
  if (most === undefined && least === undefined)
    notes.refuse(["type"], "`max_threshold` or `min_threshold` is missing");
  if (metric === undefined || notes.refused) return undefined;
  const floor = minimalDocuments(settings, metric.measure);
  if (most !== undefined) notes.exact(["max_threshold"], `${metric.measure} over ${most}`);
  if (least !== undefined) notes.exact(["min_threshold"], `${metric.measure} under ${least}`);
  return {
    ...metric,
    windowMs: aggregationWindow(settings, bufferMs),
    when: {
      ...(most === undefined ? {} : { above: most }),
      ...(least === undefined ? {} : { below: least }),
      ...floor,
    },
  };
}

/** A match over `max_percentage` or under `min_percentage` of documents that match; none of no documents. */
export function readPercentageMatch(settings: Settings, { bufferMs }: TypeContext): TypeParts | undefined {
  const { notes } = settings;
  const filters = settings.filters("match_bucket_filter");
  const most = reachable(settings, "max_percentage", 100);
  const least = reachable(settings, "min_percentage", 0);
  if (filters.length === 0)
    notes.refuse([], "`match_bucket_filter` is missing: write the filter of the documents that count");
  if (most === undefined && least === undefined)
    notes.refuse(["type"], "a `max_percentage` under 100 or a `min_percentage` over 0 is missing");
  const { filter: bad, refused } = translateFilters(filters, { asWhere: false });
  if (refused !== undefined) notes.refuse(["match_bucket_filter"], refused);
  if (notes.refused) return undefined;
  const floor = denominatorFloor(settings, most);
  if (most !== undefined) notes.exact(["max_percentage"], `over ${most} %`);
  if (least !== undefined) notes.exact(["min_percentage"], `under ${least} %`);
  return {
    windowMs: aggregationWindow(settings, bufferMs),
    measure: "ratio",
    bad,
    when: {
      ...(most === undefined ? {} : { above: `${decimal(most)}%` }),
      ...(least === undefined ? {} : { below: `${decimal(least)}%` }),
      ...floor,
    },
    valueNames: ["percentage", "percentage_formatted"],
    isPercentage: true,
  };
}

/** A percentage to compare with; undefined for the one that no share is beyond, which says nothing. */
function reachable(settings: Settings, key: "max_percentage" | "min_percentage", end: number): number | undefined {
  const written = settings.take(key, number.min(0).max(100), "a number from 0 to 100");
  if (written !== end) return written;
  settings.notes.differs([key], `\`${key}: ${end}\` never matches, and is left out`);
  return undefined;
}

/** A floor on all documents would hide the outage of a quiet route: ours is on those that match. */
function denominatorFloor(settings: Settings, most: number | undefined): Readonly<Record<string, number>> {
  const least = settings.take("min_denominator", count, "a whole number") ?? 0;
  if (least === 0) return {};
  if (most === undefined) {
    settings.notes.differs(
      ["min_denominator"],
      `\`min_denominator: ${least}\` is left out: there is no floor on how many documents there are`,
    );
    return {};
  }
  const bad = Math.floor((least * most) / 100) + 1;
  settings.notes.differs(
    ["min_denominator"],
    `instead of ${least} documents, ${bad} that match are needed, which is more than ${most} % of them: a quiet route that fails wholly counts`,
  );
  return { min_bad_events: bad };
}

function minimalDocuments(settings: Settings, measure: string): Readonly<Record<string, number>> {
  const least = settings.take("min_doc_count", count, "a whole number") ?? 0;
  if (least <= 1) return {};
  if (/^(avg|p\d)/.test(measure)) return { min_events: least };
  settings.notes.differs(
    ["min_doc_count"],
    `\`min_doc_count: ${least}\` is left out: a ${measure} has no floor on its documents`,
  );
  return {};
}

const metricTypes = ["min", "max", "avg", "sum", "cardinality", "value_count", "percentiles"] as const;

export function metricMeasure(
  settings: Settings,
): Pick<TypeParts, "measure" | "conditions" | "valueNames"> | undefined {
  const { notes } = settings;
  const field = settings.need("metric_agg_key", text, "the name of a field");
  const type = settings.need("metric_agg_type", z.enum(metricTypes), `one of ${named(metricTypes)}`);
  const percent = settings.take("percentile_range", number.gt(0).lt(100), "a percentile over 0 and under 100");
  if (settings.raw("metric_agg_script") !== undefined)
    notes.refuse(
      ["metric_agg_script"],
      "a script measures, and no script is carried over: index what it computes as a field",
    );
  if (type === "percentiles" && percent === undefined)
    notes.refuse(["metric_agg_type"], "`percentile_range` is missing: write the percentile");
  if (field === undefined || type === undefined || notes.refused) return undefined;
  const valueNames = [
    "metric_agg_value",
    "metric_agg_value_formatted",
    `metric_${field}_${type}`,
    `metric_${field}_${type}_formatted`,
  ];
  if (type === "percentiles") return { measure: `p${percent}(${field})`, valueNames };
  if (type === "cardinality") return { measure: `unique(${field})`, valueNames };
  if (type !== "value_count") return { measure: `${type}(${field})`, valueNames };
  notes.differs(
    ["metric_agg_type"],
    "documents that have the field are counted, each once; `value_count` counts each of several values",
  );
  return { measure: "count", conditions: { filter: { exists: { field } } }, valueNames };
}

/** What is aggregated at once: a bucket, else the time that is asked for. */
function aggregationWindow(settings: Settings, bufferMs?: number): number {
  const { notes } = settings;
  const bucket = settings.take("bucket_interval", timedelta, timeframeWords);
  const own = settings.take("buffer_time", timedelta, timeframeWords);
  settings.takeAll((key) =>
    ["sync_bucket_interval", "allow_buffer_time_overlap", "use_run_every_query_size"].includes(key),
  );
  const known = bucket ?? own ?? bufferMs;
  if (known === undefined) {
    notes.differs(
      ["type"],
      "neither `bucket_interval` nor `buffer_time` says how much is measured at once: 15 minutes; name ElastAlert's own configuration file, too, and its `buffer_time` is taken",
    );
  } else {
    notes.differs(
      ["type"],
      `the last ${durationText(known)} are measured every minute; ElastAlert measures them once a run`,
    );
  }
  return known ?? usualBufferMs;
}
