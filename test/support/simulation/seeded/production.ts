import type { Labels } from "../../../../src/model/labels.ts";
import type { ScriptedEvent } from "../../../../src/sources/scripted/event-filter.ts";
import type { Script } from "../../../../src/sources/scripted/script.ts";
import { minute, type Plan, startAt, stepMs } from "./plan.ts";
import { type RuleSketch, templates } from "./rules.ts";

/** Requests of one window when all is well; bad ones come on top. */
const goodRequests = 2;
/** Stands in log lines as a secret does, and must be found nowhere else. */
export const canary = "KANARI7secretvalue0123456789";

/** What a window of one label set really held: a value, or nothing at all. */
export type Level = number | "nothing";

/**
 * What production did, whether anybody saw it or not: the ground truth of a run. It goes by steps of five minutes, each
 * of them one window of every rule.
 */
export class Production {
  readonly #problems: readonly Problem[];
  readonly #rules: ReadonlyMap<string, RuleSketch>;
  readonly #endAt: number;

  constructor(plan: Plan, endAt: number) {
    this.#rules = new Map(plan.rules.map((rule) => [rule.id, rule]));
    this.#endAt = endAt;
    this.#problems = plan.events.flatMap((event) => {
      if (event.kind !== "problem") return [];
      const from = startAt + Math.floor(event.at / stepMs) * stepMs;
      const until = from + Math.ceil((event.minutes * minute) / stepMs) * stepMs;
      const { rule, series, level } = event;
      const turnMs = event.flaps ? (this.#rules.get(rule)?.everyMinutes ?? 5) * minute : undefined;
      return [{ rule, series, from, until, level, turnMs }];
    });
  }

  /** Of the window of five minutes that ends at `to`. The later of two problems at once rules. */
  levelOf(rule: string, series: number, to: number): Level {
    const problem = this.#problems.findLast(
      (each) => each.rule === rule && each.series === series && each.from < to && to <= each.until,
    );
    const sketch = this.#rules.get(rule);
    if (problem !== undefined && !isGoodTurn(problem, to)) return problem.level;
    return sketch === undefined ? "nothing" : templates[sketch.template].well;
  }

  seriesOf(rule: string): readonly Labels[] {
    const sketch = this.#rules.get(rule);
    return sketch === undefined ? [] : templates[sketch.template].series;
  }

  /** What the scripted source is to say, one target a rule. */
  script(): Script {
    const start = startAt - 12 * stepMs;
    const ends = Array.from({ length: (this.#endAt - start) / stepMs + 1 }, (_, index) => start + index * stepMs);
    const targets = [...this.#rules.values()].map(({ id, template }) => {
      if (template === "errors") return [id, { events: ends.flatMap((to) => this.#requests(id, to)) }] as const;
      const series = templates[template].series.map((labels: Labels, index) => ({
        labels,
        value: ends.map((to) => {
          const level = this.levelOf(id, index, to);
          return level === "nothing" ? undefined : level;
        }),
      }));
      return [id, { start, stepMs, series }] as const;
    });
    return Object.fromEntries(targets);
  }

  #requests(rule: string, to: number): ScriptedEvent[] {
    return this.seriesOf(rule).flatMap((labels, index) => {
      const level = this.levelOf(rule, index, to);
      if (level === "nothing") return [];
      return Array.from({ length: goodRequests + level }, (_, request) => ({
        "@timestamp": to - stepMs + request * 1_000,
        ...labels,
        status: request < level ? 503 : 200,
        message: `request ${request} Authorization: Bearer ${canary} <b>h1. {code} [~alice]`,
      }));
    });
  }
}

/** The measure of a level, as the rule's question asks for it. */
export function measured(sketch: RuleSketch, level: Level): { value: number | undefined; badEvents?: number } {
  if (sketch.template !== "errors") {
    // A count of nothing is 0 (RULES.md section 1); nothing else of nothing is anything.
    const counts = templates[sketch.template].measure.kind === "count";
    return { value: level === "nothing" ? (counts ? 0 : undefined) : level };
  }
  if (level === "nothing") return { value: undefined };
  return { value: level / (goodRequests + level), badEvents: level };
}

interface Problem {
  readonly rule: string;
  readonly series: number;
  readonly from: number;
  readonly until: number;
  readonly level: Level;
  readonly turnMs: number | undefined;
}

function isGoodTurn({ turnMs }: Problem, to: number): boolean {
  return turnMs !== undefined && (to / turnMs) % 2 === 0;
}
