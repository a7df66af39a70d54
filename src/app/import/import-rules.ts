import { basename, join, relative, resolve } from "node:path";
import type { ServiceConfig } from "../../config/types.ts";
import { bufferOf, importElastalert, isElastalertConfig } from "../../import/elastalert/import-elastalert.ts";
import { readForeignFile } from "../../import/foreign.ts";
import type { ImportContext, Imported, ImportedRule, ImportFormat, ImportNote } from "../../import/imported.ts";
import { importPrometheus } from "../../import/prometheus/import-prometheus.ts";
import { ruleFileText } from "../../import/rule-file.ts";
import type { MadeTest } from "../../import/rule-test.ts";
import { ruleTestFileText } from "../../import/rule-test-file.ts";
import { importOpenslo } from "../../import/slo/import-openslo.ts";
import { importSloth } from "../../import/slo/import-sloth.ts";
import { freeId, idOf } from "../../import/words.ts";
import { BackfeedError } from "../../support/errors.ts";
import { isMapping } from "../../support/mapping.ts";
import type { YamlDocument } from "../../support/yaml/document.ts";
import type { RuleTestsOptions } from "../rule-tests/rule-tests.ts";
import { layersOf } from "./base-files.ts";
import { type ForeignBytes, readForeignFiles } from "./foreign-files.ts";
import { checkImported, failingTests, makeTests } from "./verify.ts";

export interface ImportRequest {
  readonly format: ImportFormat;
  /** Files, or folders of them. */
  readonly files: readonly string[];
  readonly loaded: RuleTestsOptions["loaded"];
  /** Undefined: the only one of its kind. */
  readonly source: string | undefined;
  readonly owner: string | undefined;
  readonly by: readonly string[] | undefined;
  /** The folder that the result is for; undefined: none yet. */
  readonly out: string | undefined;
  readonly signal: AbortSignal;
  readonly baseDirectory?: string;
}

/** A rule file and the tests beside it. */
export interface MadeFile {
  /** `errors.yaml`, `errors.test.yaml`: names within the folder. */
  readonly rules: { readonly name: string; readonly text: string };
  readonly tests: { readonly name: string; readonly text: string } | undefined;
}

export interface ImportReport {
  readonly made: readonly MadeFile[];
  readonly notes: readonly ImportNote[];
  readonly rules: number;
  readonly source: string;
}

/**
 * Turns other people's rules into ours and their tests. Nothing is written. What is given passes `check` and `test`: a rule that would
 * not is refused, with the fault as the reason. Throws `configuration` for files that cannot be read and for a source or owner that is not there.
 */
export async function importRules(request: ImportRequest): Promise<ImportReport> {
  const { loaded, format } = request;
  const baseDirectory = request.baseDirectory ?? process.cwd();
  const context = contextOf(request, loaded.config);
  const files = await readForeignFiles(request.files, baseDirectory);
  const read = files.map((file) => ({ ...file, ...readForeignFile(file.file, file.bytes) }));
  const bases = format === "elastalert" ? await basesOf(read) : new Set<string>();
  const bufferMs = format === "elastalert" ? bufferOf(read.flatMap(({ documents }) => documents)) : undefined;
  const out = request.out ?? "rules";
  const names = namesFor(files);
  const replaced = new Set(files.map((file) => resolve(baseDirectory, out, `${names.get(file)}.yaml`)));
  const taken = new Set(
    loaded.state.rules
      .filter(({ location }) => request.out !== undefined && !replaced.has(resolve(baseDirectory, location.file)))
      .map(({ id }) => id),
  );
  const made: MadeFile[] = [];
  const notes: ImportNote[] = [];
  let rules = 0;
  for (const [position, file] of read.entries()) {
    const of = files[position];
    const imported = bases.has(file.path)
      ? asBase(file.documents)
      : await convert(format, file, { ...context, bufferMs }, taken);
    const name = (of && names.get(of)) ?? "imported";
    const finished = await finish(imported, { name, out, request, context, baseDirectory });
    notes.push(...[...file.notes, ...finished.notes].sort((a, b) => a.line - b.line || a.column - b.column));
    rules += finished.rules;
    if (finished.made !== undefined) made.push(finished.made);
  }
  return { made, notes, rules, source: context.source };
}

/** Files without a `type` that rules among these import: they are no rules of their own. */
async function basesOf(
  files: readonly (ForeignBytes & { readonly documents: readonly YamlDocument[] })[],
): Promise<ReadonlySet<string>> {
  const rules = await Promise.all(
    files.flatMap(({ path, documents }) => documents.map((document) => layersOf(document, path))),
  );
  const imported = new Set(rules.flatMap(({ bases }) => bases));
  return new Set(
    files
      .filter(({ path, documents }) => imported.has(path) && !documents.some(({ value }) => hasType(value)))
      .map(({ path }) => path),
  );
}

function hasType(value: unknown): boolean {
  return isMapping(value) && value["type"] !== undefined;
}

function asBase(documents: readonly YamlDocument[]): Imported {
  const text = "no rule of its own: read for the rules that import it";
  const notes = documents.map(({ file, locate }) => ({
    kind: "exact" as const,
    file,
    ...locate([], "value"),
    subject: undefined,
    text,
  }));
  return { rules: [], notes };
}

async function convert(
  format: ImportFormat,
  file: ForeignBytes & { readonly documents: readonly YamlDocument[] },
  context: ImportContext,
  taken: Set<string>,
): Promise<Imported> {
  const { documents } = file;
  switch (format) {
    case "prometheus":
      return importPrometheus(documents, context, taken);
    case "sloth":
      return importSloth(documents, context, taken);
    case "openslo":
      return importOpenslo(documents, context, taken);
    case "elastalert": {
      const rules = documents.filter((document) => !isElastalertConfig(document.value));
      return importElastalert(
        await Promise.all(rules.map((document) => layersOf(document, file.path))),
        context,
        taken,
      );
    }
  }
}

interface Finishing {
  readonly name: string;
  readonly out: string;
  readonly request: ImportRequest;
  readonly context: ImportContext;
  readonly baseDirectory: string;
}

/** Rule file and tests of one foreign file, and what is left to say. */
async function finish({ rules, notes: told }: Imported, { name, out, request, context, baseDirectory }: Finishing) {
  const schemas = relative(resolve(baseDirectory, out), resolve(baseDirectory, "config/schemas")).replaceAll("\\", "/");
  const defaults = { owner: context.owner ?? "default", signal: { source: context.source } };
  const textOf = (chosen: readonly ImportedRule[], notes: readonly ImportNote[]) =>
    ruleFileText({ rules: chosen, notes, defaults, schema: `${schemas}/rules.json` });
  const fileName = `${name}.yaml`;
  const file = join(out, fileName);
  const checked = checkImported(textOf(rules, told), file, rules, request.loaded.ruleContext);
  const good = checked.good.map(({ imported }) => imported);
  const kept = new Set(good.map(({ id }) => id));
  // What was said of a rule that is refused after all is about no rule of ours.
  const notes = [
    ...told.map((note) => (note.ruleId === undefined || kept.has(note.ruleId) ? note : unruled(note))),
    ...checked.notes,
  ];
  if (good.length === 0) return { made: undefined, notes, rules: 0 };
  const compiled = checked.good.map(({ rule }) => rule);
  const testName = `${name}.test.yaml`;
  const testText = (tests: readonly MadeTest[]) =>
    ruleTestFileText({ rules: fileName, tests, schema: `${schemas}/tests.json` });
  const wanted = compiled.flatMap(makeTests);
  const text = testText(wanted);
  const failing = await failingTests({ text, file: join(out, testName), tests: wanted, rules: compiled }, request);
  const tests = wanted.filter(({ name: own }) => !failing.has(own));
  const untested = good.filter(({ id }) => !tests.some(({ rule }) => rule === id));
  for (const { id, file: from, line, column, subject } of untested) {
    notes.push({
      kind: "differs",
      file: from,
      line,
      column,
      subject,
      ruleId: id,
      text: "no test that holds could be made of it: write one beside it",
    });
  }
  const made: MadeFile = {
    rules: { name: fileName, text: textOf(good, notes) },
    tests: tests.length === 0 ? undefined : { name: testName, text: testText(tests) },
  };
  return { made, notes, rules: good.length };
}

function unruled({ ruleId: _, ...note }: ImportNote): ImportNote {
  return note;
}

/** Each file's name without its ending, as a name of ours. */
function namesFor(files: readonly ForeignBytes[]): ReadonlyMap<ForeignBytes, string> {
  const taken = new Set<string>();
  return new Map(
    files.map((file) => [file, freeId(idOf(basename(file.path).replace(/\.ya?ml$/i, ""), "imported"), taken)]),
  );
}

const kindOf = {
  elastalert: "elasticsearch",
  prometheus: "prometheus",
  sloth: "prometheus",
  openslo: "prometheus",
} as const;

function contextOf({ format, source, owner, by }: ImportRequest, config: ServiceConfig): ImportContext {
  const kind = kindOf[format];
  const names = Object.entries(config.sources).flatMap(([name, { type }]) => (type === kind ? [name] : []));
  const fault = (message: string) => new BackfeedError("configuration", message);
  const chosen = source ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined) {
    throw fault(
      names.length === 0
        ? `the configuration has no ${kind} source for these rules: add one to \`sources\` of ${config.file}`
        : `the configuration has several ${kind} sources: choose one with --source ${names.join(" | ")}`,
    );
  }
  if (!names.includes(chosen)) {
    throw fault(
      `there is no ${kind} source \`${chosen}\` in ${config.file}: ${names.length === 0 ? "add one" : `write --source ${names.join(" | ")}`}`,
    );
  }
  const owners = new Map(Object.entries(config.owners).map(([name, { project }]) => [name, { project }]));
  if (owner !== undefined && !owners.has(owner)) {
    throw fault(
      `there is no owner \`${owner}\` in the owners file: add it there, or write --owner ${[...owners.keys()].slice(0, 20).join(" | ")}`,
    );
  }
  const found = config.sources[chosen];
  return {
    source: chosen,
    owner,
    owners,
    by,
    timestamp: found?.type === "elasticsearch" ? found.timestamp : undefined,
  };
}
