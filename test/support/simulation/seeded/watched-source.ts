import type { Answer, Batch, BatchAnswer, Query, QueryFailure, Question } from "../../../../src/model/query.ts";
import { isZeroOfNothing } from "../../../../src/model/query.ts";
import { createScriptedSource } from "../../../../src/sources/scripted/scripted-source.ts";
import type { Source } from "../../../../src/sources/source.ts";
import type { Production } from "./production.ts";
import type { Time } from "./time.ts";

/** What stands between the program and production; changed by the events of a run. */
export class SourceWeather {
  outage: QueryFailure["code"] | undefined;
  /** Rules by id whose questions get a partial answer, or are refused. */
  readonly partial = new Set<string>();
  readonly refused = new Set<string>();
  /** Nothing new is ingested. */
  stalled = false;
  slowMs = 0;
  throws = 0;

  clear(): void {
    this.outage = undefined;
    this.partial.clear();
    this.refused.clear();
    this.stalled = false;
    this.slowMs = 0;
    this.throws = 0;
  }
}

/** How a question about a window was answered: `blind` is an answer from a source that has nothing of it. */
export type Sight = "seen" | "blind" | "failed";

export interface SourceParts {
  readonly production: Production;
  readonly weather: SourceWeather;
  readonly time: Time;
  /** Told of every question, by the end of its window, and of how it was answered. */
  readonly onAnswer: (query: Query, to: number, sight: Sight) => void;
}

/** The scripted source, and the weather over it. */
export function createWatchedSource({ production, weather, time, onAnswer }: SourceParts): Source {
  const scripted = createScriptedSource({ name: "logs", script: production.script() });
  const sightOf = (target: string, to: number): Sight => {
    if (weather.outage !== undefined || weather.partial.has(target) || weather.refused.has(target)) return "failed";
    return weather.stalled || to > time.now() ? "blind" : "seen";
  };
  return {
    ...scripted,
    async answer(batch: Batch, signal): Promise<BatchAnswer> {
      if (weather.slowMs > 0) await new Promise<void>((resolve) => time.after(weather.slowMs, resolve));
      if (weather.throws > 0) {
        weather.throws -= 1;
        for (const { query, window } of batch.questions) onAnswer(query, window.to, "failed");
        throw new Error("the source broke its promise never to throw");
      }
      const { answers, probes, requests } = await scripted.answer(batch, signal);
      return {
        requests,
        answers: batch.questions.map((question, index) => {
          const { query, window } = question;
          const sight = sightOf(query.target, window.to);
          onAnswer(query, window.to, sight);
          if (sight === "failed") return { kind: "failed", failure: failureOf(query.target, weather) };
          return sight === "blind" ? nothingOf(question) : (answers[index] ?? nothingOf(question));
        }),
        probes: batch.probes.map((probe, index) => {
          const sight = sightOf(probe.target, probe.window.to);
          if (sight === "failed") return { kind: "failed", failure: failureOf(probe.target, weather) };
          if (sight === "blind") return { kind: "answered", any: false };
          return probes[index] ?? { kind: "answered", any: false };
        }),
      };
    },
  };
}

/** What an index in which nothing lies answers. */
function nothingOf({ query }: Question): Answer {
  const value = isZeroOfNothing(query.measure) ? 0 : undefined;
  return {
    kind: "answered",
    observations: query.by.length === 0 ? [{ labels: {}, value, events: 0 }] : [],
    notAnswered: 0,
  };
}

function failureOf(target: string, weather: SourceWeather): QueryFailure {
  const code = weather.outage ?? (weather.refused.has(target) ? "refused" : "partial");
  return { code, message: `the simulation says ${code}`, retryable: code !== "refused" };
}
