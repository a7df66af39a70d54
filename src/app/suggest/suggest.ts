import { setImmediate } from "node:timers/promises";
import type { ServiceConfig } from "../../config/types.ts";
import type { ValueUnit } from "../../model/evidence.ts";
import { isInfinite } from "../../model/infinity.ts";
import { limitsFor, type Rule } from "../../model/rule.ts";
import { systemClock } from "../../support/clock.ts";
import { day } from "../../support/duration.ts";
import { BackfeedError } from "../../support/errors.ts";
import { unitOf } from "../../triage/story.ts";
import type { LoadedRules } from "../load-rules.ts";
import { replayRules } from "../offline/replay-rules.ts";
import { type PastGround, withPast } from "../replay/past-ground.ts";
import { TicketTally } from "../replay/ticket-tally.ts";
import { type AnsweredPast, answerPast } from "./answer-past.ts";
import { countEpisodes, type EpisodeCount } from "./judged-past.ts";
import { type Knob, knobsOf } from "./knobs.ts";
import { searchLimits } from "./search-limits.ts";

/** Tickets, returns on them included, in thirty days. */
const wanted = [1, 5, 20] as const;
const monthMs = 30 * day;
/** Less says little of a month. */
const shortHistoryMs = 14 * day;

export type SuggestPhase = "reading" | "searching" | "replaying";

export interface SuggestOptions {
  readonly loaded: LoadedRules & { readonly config: ServiceConfig };
  readonly ruleId: string;
  /** Instants in milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: {
    readonly phase: SuggestPhase;
    readonly done: number;
    readonly of: number;
  }) => void;
}

/** What one limit would have made of the range. */
export interface LimitOutcome {
  readonly limit: number;
  /** Where the rule says how its episodes end: kept in proportion. */
  readonly until: Rule["limits"]["until"];
  readonly tickets: number;
  /** Later episodes on the same tickets. */
  readonly returns: number;
  /** Tickets and returns in thirty days. */
  readonly perMonth: number;
  readonly episodes: number;
  /** 0..1; undefined without episodes. */
  readonly shortShare: number | undefined;
  /** Share of the range in which an episode went on; over 1 where several did. */
  readonly lastedShare: number;
}

export interface KnobSuggestions {
  readonly name: Knob["name"];
  readonly unit: ValueUnit;
  /** Values in the range that the limit is compared with. */
  readonly measured: number;
  readonly now: LimitOutcome;
  /** For 1, 5 and 20 a month; no outcome where even the worst that was measured is too much. */
  readonly suggestions: readonly { readonly perMonth: number; readonly outcome: LimitOutcome | undefined }[];
}

export interface SuggestReport {
  readonly rule: string;
  readonly from: number;
  readonly to: number;
  readonly ticks: number;
  readonly labelSets: number;
  readonly requests: number;
  readonly knobs: readonly KnobSuggestions[];
  readonly caveats: readonly string[];
}

/**
 * The limits of a rule that would have made 1, 5 and 20 tickets a month. Throws BackfeedError: `invalid_request` for a rule or a
 * range that is none, and for a form of `when` that has no such limit; what its source says.
 */
export async function suggest(options: SuggestOptions): Promise<SuggestReport> {
  const { loaded, ruleId, from } = options;
  const to = Math.min(options.to, systemClock.now());
  const rule = loaded.state.rules.find(({ id }) => id === ruleId);
  if (rule === undefined) throw new BackfeedError("invalid_request", `no rule \`${ruleId}\` is loaded`);
  if (to <= from)
    throw new BackfeedError("invalid_request", "the range has no past in it: --from must be before --to and now");
  const knobs = knobsOf(rule);
  if ("refused" in knobs) throw new BackfeedError("invalid_request", `${ruleId}: ${knobs.refused}`);
  return withPast(loaded, (past) => suggestFor(rule, knobs, past, { ...options, to }));
}

async function suggestFor(
  rule: Rule,
  knobs: readonly Knob[],
  past: PastGround,
  options: SuggestOptions,
): Promise<SuggestReport> {
  const { from, to, signal, onProgress } = options;
  const source = past.sources.find(({ name }) => name === rule.signal.source);
  if (source === undefined) throw new BackfeedError("invalid_request", `the source ${rule.signal.source} has no past`);
  const answered = await answerPast({
    rule,
    source,
    timings: past.timings,
    from,
    to,
    signal,
    onProgress: (done, of) => onProgress?.({ phase: "reading", done, of }),
  });
  const reports: KnobSuggestions[] = [];
  const caveats = caveatsOf(rule, to - from);
  let labelSets = 0;
  for (const knob of knobs) {
    const measured = measure(rule, knob, answered, past);
    labelSets = Math.max(labelSets, measured.worst.size);
    if (measured.values.length === 0) {
      caveats.push(`nothing that \`${knob.name}\` could be compared with was measured in the range`);
    }
    const limits = await searchKnob(knob, measured, { rule, answered, past, options });
    const confirmed = await confirm(rule, knob, limits, { answered, past, options });
    reports.push({ ...confirmed, measured: measured.values.length });
  }
  const { ticks, requests } = answered;
  return { rule: rule.id, from, to, ticks: ticks.length, labelSets, requests, knobs: reports, caveats };
}

interface Measured {
  /** How bad each value was, the worst first. */
  readonly values: Float64Array;
  /** By `labelsKey`, the worst of each label set. */
  readonly worst: ReadonlyMap<string, number>;
}

/** All values that the limit is compared with, as the rule's verdicts have them. */
function measure(rule: Rule, knob: Knob, { ticks }: AnsweredPast, { ground }: PastGround): Measured {
  const values: number[] = [];
  const worst = new Map<string, number>();
  const onVerdict = (key: string, { value, reference }: { readonly value?: number; readonly reference?: number }) => {
    if (value === undefined || isInfinite(value)) return;
    const badness = knob.badness(value, reference);
    if (badness === undefined || !Number.isFinite(badness)) return;
    values.push(badness);
    const before = worst.get(key);
    if (before === undefined || badness > before) worst.set(key, badness);
  };
  countEpisodes({ rule, ticks, instance: ground.config.instance, onVerdict });
  return { values: Float64Array.from(values).sort().reverse(), worst };
}

interface Asked {
  readonly rule: Rule;
  readonly answered: AnsweredPast;
  readonly past: PastGround;
  readonly options: SuggestOptions;
}

/** A limit for each wanted number; undefined where even the worst that was measured is too much. */
async function searchKnob(
  knob: Knob,
  { values, worst }: Measured,
  { rule, answered, past, options }: Asked,
): Promise<readonly (number | undefined)[]> {
  if (values.length === 0) return wanted.map(() => undefined);
  const { from, to, signal, onProgress } = options;
  const months = (to - from) / monthMs;
  // What is bad for its missing data, or by limits of its own, is so whatever the limit is.
  const isAsked = rule.noData === "breach" || rule.overrides.length > 0;
  let done = 0;
  const expected = Math.ceil(Math.log2(values.length + 1)) * (wanted.length + 1);
  const count = async (badness: number): Promise<number> => {
    if (signal.aborted) throw new BackfeedError("aborted", "the work was stopped");
    done += 1;
    onProgress?.({ phase: "searching", done: Math.min(done, expected), of: expected });
    await setImmediate();
    const tried = knob.withLimit(knob.limitOf(badness));
    const hot = [...worst].filter(([, most]) => most > badness).map(([key]) => key);
    if (hot.length === 0 && !isAsked) return 0;
    return episodesOf(tried, answered, past, isAsked ? undefined : new Set(hot)).episodes;
  };
  const found = await searchLimits(
    values,
    wanted.map((each) => each * months),
    count,
  );
  return found.map((each) => (each === undefined ? undefined : knob.rounded(knob.limitOf(each.badness))));
}

function episodesOf(
  rule: Rule,
  { ticks }: AnsweredPast,
  { ground }: PastGround,
  only: ReadonlySet<string> | undefined,
): EpisodeCount {
  const { instance } = ground.config;
  return countEpisodes({ rule, ticks, instance, ...(only === undefined ? {} : { only }) });
}

/** Replays the rule with each limit, tickets and all. */
async function confirm(
  rule: Rule,
  knob: Knob,
  limits: readonly (number | undefined)[],
  { answered, past, options }: Omit<Asked, "rule">,
): Promise<Omit<KnobSuggestions, "measured">> {
  const { from, to, signal, onProgress } = options;
  const distinct = [...new Set([knob.current, ...limits.flatMap((limit) => limit ?? [])])];
  const variants = distinct.map((limit) => (limit === knob.current ? rule : knob.withLimit(limit)));
  const tallies = variants.map(() => new TicketTally());
  await replayRules({
    ...past,
    variants: variants.map((variant) => [variant]),
    from,
    to,
    signal,
    onTick: (variant, tick) => tallies[variant]?.add(tick),
    onProgress: ({ done, of }) => onProgress?.({ phase: "replaying", done, of }),
  });
  const outcomes = new Map(
    distinct.map((limit, place): [number, LimitOutcome] => {
      const variant = variants[place] ?? rule;
      const tickets = (tallies[place]?.tickets() ?? []).filter((ticket) => ticket.rule === rule.id);
      const returns = tickets.reduce((total, { episodes }) => total + Math.max(0, episodes.length - 1), 0);
      const { episodes, shortEpisodes, lastedMs } = episodesOf(variant, answered, past, undefined);
      return [
        limit,
        {
          limit,
          until: variant.limits.until,
          tickets: tickets.length,
          returns,
          perMonth: (tickets.length + returns) / ((to - from) / monthMs),
          episodes,
          shortShare: episodes === 0 ? undefined : shortEpisodes / episodes,
          lastedShare: lastedMs / (to - from),
        },
      ];
    }),
  );
  const now = outcomes.get(knob.current);
  if (now === undefined) throw new BackfeedError("internal", "the rule's own limit was not replayed");
  return {
    name: knob.name,
    unit: knob.name === "up" ? "times" : knob.name === "down" ? "ratio" : unitOf(rule.signal.measure),
    now,
    suggestions: wanted.map((perMonth, place) => {
      const limit = limits[place];
      return { perMonth, outcome: limit === undefined ? undefined : outcomes.get(limit) };
    }),
  };
}

function caveatsOf(rule: Rule, rangeMs: number): string[] {
  const { until } = rule.limits;
  const isShort = rangeMs < shortHistoryMs;
  const endsAtALimit = until.above !== undefined || until.below !== undefined;
  const isThreshold = limitsFor(rule, {}).when.form === "threshold";
  return [
    ...(isShort ? ["the history is short: a month may hold what these days did not"] : []),
    ...(rule.overrides.length > 0
      ? ["label sets with `overrides` keep their own limits, and their tickets count"]
      : []),
    ...(endsAtALimit && isThreshold ? ["`until` was moved along, in proportion to the threshold"] : []),
  ];
}
