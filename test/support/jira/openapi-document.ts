import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isObject } from "./adf.ts";
import { patch } from "./openapi-patches.ts";
import type { Deployment } from "./options.ts";

type Json = Record<string, unknown>;

export interface OpenApiDocument extends Json {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
}

export interface Subset {
  document: OpenApiDocument;
  /** Every path Atlassian documents (below /rest/api/N), served by the double or not. */
  allPaths: readonly string[];
}

const FILES: Record<Deployment, string> = {
  cloud: "jira-cloud-platform-v3.openapi.2026-04-20.json",
  datacenter: "jira-software-dc-10.3.24.openapi.json",
};

/**
 * Cuts the operations the double serves out of Atlassian's document, with the schemas they reach, and repairs the known defects.
 * `operations` are `<method> <path below /rest/api/N>`. Throws when the document or an operation is not there.
 */
export function loadSubset(options: {
  deployment: Deployment;
  operations: readonly string[];
  directory: string | undefined;
}): Subset {
  const { deployment, operations } = options;
  const full = readDocument(deployment, options.directory);
  const prefix = deployment === "cloud" ? "/rest/api/3" : "/api/2";
  const served = deployment === "cloud" ? prefix : `/rest${prefix}`;
  const paths: OpenApiDocument["paths"] = {};
  for (const operation of operations) {
    const [method = "", path = ""] = operation.split(" ");
    const source = full.paths[`${prefix}${path}`]?.[method];
    if (source === undefined)
      throw new Error(`Jira double: ${FILES[deployment]} has no ${method.toUpperCase()} ${prefix}${path}`);
    const item = paths[`${served}${path}`] ?? {};
    item[method] = strip(source) as (typeof item)[string];
    paths[`${served}${path}`] = item;
  }
  const document: OpenApiDocument = {
    openapi: "3.0.1",
    info: { title: "subset", version: "1" },
    paths,
    components: { schemas: {} },
  };
  const sources = (full["components"] as { schemas: Json }).schemas;
  const schemas = patch(document, reached(paths, sources), deployment);
  (document["components"] as Json)["schemas"] = schemas;
  const allPaths = Object.keys(full.paths)
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length));
  return { document, allPaths };
}

function readDocument(deployment: Deployment, directory: string | undefined): OpenApiDocument {
  const beside = fileURLToPath(new URL("../../../../shared/jira", import.meta.url));
  const chosen = directory ?? process.env["JIRA_OPENAPI_DIR"] ?? beside;
  const file = `${chosen}/${FILES[deployment]}`;
  if (!existsSync(file)) {
    throw new Error(
      `Jira double: Atlassian's OpenAPI document is missing at ${file}. The double does not run unvalidated: put the file there, ` +
        "or name its directory in JIRA_OPENAPI_DIR (or the option openapiDirectory).",
    );
  }
  return JSON.parse(readFileSync(file, "utf8")) as OpenApiDocument;
}

/** The schemas that `from` references, directly and through others. */
function reached(from: unknown, sources: Json): Json {
  const found: Json = {};
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (isObject(node)) {
      for (const [key, value] of Object.entries(node)) {
        if (key !== "$ref" || typeof value !== "string") visit(value);
        else {
          const name = value.split("/").pop() ?? "";
          if (Object.hasOwn(found, name)) continue;
          found[name] = strip(sources[name]);
          visit(found[name]);
        }
      }
    }
  };
  visit(from);
  return found;
}

const PROSE = new Set(["example", "examples", "xml", "externalDocs", "tags", "security", "summary"]);

/** Drops what does not validate; the examples alone hold 727 strings that should be JSON (JIRA.md 3.1). */
function strip(node: unknown, isMap = false): unknown {
  if (Array.isArray(node)) return node.map((item) => strip(item));
  if (!isObject(node)) return node;
  const kept: Json = {};
  for (const [key, value] of Object.entries(node)) {
    if (isMap) kept[key] = strip(value);
    else if (PROSE.has(key) || key.startsWith("x-") || (key === "description" && typeof value === "string")) continue;
    else kept[key] = strip(value, key === "properties" || key === "responses" || key === "content");
  }
  return kept;
}
