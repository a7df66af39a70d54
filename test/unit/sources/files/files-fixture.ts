import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Labels } from "../../../../src/model/labels.ts";
import type { Answer, Observation, Query, Question } from "../../../../src/model/query.ts";
import { createFilesSource, type FilesSourceOptions } from "../../../../src/sources/files/files-source.ts";
import type { Source } from "../../../../src/sources/source.ts";
import type { Logger } from "../../../../src/support/logging.ts";

export const never = new AbortController().signal;
/** Five minutes around which the events of these tests lie. */
export const window = { from: Date.parse("2026-01-05T10:00:00Z"), to: Date.parse("2026-01-05T10:05:00Z") };

export interface Fixture {
  readonly folder: string;
  readonly logged: { code: string; facts: Readonly<Record<string, unknown>> | undefined }[];
  write(file: string, content: string | Uint8Array): void;
  source(options?: Partial<FilesSourceOptions>): Source;
  close(): Promise<void>;
}

/** A folder of its own with sources over it; both are gone after `close`. */
export function makeFixture(): Fixture {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-files-test-"));
  const sources: Source[] = [];
  const logged: Fixture["logged"] = [];
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (code, _message, facts) => void logged.push({ code, facts }),
    error: (code, _message, facts) => void logged.push({ code, facts }),
    child: () => logger,
  };
  return {
    folder,
    logged,
    write(file, content) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), content);
    },
    source(options = {}) {
      const source = createFilesSource({
        name: "files",
        tables: { log: { path: "log/*.ndjson*", timestamp: "@timestamp" } },
        baseDirectory: folder,
        logger,
        ...options,
      });
      sources.push(source);
      return source;
    },
    async close() {
      for (const source of sources) await source.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function query(parts: Partial<Query> = {}): Query {
  return { target: "log", where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 100, ...parts };
}

export function question(parts: Partial<Query> = {}, mustAnswer: readonly Labels[] = []): Question {
  return { query: query(parts), window, mustAnswer };
}

export async function ask(
  source: Source,
  parts: Partial<Query> = {},
  mustAnswer: readonly Labels[] = [],
): Promise<Answer> {
  const { answers } = await source.answer({ questions: [question(parts, mustAnswer)], probes: [] }, never);
  return answers[0] ?? { kind: "failed", failure: { code: "internal", message: "no answer", retryable: false } };
}

export async function observe(source: Source, parts: Partial<Query> = {}): Promise<readonly Observation[]> {
  const answer = await ask(source, parts);
  if (answer.kind === "failed") throw new Error(`${answer.failure.code}: ${answer.failure.message}`);
  return answer.observations;
}

/** The one value of a question without groups. */
export async function measureOf(source: Source, parts: Partial<Query> = {}): Promise<number | undefined> {
  return (await observe(source, parts))[0]?.value;
}

/** Events at second 0, 1, 2, … of the window, one JSON line each. */
export function ndjson(events: readonly object[]): string {
  return events
    .map((event, place) => {
      const at = new Date(window.from + place * 1_000).toISOString();
      return `${JSON.stringify({ "@timestamp": at, ...event })}\n`;
    })
    .join("");
}
