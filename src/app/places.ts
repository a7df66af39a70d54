import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Rule } from "../model/rule.ts";
import { readYaml, type YamlDocument } from "../support/yaml/document.ts";
import { type Fault, formatPath, type Path } from "../support/yaml/fault.ts";

export type Place = Pick<Fault, "file" | "line" | "column" | "path">;

/** Where parts of YAML files stand, as the files are now; each is read once. Of what is not there, the nearest part above it. */
export class Places {
  readonly #baseDirectory: string;
  readonly #documents = new Map<string, YamlDocument | undefined>();

  constructor(baseDirectory: string) {
    this.#baseDirectory = baseDirectory;
  }

  /** Of a key in a file. */
  of(file: string, path: Path): Place {
    const at = this.#document(file)?.locate(path, "key") ?? { line: 1, column: 1 };
    return { file, ...at, path: formatPath(path) };
  }

  /** Of an owner; undefined where the file does not name it. */
  ofOwner(file: string, owner: string | undefined): Place | undefined {
    return owner !== undefined && this.#document(file)?.has([owner]) === true ? this.of(file, [owner]) : undefined;
  }

  /** Of a rule's signal (`part` is its path in the rule: `signal`, or one of `evidence.infra`), or of its own filter. */
  ofSignal({ id, location }: Rule, part: Path, inFilter: boolean): Place {
    const { file, line } = location;
    const document = this.#document(file);
    const found = rulesOf(document?.value).findIndex((entry) => isEntry(entry) && entry["id"] === id);
    if (document === undefined || found < 0) return { file, line, column: 1, path: formatPath(part) };
    const signal = ["rules", found, ...part];
    const filters = ["filter", "bad", "promql"].map((key) => [...signal, key]);
    return this.of(file, (inFilter ? filters.find((path) => document.has(path)) : undefined) ?? signal);
  }

  #document(file: string): YamlDocument | undefined {
    if (!this.#documents.has(file)) this.#documents.set(file, this.#read(file));
    return this.#documents.get(file);
  }

  #read(file: string): YamlDocument | undefined {
    try {
      const yaml = readYaml(file, readFileSync(resolve(this.#baseDirectory, file)));
      return yaml.kind === "parsed" ? yaml.document : undefined;
    } catch {
      // Gone since it was loaded: then its first line has to do.
      return undefined;
    }
  }
}

function rulesOf(value: unknown): readonly unknown[] {
  const rules = isEntry(value) ? value["rules"] : undefined;
  return Array.isArray(rules) ? rules : [];
}

function isEntry(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
