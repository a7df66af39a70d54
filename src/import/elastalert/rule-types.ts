import { z } from "zod";
import { day } from "../../support/duration.ts";
import { durationText } from "../words.ts";
import { metricMeasure, readMetricAggregation, readPercentageMatch } from "./aggregation-types.ts";
import { count, decimal, type Settings, text, texts, timedelta, truth } from "./settings.ts";
import { type TypeContext, type TypeParts, timeframeWords } from "./type-parts.ts";

type TypeReader = (settings: Settings, context: TypeContext) => TypeParts | undefined;

const minuteMs = 60_000;
const number = z.number();

/** ElastAlert 2's built-in types (its page "Rule Types and Configuration Options"), each with when it matches. */
export const ruleTypes: Readonly<Record<string, TypeReader>> = {
  any: readAny,
  blacklist: readBlacklist,
  whitelist: readWhitelist,
  change: readChange,
  frequency: readFrequency,
  spike: readSpike,
  spike_aggregation: readSpikeAggregation,
  flatline: readFlatline,
  cardinality: readCardinality,
  metric_aggregation: readMetricAggregation,
  percentage_match: readPercentageMatch,
  new_term: readNewTerm,
};

/** Every document is a match. */
function readAny({ notes }: Settings): TypeParts {
  notes.differs(
    ["type"],
    "every document was a match of its own; here documents of the last minute are one alert, and a ticket for as long as they come",
  );
  return { windowMs: minuteMs, measure: "count", when: { above: 0 } };
}

/** A match when the field has one of the listed values. */
function readBlacklist(settings: Settings): TypeParts | undefined {
  const field = compareKey(settings);
  const values = listed(settings, "blacklist");
  if (field === undefined || values === undefined) return undefined;
  settings.notes.differs(
    ["type"],
    "every such document was a match of its own; here those of the last minute are one alert",
  );
  return { windowMs: minuteMs, measure: "count", when: { above: 0 }, conditions: { where: { [field]: values } } };
}

/** A match when the field has none of the listed values; without the field, too, unless `ignore_null`. */
function readWhitelist(settings: Settings): TypeParts | undefined {
  const field = compareKey(settings);
  const values = listed(settings, "whitelist");
  const ignoreNull = settings.need("ignore_null", truth, "true or false");
  if (field === undefined || values === undefined || ignoreNull === undefined) return undefined;
  settings.notes.differs(
    ["type"],
    `every such document was a match of its own; here those of the last minute are one alert. ${field} must be a field that compares exactly`,
  );
  const others = {
    bool: { ...(ignoreNull ? { filter: [{ exists: { field } }] } : {}), must_not: [{ terms: { [field]: values } }] },
  };
  return { windowMs: minuteMs, measure: "count", when: { above: 0 }, conditions: { filter: others } };
}

/** A match when the field of two documents of one query_key in a row differs, the older at most `timeframe` before. */
function readChange(settings: Settings): TypeParts | undefined {
  const field = compareKey(settings);
  settings.need("query_key", texts, "the field whose values are followed");
  const ignoreNull = settings.need("ignore_null", truth, "true or false");
  const windowMs = settings.take("timeframe", timedelta, timeframeWords);
  if (windowMs === undefined) {
    settings.notes.refuse(
      ["type"],
      "a change without `timeframe` has no end to look back to: write the longest time between two documents, and import it again",
    );
  }
  if (field === undefined || windowMs === undefined) return undefined;
  if (ignoreNull === false) settings.notes.differs(["ignore_null"], "a document without the field is no other value");
  settings.notes.differs(
    ["type"],
    `a change is two values of ${field} within ${durationText(windowMs)}: a change back is none, and it lasts until the old value is that old`,
  );
  return { windowMs, measure: `unique(${field})`, when: { above: 1 } };
}

/** A match when `num_events` documents lie within `timeframe`. */
function readFrequency(settings: Settings): TypeParts | undefined {
  const events = settings.need("num_events", z.int().min(1), "a whole number from 1");
  const windowMs = settings.need("timeframe", timedelta, timeframeWords);
  if (events === undefined || windowMs === undefined) return undefined;
  sayWindows(settings);
  settings.notes.exact(["num_events"], `${events} or more within ${durationText(windowMs)}`);
  return { windowMs, measure: "count", when: { above: events - 1 } };
}

/** `cur >= ref * spike_height`, or `cur <= ref / spike_height`, of two windows in a row. */
function readSpike(settings: Settings): TypeParts | undefined {
  const field = settings.take("field_value", text, "the name of a field");
  if (field !== undefined)
    settings.notes.differs(
      ["field_value"],
      "each value was cut to a whole number before the mean was taken; here it is not",
    );
  return readSpikeOf(settings, field === undefined ? "count" : `avg(${field})`, ["spike_count"]);
}

function readSpikeAggregation(settings: Settings): TypeParts | undefined {
  const measure = metricMeasure(settings);
  return measure === undefined
    ? undefined
    : readSpikeOf(settings, measure.measure, ["spike_count"], measure.conditions);
}

/** So close to the factor that no two counts under a thousand million lie between. */
const nearly = 1e-9;

function readSpikeOf(
  settings: Settings,
  measure: string,
  valueNames: readonly string[],
  conditions?: TypeParts["conditions"],
): TypeParts | undefined {
  const { notes } = settings;
  const height = settings.need("spike_height", number.gt(0), "a factor such as 3");
  const type = settings.need("spike_type", z.enum(["up", "down", "both"]), "`up`, `down` or `both`");
  const windowMs = settings.need("timeframe", timedelta, timeframeWords);
  const current = settings.take("threshold_cur", number, "a number") ?? 0;
  const reference = settings.take("threshold_ref", number, "a number") ?? 0;
  if (height === undefined || type === undefined || windowMs === undefined) return undefined;
  if (height <= 1) {
    notes.refuse(["spike_height"], `\`spike_height: ${height}\` matches without any change: write a factor over 1`);
    return undefined;
  }
  const up = type === "down" ? {} : { up: `${decimal(height * (1 - nearly))}x` };
  const down = type === "up" ? {} : { down: Number((1 - (1 / height) * (1 + nearly)).toPrecision(15)) };
  const floor = floorOf(type, current, reference, height, settings);
  notes.exact(["spike_height"], `${height} times or more against the ${durationText(windowMs)} before`);
  notes.differs(
    ["type"],
    "after 0 nothing is a fall, and a rise only when the source had data then; ElastAlert matches 0 after 0, too",
  );
  const onNewData = settings.take("alert_on_new_data", truth, "true or false") ?? false;
  const firstWindow = "a new value of `query_key` is compared with 0 from its first window on";
  if (onNewData) notes.exact(["alert_on_new_data"], firstWindow);
  else if (settings.has("query_key"))
    notes.differs(
      ["query_key"],
      `${firstWindow}; ElastAlert first waits for two \`timeframe\`s of it: a \`floor\` in \`change\` keeps small ones out`,
    );
  sayWindows(settings);
  return {
    windowMs,
    measure,
    when: { change: { versus: "previous", ...up, ...down, ...(floor === 0 ? {} : { floor }) } },
    valueNames,
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** Ours is on the larger of the two windows: after a rise the current one, after a fall the one before. */
function floorOf(
  type: "up" | "down" | "both",
  current: number,
  reference: number,
  height: number,
  { notes }: Settings,
): number {
  if (type === "both") {
    if (current > 0 || reference > 0)
      notes.differs(
        ["type"],
        "`threshold_cur` and `threshold_ref` were each a floor of their own; here the larger of the two windows must reach the larger of them",
      );
    return Math.max(current, reference);
  }
  const own = type === "up" ? current : reference;
  const other = type === "up" ? reference : current;
  const otherKey = type === "up" ? "threshold_ref" : "threshold_cur";
  // A value that is the factor further from one that reached its floor is that far itself.
  const floor = Math.max(own, other * height);
  if (other > 0)
    notes.differs(
      [otherKey],
      `\`${otherKey}: ${other}\` was a floor of its own window; here the larger of the two windows must reach ${floor}`,
    );
  return floor;
}

/** A match when fewer than `threshold` documents lie within `timeframe`. */
function readFlatline(settings: Settings): TypeParts | undefined {
  const { notes } = settings;
  const threshold = settings.need("threshold", z.int().min(0), "a whole number from 1");
  const windowMs = settings.need("timeframe", timedelta, timeframeWords);
  if (threshold === 0) notes.refuse(["threshold"], "`threshold: 0` never matches: nothing is fewer than none");
  if (threshold === undefined || threshold === 0 || windowMs === undefined) return undefined;
  notes.exact(["threshold"], `fewer than ${threshold} within ${durationText(windowMs)}`);
  if (settings.has("query_key"))
    notes.differs(
      ["query_key"],
      "a value that was seen is expected for 7 d, after a restart, too; ElastAlert expects it until it is restarted",
    );
  else
    notes.differs(
      ["type"],
      "nothing at all is bad from the first evaluation on; ElastAlert waits for one `timeframe` first",
    );
  if (settings.take("forget_keys", truth, "true or false") === true)
    notes.differs(
      ["forget_keys"],
      "a value that reports nothing is one alert until it reports again, or its episode ends after `keep_for`",
    );
  return { windowMs, measure: "count", when: { below: threshold } };
}

/** A match over `max_cardinality` or under `min_cardinality` distinct values within `timeframe`. */
function readCardinality(settings: Settings): TypeParts | undefined {
  const { notes } = settings;
  const field = settings.need("cardinality_field", text, "the name of a field");
  const windowMs = settings.need("timeframe", timedelta, timeframeWords);
  const most = settings.take("max_cardinality", count, "a whole number");
  const least = settings.take("min_cardinality", count, "a whole number");
  if (most === undefined && least === undefined)
    notes.refuse(["type"], "`max_cardinality` or `min_cardinality` is missing");
  if (field === undefined || windowMs === undefined || notes.refused) return undefined;
  if (most !== undefined)
    notes.exact(["max_cardinality"], `more than ${most} distinct values of ${field} within ${durationText(windowMs)}`);
  if (least !== undefined)
    notes.differs(
      ["min_cardinality"],
      `fewer than ${least} is bad from the first evaluation on; ElastAlert waits for one \`timeframe\` after a first document`,
    );
  return {
    windowMs,
    measure: `unique(${field})`,
    when: { ...(most === undefined ? {} : { above: most }), ...(least === undefined ? {} : { below: least }) },
  };
}

/** A match at the first document with a value that none had within `terms_window_size`; several fields in one are one value. */
function readNewTerm(settings: Settings): TypeParts | undefined {
  const { notes } = settings;
  const key = settings.has("fields") ? "fields" : "query_key";
  const fields = settings.need(
    key,
    z.union([texts, z.array(z.array(text).min(1)).min(1)]),
    "a field, or a list of them",
  );
  const learnedMs = settings.take("terms_window_size", timedelta, timeframeWords) ?? 30 * day;
  settings.takeAll((name) => ["window_step_size", "terms_size", "use_keyword_postfix"].includes(name));
  const [one, ...others] = fields ?? [];
  if (others.length > 0) notes.refuse([key], "each of several fields is followed by itself: write a rule for each");
  const together = one === undefined ? [] : [one].flat();
  const field = together.at(-1);
  if (field === undefined || notes.refused) return undefined;
  if (settings.take("alert_on_missing_field", truth, "true or false") === true) {
    notes.differs(
      ["alert_on_missing_field"],
      "documents without the field are in no alert: write a rule that counts them",
    );
  }
  notes.exact([key], `a value of ${together.join(" and ")} that was not there for ${durationText(learnedMs)}`);
  notes.differs(
    ["type"],
    "it was a match at first sight; here it is an alert while it occurs, until a day after first sight",
  );
  return {
    windowMs: minuteMs,
    measure: "count",
    when: { new: { field, learned_from: durationText(learnedMs) } },
    by: together,
  };
}

/** ElastAlert's windows end at any document; ours where the schedule says. */
function sayWindows({ notes }: Settings): void {
  notes.differs(
    ["timeframe"],
    "windows end at the schedule's instants, every minute; ElastAlert's end at any document, so what fills nearly a whole one may fall between two here",
  );
}

function compareKey(settings: Settings): string | undefined {
  const [field, ...others] = settings.need("compare_key", texts, "the name of a field") ?? [];
  if (others.length > 0) {
    settings.notes.refuse(["compare_key"], "several compare_keys are compared as one: write a rule for each");
    return undefined;
  }
  return field;
}

function listed(settings: Settings, key: string): readonly string[] | undefined {
  const values = settings.need(key, z.array(text).min(1), "a list of values");
  const file = values?.find((value) => value.startsWith("!file"));
  if (file === undefined) return values;
  settings.notes.refuse(
    [key],
    `${JSON.stringify(file)} names a file of that machine, and is not read: write its lines as the list`,
  );
  return undefined;
}
