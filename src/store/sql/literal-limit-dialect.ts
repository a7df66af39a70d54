import { type LimitNode, SqliteDialect, SqliteQueryCompiler, ValueNode } from "kysely";

/** SQLite plans a query anew at every run when its limit is bound, which takes it many times as long as the answer. */
export class LiteralLimitDialect extends SqliteDialect {
  override createQueryCompiler(): SqliteQueryCompiler {
    return new (class extends SqliteQueryCompiler {
      protected override visitLimit(node: LimitNode): void {
        const { limit } = node;
        const value = ValueNode.is(limit) ? limit.value : undefined;
        if (Number.isSafeInteger(value)) this.append(`limit ${String(value)}`);
        else super.visitLimit(node);
      }
    })();
  }
}
