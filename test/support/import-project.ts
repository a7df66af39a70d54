import { fileURLToPath } from "node:url";
import { type ImportReport, type ImportRequest, importRules } from "../../src/app/import/import-rules.ts";
import { loadRules } from "../../src/app/load-rules.ts";
import type { ImportFormat } from "../../src/import/imported.ts";
import { makeProjectFolder, type ProjectFolder } from "./project-folder.ts";

/** A project that foreign rules are brought into: logs, metrics, and an owner who files in PAY. */
const importProject = {
  "config/backfeed.yaml": `apiVersion: backfeed/v1
instance: import
sources:
  logs: { type: elasticsearch, nodes: ["http://127.0.0.1:9200"] }
  metrics: { type: prometheus, url: "http://127.0.0.1:9090" }
trackers: { local: { type: local } }
tracker: local
`,
  "config/owners.yaml": "default: {}\npayments: { project: PAY }\n",
};

/** Foreign files, with what they become beside them. */
export const foreignFiles = fileURLToPath(new URL("../golden/import/", import.meta.url));

export function importFolder(): Promise<ProjectFolder> {
  return makeProjectFolder(importProject);
}

/** As `backfeed import` does it; nothing is written. */
export async function importInto(
  folder: string,
  format: ImportFormat,
  files: readonly string[],
  more: Partial<ImportRequest> = {},
): Promise<ImportReport> {
  const loaded = await loadRules({ file: "config/backfeed.yaml", baseDirectory: folder, environment: {} });
  const { config } = loaded;
  if (config === undefined) throw new Error(JSON.stringify(loaded.faults));
  return importRules({
    format,
    files,
    loaded: { ...loaded, config },
    source: undefined,
    owner: undefined,
    by: undefined,
    out: "rules",
    signal: new AbortController().signal,
    baseDirectory: folder,
    ...more,
  });
}
