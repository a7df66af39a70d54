import { asBackfeedError } from "../../support/errors.ts";
import type { Logger } from "../../support/logging.ts";

/**
 * Rows that could not be read back: each is reported once and left out of lists, so that one of them does not stop
 * everything. What would be wrong to overwrite is asked for by `has` before it is written.
 */
export class UnreadableRows {
  readonly #logger: Pick<Logger, "error"> | undefined;
  readonly #known = new Set<string>();

  constructor(logger: Pick<Logger, "error"> | undefined) {
    this.#logger = logger;
  }

  /** The values of those rows that can be read. `unreadable` hears of the others. */
  read<Row, Value>(
    rows: readonly Row[],
    table: string,
    key: (row: Row) => string,
    value: (row: Row) => Value,
    unreadable?: (row: Row) => void,
  ): Value[] {
    const values: Value[] = [];
    for (const row of rows) {
      const id = `${table}/${key(row)}`;
      try {
        values.push(value(row));
        if (this.#known.size > 0) this.#known.delete(id);
      } catch (thrown) {
        this.#report(id, table, key(row), thrown);
        unreadable?.(row);
      }
    }
    return values;
  }

  has(table: string, key: string): boolean {
    return this.#known.has(`${table}/${key}`);
  }

  /** `STORE_ROW_UNREADABLE`: the row named is ignored until it is mended or deleted. */
  #report(id: string, table: string, key: string, thrown: unknown): void {
    if (this.#known.has(id)) return;
    if (this.#known.size < 10_000) this.#known.add(id);
    const error = asBackfeedError(thrown);
    this.#logger?.error("STORE_ROW_UNREADABLE", "a stored row cannot be read and is left out", { table, key }, error);
  }
}
