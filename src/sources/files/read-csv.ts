import type { Engine } from "./engine.ts";
import { castList, castScalar, epochOf, type FieldType, type FoundField } from "./field.ts";
import type { Described, FileReader } from "./reader.ts";
import { quoteList, quoteName } from "./sql.ts";

const types: Readonly<Record<string, FieldType>> = { BIGINT: "BIGINT", DOUBLE: "DOUBLE", BOOLEAN: "BOOLEAN" };

/** Delimiter, quotes and types as DuckDB's sniffer finds them; the first line names the fields; an empty cell is no value. */
export function createCsvReader(engine: Engine): FileReader {
  return {
    async describe(path, signal): Promise<Described> {
      const described = await engine.rows(`DESCRIBE SELECT * FROM ${cells([path], "sample_size = -1")}`, signal);
      const fields = described.map(([name, type]): FoundField => {
        // Dates stay text, so that samples show what the file says.
        const shape = { type: types[String(type)] ?? "VARCHAR", list: false, mixed: false };
        return { name: String(name), shape, access: String(name) };
      });
      const first = quoteName(String(described[0]?.[0] ?? ""));
      const [row] = await engine.rows(
        `SELECT CAST(count(*) AS DOUBLE) FROM (SELECT ${first} FROM ${cells([path], "sample_size = -1, all_varchar = true")})`,
        signal,
      );
      const [all] = await engine.rows(
        `SELECT CAST(count(*) AS DOUBLE) FROM ${cells([path], "sample_size = -1, all_varchar = true, null_padding = true")}`,
        signal,
      );
      return { fields, skippedLines: Math.max(0, Number(all?.[0] ?? 0) - Number(row?.[0] ?? 0)), complete: true };
    },
    select(files, columns, timestamp) {
      const select = columns.map(({ shape, accesses, column }) => {
        const value = quoteName(accesses[0] ?? "");
        return `${shape.list ? castList(`[${value}]`, shape) : castScalar(value, shape)} AS ${column}`;
      });
      const at = timestamp[0] === undefined ? "NULL" : epochOf(quoteName(timestamp[0]));
      const paths = files.map(({ path }) => path);
      const from = cells(paths, "sample_size = -1, all_varchar = true, union_by_name = true");
      return `SELECT ${[`${at} AS ts`, ...select].join(", ")} FROM ${from}`;
    },
  };
}

function cells(paths: readonly string[], options: string): string {
  return `read_csv(${quoteList(paths)}, header = true, ignore_errors = true, ${options})`;
}
