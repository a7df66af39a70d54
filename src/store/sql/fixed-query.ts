import type { Compilable, CompiledQuery, DialectAdapter, Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/** Stands in a query for what is given each time it runs. */
class Parameter {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Values = Readonly<Record<string, string | number>>;

/**
 * A query of one text, for what is asked at every tick or look: it is built once a connection, since Kysely takes longer
 * to build a query than SQLite to answer it. `build` may hand the values on, and look at none of them.
 */
export function fixedQuery<Row, Given extends Values>(
  build: (database: Kysely<Tables>, values: Given) => Compilable<Row>,
): (database: Kysely<Tables>, values: Given) => Promise<Row[]> {
  const places = new Proxy({} as Given, { get: (_, name) => new Parameter(String(name)) });
  const built = new WeakMap<DialectAdapter, CompiledQuery<Row>>();
  return async (database, values) => {
    const { adapter } = database.getExecutor();
    const query = built.get(adapter) ?? build(database, places).compile();
    built.set(adapter, query);
    const parameters = query.parameters.map((each) => (each instanceof Parameter ? values[each.name] : each));
    return (await database.executeQuery<Row>({ ...query, parameters })).rows;
  };
}
