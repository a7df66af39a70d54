import { appendFile, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, type RunningProduct, startProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";

/** Every secret that `serve` is given: none of them may ever be seen again. */
export const canaries = {
  VIEWER_TOKEN: "viewer-canary-3f9a1c77d2e84b05",
  OPERATOR_TOKEN: "operator-canary-88c1d0e5f6a24b93",
  HOOK_TOKEN: "webhook-canary-0b7e44a19c3d52f8",
} as const;

/** Counts failures of one service over an hour. Six-field cron: every second second. */
export function countRule(id: string, more = ""): string {
  return `  - id: ${id}
    title: '{{ labels["service.name"] }}: {{ value | number }} failures'
    why: Orders are lost.
    severity: critical
    schedule: "*/2 * * * * *"
    signal: { source: app, table: app, where: { level: error }, measure: count, by: [service.name], window: 1h }
    when: { above: 3 }
    evidence: { samples: 2, fields: [message] }
${more}`;
}

export const ruleFile = (...rules: readonly string[]) => `apiVersion: backfeed/v1\nrules:\n${rules.join("")}`;

/** A folder for `serve`: growing NDJSON, rules mounted as Kubernetes mounts a ConfigMap, tokens from the environment. */
export async function makeServeProject(): Promise<ProjectFolder & ServeFolder> {
  const project = await makeProjectFolder({
    "config/backfeed.yaml": `apiVersion: backfeed/v1
instance: serve-scenario
server:
  listen: "127.0.0.1:0"
  auth:
    tokens:
      - { name: grafana, role: viewer, token: "\${VIEWER_TOKEN}" }
      - { name: oncall, role: operator, token: "\${OPERATOR_TOKEN}" }
  webhooks: { deploys: { token: "\${HOOK_TOKEN}" } }
rules: ["rules/*.yaml"]
sources:
  app: { type: files, tables: { app: { path: "logs/*.ndjson" } }, delay: 0s }
trackers: { local: { type: local } }
tracker: local
`,
    "config/owners.yaml": "default: { tracker: local }\n",
    "logs/app.ndjson": "",
  });
  let mounted = 0;
  const mountRules = async (text: string) => {
    mounted += 1;
    const version = `..version-${mounted}`;
    await mkdir(join(project.path, "rules", version), { recursive: true });
    await writeFile(join(project.path, "rules", version, "app.yaml"), text);
    // As the kubelet does it: a new link beside the old one, then one rename over it.
    await symlink(version, join(project.path, "rules/..data_tmp"));
    await rename(join(project.path, "rules/..data_tmp"), join(project.path, "rules/..data"));
  };
  const log = (service: string, count: number, message: string) => {
    const event = { "@timestamp": new Date().toISOString(), "service.name": service, level: "error", message };
    return appendFile(join(project.path, "logs/app.ndjson"), `${JSON.stringify(event)}\n`.repeat(count));
  };
  await mountRules(ruleFile(countRule("app-errors")));
  await symlink("..data/app.yaml", join(project.path, "rules/app.yaml"));
  await log("quiet", 1, "one failure is none");
  return { ...project, mountRules, log };
}

export interface ServeFolder {
  /** Swaps the whole folder of rules at once. */
  mountRules(text: string): Promise<void>;
  /** Appends failures of one service, as of now. */
  log(service: string, count: number, message: string): Promise<void>;
}

/** A running `serve` and its API. */
export interface Served {
  readonly process: RunningProduct;
  /** One answer of its API; by default as the viewer. */
  ask(path: string, options?: { token?: string | undefined; method?: "GET" | "POST" }): Promise<Asked>;
  /** A JSON answer; fails unless it is a 200. */
  json<Answer>(path: string): Promise<Answer>;
}

export interface Asked {
  readonly status: number;
  readonly text: string;
}

/** Starts `serve` and waits until it says where it listens. Every answer goes to `said`, to be searched for secrets. */
export async function startServe(project: ProjectFolder, said: string[]): Promise<Served> {
  const process = await startProduct(["serve"], { cwd: project.path, environment: canaries });
  const port = await eventually("serve listens", () => {
    const line = process.err.split("\n").find((each) => each.includes("the API listens"));
    return line === undefined ? undefined : (JSON.parse(line) as { port: number }).port;
  });
  const ask: Served["ask"] = async (path, options = {}) => {
    const token = "token" in options ? options.token : canaries.VIEWER_TOKEN;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: options.method ?? "GET",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    const text = await response.text();
    said.push(`${JSON.stringify([...response.headers])} ${text}`);
    return { status: response.status, text };
  };
  return {
    process,
    ask,
    async json<Answer>(path: string) {
      const { status, text } = await ask(path);
      if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
      return JSON.parse(text) as Answer;
    },
  };
}
