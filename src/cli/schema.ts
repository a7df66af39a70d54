import { Argument, type Command } from "commander";
import { withCommonOptions } from "./common.ts";
import { type CliContext, exitCodes, type SchemaKind, schemaKinds } from "./ports.ts";

/** `schema KIND`: JSON Schema on stdout, for editors. */
export function addSchema(program: Command, { app, output, finish }: CliContext): void {
  withCommonOptions(program.command("schema"))
    .description("print the JSON Schema of a kind of file, for editors")
    .addArgument(new Argument("<kind>", "which files").choices(schemaKinds))
    .action((kind: SchemaKind) => {
      output.out(`${JSON.stringify(app.jsonSchema(kind), undefined, 2)}\n`);
      finish(exitCodes.done);
    });
}
