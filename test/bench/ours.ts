import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labelsKey } from "../../src/model/labels.ts";
import type { Batch, BatchAnswer } from "../../src/model/query.ts";
import type { Rule } from "../../src/model/rule.ts";
import { createElasticsearchSource } from "../../src/sources/elasticsearch/elasticsearch-source.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { createWorld } from "../support/world.ts";

export interface OurTick {
  readonly wallMs: number;
  /** The source's part of it: planning the questions, asking them, reading the answers. */
  readonly answerMs: number;
  /** User and system time of this process. */
  readonly cpuMs: number;
  readonly requests: number;
  readonly evaluations: number;
}

export interface Ours {
  /** One whole tick of all rules with its state written to a file. Instants must rise by a minute. */
  tick(at: number): Promise<OurTick>;
  /** What the last tick measured: by rule id, then by `labelsKey`. */
  measured(): ReadonlyMap<string, ReadonlyMap<string, number | undefined>>;
  close(): Promise<void>;
}

/** The real engine over a real Elasticsearch and an SQLite file. */
export async function createOurs(url: string, rules: readonly Rule[]): Promise<Ours> {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-bench-"));
  const source = createElasticsearchSource({
    name: "logs",
    nodes: [url],
    timestamp: "@timestamp",
    timeoutMs: 60_000,
    maxConcurrency: 4,
  });
  let requests = 0;
  let answerMs = 0;
  let last: Awaited<ReturnType<typeof world.tick>> = [];
  const counted = {
    name: source.name,
    samples: source.samples,
    messages: source.messages,
    series: source.series,
    lines: source.lines,
    check: source.check,
    close: source.close,
    answer: async (batch: Batch, signal: AbortSignal): Promise<BatchAnswer> => {
      const start = performance.now();
      const answer = await source.answer(batch, signal);
      answerMs += performance.now() - start;
      requests += answer.requests;
      return answer;
    },
  };
  const world = await createWorld({
    start: "2026-01-01T00:00:00Z",
    rules,
    sources: [counted],
    trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
    store: await openSqlStore({ url: `sqlite:${join(folder, "bench.db")}` }),
    timing: { staleAfterMs: 5 * 60_000 },
  });
  return {
    async tick(at) {
      requests = 0;
      answerMs = 0;
      const cpu = process.cpuUsage();
      const start = performance.now();
      const results = await world.tick(at);
      const wallMs = performance.now() - start;
      const { user, system } = process.cpuUsage(cpu);
      last = results;
      const failed = results.flatMap(({ judged }) => judged.flatMap(({ judgement }) => judgement.failure ?? []));
      if (failed[0] !== undefined) throw new Error(`a query failed: ${failed[0].code} ${failed[0].message}`);
      return {
        wallMs,
        answerMs,
        cpuMs: (user + system) / 1_000,
        requests,
        evaluations: results.flatMap(({ judged }) => judged).length,
      };
    },
    measured: () =>
      new Map(
        last.flatMap(({ judged }) =>
          judged.map(({ judgement: { rule, evaluations } }) => [
            rule.id,
            new Map(evaluations.map(({ labels, verdict }) => [labelsKey(labels), verdict.value])),
          ]),
        ),
      ),
    async close() {
      await source.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
