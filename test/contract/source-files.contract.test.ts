import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { createFilesSource, type FilesSourceOptions } from "../../src/sources/files/files-source.ts";
import type { Dataset } from "../support/source-dataset.ts";
import type { FilterKind } from "../support/source-expectation.ts";
import { type SourceUnderTest, sourceContract } from "./source.contract.ts";

const filters: Readonly<Record<FilterKind, string>> = {
  slow: "duration_ms >= 250",
  server_error: "http.response.status_code >= 500",
  not_health: "url.path NOT LIKE '/health%'",
  broken: "duration_ms >= AND (",
};

type Write = (dataset: Dataset, folder: string) => Promise<string> | string;

function under(write: Write, options: Partial<FilesSourceOptions> = {}) {
  return async (dataset: Dataset): Promise<SourceUnderTest> => {
    const folder = mkdtempSync(join(tmpdir(), "backfeed-contract-"));
    const path = await write(dataset, folder);
    const source = createFilesSource({
      name: "files",
      tables: { events: { path, timestamp: "@timestamp" } },
      baseDirectory: folder,
      ...options,
    });
    return {
      source,
      target: "events",
      missingTarget: "nowhere",
      filterFor: (kind) => filters[kind],
      serviceFilter: { language: "sql", template: `service.name = {{ labels["service.name"] }}` },
      close: async () => {
        await source.close();
        rmSync(folder, { recursive: true });
      },
    };
  };
}

const lines = (events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

const asNdjson: Write = ({ events }, folder) => {
  const half = Math.floor(events.length / 2);
  writeFileSync(join(folder, "a.ndjson.gz"), gzipSync(lines(events.slice(0, half))));
  writeFileSync(join(folder, "b.ndjson"), lines(events.slice(half)));
  return "*.ndjson*";
};

/** Dotted names instead of nesting; lists stay lists. */
const asFlatNdjson: Write = ({ events }, folder) => {
  writeFileSync(join(folder, "flat.jsonl"), lines(events.map((event) => flat(event))));
  return "flat.jsonl";
};

const asParquet: Write = async (dataset, folder) => {
  const source = join(folder, "all.json");
  writeFileSync(source, lines(dataset.events));
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT * REPLACE (CAST("@timestamp" AS TIMESTAMPTZ) AS "@timestamp") FROM read_json('${source}', format = 'newline_delimited', sample_size = -1))
     TO '${join(folder, "all.parquet")}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  return "all.parquet";
};

function flat(value: object, prefix = ""): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]): [string, unknown][] =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.entries(flat(member, `${prefix}${key}.`))
        : [[`${prefix}${key}`, member]],
    ),
  );
}

// CSV has no lists, of which the dataset is full: test/unit/sources/files/formats.test.ts looks at it.
sourceContract({ name: "files, NDJSON", create: under(asNdjson) });
sourceContract({ name: "files, flat NDJSON", create: under(asFlatNdjson), short: true });
sourceContract({ name: "files, NDJSON read anew each time", create: under(asNdjson, { cacheBytes: 0 }), short: true });
sourceContract({ name: "files, Parquet", create: under(asParquet), short: true });
