import type { Engine } from "./engine.ts";
import { castList, castScalar, epochOf, type FieldShape, type FieldType, type FoundField } from "./field.ts";
import type { Described, FileReader } from "./reader.ts";
import { quoteList, quoteName, quoteText } from "./sql.ts";

const types: Readonly<Record<string, FieldType>> = {
  TINYINT: "BIGINT",
  SMALLINT: "BIGINT",
  INTEGER: "BIGINT",
  BIGINT: "BIGINT",
  UTINYINT: "BIGINT",
  USMALLINT: "BIGINT",
  UINTEGER: "BIGINT",
  UBIGINT: "UBIGINT",
  HUGEINT: "HUGEINT",
  FLOAT: "DOUBLE",
  DOUBLE: "DOUBLE",
  BOOLEAN: "BOOLEAN",
};

/** Types and nesting come from the file itself; the access of a field is its SQL expression. */
export function createParquetReader(engine: Engine): FileReader {
  return {
    async describe(path, signal): Promise<Described> {
      const rows = await engine.rows(`DESCRIBE SELECT * FROM ${rowsOf([path])}`, signal);
      const fields: FoundField[] = [];
      let open = rows.map(([name, type]) => ({
        name: String(name),
        expression: quoteName(String(name)),
        type: String(type),
      }));
      // One level of structs per round, told apart by DuckDB itself and not by parsing its type texts.
      for (let depth = 0; open.length > 0 && depth < 8; depth += 1) {
        const next: typeof open = [];
        for (const { name, expression, type } of open) {
          if (!type.startsWith("STRUCT(") || type.endsWith("]")) {
            fields.push({ name, shape: shapeOf(type), access: accessOf(expression, type) });
            continue;
          }
          const members = await engine.rows(`DESCRIBE SELECT unnest(${expression}) FROM ${rowsOf([path])}`, signal);
          for (const [member, memberType] of members) {
            const inner = `struct_extract(${expression}, ${quoteText(String(member))})`;
            next.push({ name: `${name}.${member}`, expression: inner, type: String(memberType) });
          }
        }
        open = next;
      }
      return { fields, skippedLines: 0, complete: true };
    },
    select(files, columns, timestamp) {
      const select = columns.map(({ shape, accesses, column }) => {
        const value = accesses[0] ?? "NULL";
        if (!shape.list) return `${castScalar(value, shape)} AS ${column}`;
        // A file may hold one value where another holds a list.
        const list = `CASE WHEN typeof(${value}) LIKE '%]' THEN TRY_CAST(${value} AS VARCHAR[]) ELSE [CAST(${value} AS VARCHAR)] END`;
        return `${castList(list, shape)} AS ${column}`;
      });
      const at = timestamp[0] === undefined ? "NULL" : epochOf(`CAST(${timestamp[0]} AS VARCHAR)`);
      return `SELECT ${[`${at} AS ts`, ...select].join(", ")} FROM ${rowsOf(files.map(({ path }) => path))}`;
    },
  };
}

function rowsOf(paths: readonly string[]): string {
  return `read_parquet(${quoteList(paths)}, union_by_name = true)`;
}

function shapeOf(type: string): FieldShape {
  const list = type.endsWith("[]");
  const element = list ? type.slice(0, -2) : type;
  const known = element.startsWith("DECIMAL") ? "DOUBLE" : (types[element] ?? "VARCHAR");
  return { type: known, list, mixed: false };
}

/** Instants as ISO 8601 text in UTC with milliseconds, so that every format shows the same. */
function accessOf(expression: string, type: string): string {
  if (!/^TIMESTAMP/.test(type) || type.endsWith("]")) return expression;
  return `strftime(CAST(${expression} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%gZ')`;
}
