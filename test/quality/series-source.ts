import { labelsKey } from "../../src/model/labels.ts";
import type { Answer, Observation, Question } from "../../src/model/query.ts";
import type { Source } from "../../src/sources/source.ts";
import { BackfeedError } from "../../src/support/errors.ts";

/** Values by target, by series, by the start of their window. */
export type SeriesValues = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, number>>>;

/** Answers what series say: nothing of them before they begin, also not as the past. */
export function createSeriesSource(name: string, values: SeriesValues): Source {
  const answerOne = ({ query, window }: Question): Answer => {
    const wanted = query.where["series"];
    const observations: Observation[] = [];
    for (const [series, points] of values.get(query.target) ?? []) {
      const value = points.get(window.from);
      if (value === undefined || (wanted !== undefined && !wanted.includes(series))) continue;
      observations.push({ labels: query.by.length === 0 ? {} : { series }, value, events: 1 });
    }
    if (query.by.length === 0 && observations.length === 0) {
      observations.push({ labels: {}, value: undefined, events: 0 });
    }
    return { kind: "answered", observations, notAnswered: 0 };
  };
  return {
    name,
    answer: async ({ questions, probes }) => ({
      answers: questions.map(answerOne),
      probes: probes.map(() => ({ kind: "answered", any: true })),
      requests: 1,
    }),
    async series({ query, labels, window, stepMs }) {
      const points = values.get(query.target)?.get(labels["series"] ?? labelsKey(labels));
      const steps = Math.ceil((window.to - window.from) / stepMs);
      return Array.from({ length: steps }, (_, step) => {
        const at = window.from + step * stepMs;
        return { at, value: points?.get(at) };
      });
    },
    samples: async () => [],
    messages: () => Promise.reject(new BackfeedError("refused", "no message is asked for here")),
    lines: () => Promise.reject(new BackfeedError("refused", "no expression is asked here")),
    check: async () => [],
    close: async () => undefined,
  };
}
