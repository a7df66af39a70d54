import { z } from "zod";
import { ownersEditorSchema } from "../config/owners-schema.ts";
import { configSchema } from "../config/schema.ts";
import { ruleFileEditorSchema } from "../rules/schema.ts";
import { ruleTestFileSchema } from "../rules/test-schema.ts";

const schemas = {
  rules: { schema: ruleFileEditorSchema, title: "Backfeed rules" },
  tests: { schema: ruleTestFileSchema, title: "Backfeed rule tests" },
  config: { schema: configSchema, title: "Backfeed service configuration" },
  owners: { schema: ownersEditorSchema, title: "Backfeed owners" },
};

/** JSON Schema (draft 7, which editors' YAML servers understand best) of what people write. */
export function jsonSchema(kind: keyof typeof schemas): unknown {
  const { schema, title } = schemas[kind];
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    reused: "ref",
    override: withExamples,
  });
  return { $schema, title, ...rest };
}

/** Examples are as people write them: of what is read into something else (a duration, a share), zod would leave them out. */
function withExamples({
  zodSchema,
  jsonSchema,
}: Parameters<NonNullable<z.core.JSONSchemaGeneratorParams["override"]>>[0]) {
  const examples = z.globalRegistry.get(zodSchema)?.["examples"];
  if (Array.isArray(examples)) jsonSchema["examples"] ??= examples;
}
