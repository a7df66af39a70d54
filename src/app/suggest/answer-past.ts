import type { SourceTiming } from "../../detect/plan.ts";
import { planTick } from "../../detect/plan.ts";
import { previousTick } from "../../detect/schedule.ts";
import type { Rule } from "../../model/rule.ts";
import type { Source } from "../../sources/source.ts";
import { BackfeedError } from "../../support/errors.ts";
import { instantsBetween } from "../offline/instants.ts";
import { createPastSource, failIfNotThePast } from "../offline/past-source.ts";
import { planHistory } from "../offline/plan-history.ts";
import type { AnsweredTick } from "./judged-past.ts";

/** Ticks that are read at once: a day of minutes. */
const ticksAtOnce = 1_440;
/** Values that are held in memory at once: about a gigabyte with all that is around them. */
const mostObservations = 4_000_000;

export interface AnswerPastOptions {
  readonly rule: Rule;
  readonly source: Source;
  readonly timings: ReadonlyMap<string, SourceTiming>;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, of: number) => void;
}

export interface AnsweredPast {
  readonly ticks: readonly AnsweredTick[];
  readonly requests: number;
}

/** What a rule's source answers at every tick of a range. Throws BackfeedError, `limit` for more than can be held. */
export async function answerPast(options: AnswerPastOptions): Promise<AnsweredPast> {
  const { rule, timings, from, to, signal, onProgress } = options;
  const past = createPastSource(options.source);
  const instants = instantsBetween([rule], from, to);
  const ticks: AnsweredTick[] = [];
  let held = 0;
  for (let start = 0; start < instants.length; start += ticksAtOnce) {
    const part = instants.slice(start, start + ticksAtOnce).map(({ at }) => ({ at, rules: [rule] }));
    const batch = planHistory(part, timings).get(rule.signal.source);
    past.use(batch === undefined ? [] : [await past.read(batch, signal)]);
    for (const { at } of part) {
      const newRules = new Set(ticks.length === 0 ? [rule.id] : []);
      const [plan] = planTick({ tick: at, rules: [rule], timings, alerts: new Map(), newRules });
      const [planned] = plan?.rules ?? [];
      if (plan === undefined || planned === undefined) continue;
      const answer = await past.source.answer(plan.batch, signal);
      ticks.push({ tick: { at, previousAt: previousTick(rule.schedule, at) }, planned, answer });
      for (const each of answer.answers) held += each.kind === "answered" ? each.observations.length : 0;
    }
    failIfNotThePast(new Map([[rule.signal.source, past]]), [rule]);
    if (signal.aborted) throw new BackfeedError("aborted", "the work was stopped");
    if (held > mostObservations) {
      throw new BackfeedError(
        "limit",
        "the range has more values than can be looked at together: choose a later --from",
      );
    }
    onProgress(ticks.length, instants.length);
  }
  const { batched, single } = past.cost();
  return { ticks, requests: batched + single };
}
