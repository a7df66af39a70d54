import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";

/** One event as a line of NDJSON. */
export function eventLine(at: string, service: string, message: string): string {
  return JSON.stringify({ "@timestamp": at, "service.name": service, message });
}

/** A rule that counts events by service over an hour. */
export function servicesRule(id: string, more: { above?: number; signal?: string; rule?: string } = {}): string {
  return `  - id: ${id}
    title: '{{ labels["service.name"] }}: {{ value | number }} events'
    why: Orders are lost.
    severity: warning
    schedule: "0 * * * *"
    signal: { source: app, table: app, measure: count, by: [service.name], window: 1h${more.signal ?? ""} }
    when: { above: ${more.above ?? 3} }
${more.rule ?? ""}`;
}

export const ruleFile = (...rules: readonly string[]) => `apiVersion: backfeed/v1\nrules:\n${rules.join("")}`;

/** A folder with one table of NDJSON and the rules under test. */
export function makeFilesProject(options: {
  readonly lines: readonly string[];
  /** By name under `rules/`. */
  readonly rules: Readonly<Record<string, string>>;
  /** Trackers and `tracker`; default the embedded one. */
  readonly trackers?: string;
}): Promise<ProjectFolder> {
  return makeProjectFolder({
    "config/backfeed.yaml": `apiVersion: backfeed/v1
instance: bad-input
rules: ["rules/*.yaml"]
sources:
  app: { type: files, tables: { app: { path: "logs/*.ndjson" } }, delay: 0s }
${options.trackers ?? "trackers: { local: { type: local } }\ntracker: local"}
`,
    "config/owners.yaml": "default: {}\n",
    "logs/app.ndjson": `${options.lines.join("\n")}\n`,
    ...Object.fromEntries(Object.entries(options.rules).map(([name, text]) => [`rules/${name}`, text])),
  });
}
