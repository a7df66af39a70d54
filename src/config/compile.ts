import { resolve } from "node:path";
import { defaultPriorityScale, type PriorityScale } from "../model/priority.ts";
import { wantedLabels } from "../rules/compile.ts";
import { deepFreeze } from "../support/deep-freeze.ts";
import { day, hour, minute, second } from "../support/duration.ts";
import type { OwnersInput } from "./owners-schema.ts";
import type { ConfigInput } from "./schema.ts";
import type {
  AlertmanagerConfig,
  ElasticsearchSourceConfig,
  JiraAuth,
  Owners,
  ServiceConfig,
  SourceAuth,
  SourceConfig,
  Tls,
  TrackerConfig,
} from "./types.ts";

/** Applied where the configuration is silent (DESIGN.md section 8). */
export const configDefaults = {
  store: "sqlite:./var/backfeed.db",
  listen: "127.0.0.1:8080",
  rules: ["rules/**/*.yaml"],
  owners: "config/owners.yaml",
  timestamp: "@timestamp",
  timeoutMs: 20 * second,
  maxConcurrency: 4,
  staleAfterMs: 5 * minute,
  delayMs: { elasticsearch: 30 * second, prometheus: 15 * second, files: 0 },
  labelPrefix: "backfeed",
  issueType: "Bug",
  requestsPerMinute: 600,
  localProject: "LOCAL",
  wontDo: ["Won't Do", "Won't Fix", "Declined", "Duplicate", "Cannot Reproduce"],
  limits: { newTicketsPerRun: 10, newTicketsPerDay: 50, newTicketsPerDayPerProject: 25, storm: 20 },
  catchUpMs: hour,
  alertmanager: {
    severityLabel: "severity",
    ownerLabels: ["owner", "team"],
    // Of kube-prometheus: the first always fires so that its absence is seen, the second mutes others. The last is Grafana's button.
    ignore: [
      { alertname: ["Watchdog", "InfoInhibitor", "DeadMansSwitch"] },
      { alertname: ["TestAlert"], instance: ["Grafana"] },
    ],
    repeatIntervalMs: 4 * hour,
  },
  retention: { ticksMs: 3 * day, evidenceMs: 90 * day, outboxMs: 90 * day, eventsMs: 400 * day, deploysMs: 90 * day },
} as const;

/** Gives the configuration of checked input. Relative paths are relative to `baseDirectory`, the working directory. */
export function compileConfig(
  input: ConfigInput,
  owners: OwnersInput,
  place: { readonly file: string; readonly baseDirectory: string },
): ServiceConfig {
  const { host, port } = listenAddress(input.server?.listen ?? configDefaults.listen);
  const inBase = (path: string) => resolve(place.baseDirectory, path);
  return deepFreeze({
    ...place,
    instance: input.instance,
    instanceFormerly: input.instance_formerly ?? [],
    mode: input.mode ?? "file",
    store: { kind: "sqlite", path: storePath(input.store ?? configDefaults.store, inBase) },
    server: {
      host,
      port,
      publicUrl: input.server?.public_url?.replace(/\/+$/, ""),
      trustedProxies: input.server?.trusted_proxies ?? [],
      tokens: input.server?.auth?.tokens ?? [],
      webhooks: { alertmanager: compileAlertmanager(input), deploys: input.server?.webhooks?.deploys },
    },
    rules: input.rules ?? configDefaults.rules,
    owners: compileOwners(owners, input.tracker),
    ownersFile: input.owners ?? configDefaults.owners,
    sources: mapValues(input.sources, (source) => compileSource(source, inBase)),
    trackers: mapValues(input.trackers, (tracker) => compileTracker(tracker, inBase)),
    tracker: input.tracker,
    limits: {
      newTicketsPerRun: input.limits?.new_tickets_per_run ?? configDefaults.limits.newTicketsPerRun,
      newTicketsPerDay: input.limits?.new_tickets_per_day ?? configDefaults.limits.newTicketsPerDay,
      newTicketsPerDayPerProject:
        input.limits?.new_tickets_per_day_per_project ?? configDefaults.limits.newTicketsPerDayPerProject,
      storm: input.limits?.storm ?? configDefaults.limits.storm,
    },
    catchUpMs: input.catch_up ?? configDefaults.catchUpMs,
    priority: priorityScale(input.priority),
    maintenance: (input.maintenance ?? []).map(
      ({ name, schedule, timezone, duration, rules = [], where = {}, reason }) => ({
        name,
        schedule: { cron: schedule.trim().split(/\s+/).join(" "), timezone: timezone ?? "UTC" },
        durationMs: duration,
        rules,
        where: wantedLabels(where),
        reason,
      }),
    ),
    redaction: { patterns: input.redaction?.patterns ?? [], emails: input.redaction?.emails ?? false },
    links: input.links ?? {},
    retention: {
      ticksMs: input.retention?.ticks ?? configDefaults.retention.ticksMs,
      evidenceMs: input.retention?.evidence ?? configDefaults.retention.evidenceMs,
      outboxMs: input.retention?.outbox ?? configDefaults.retention.outboxMs,
      eventsMs: input.retention?.events ?? configDefaults.retention.eventsMs,
      deploysMs: input.retention?.deploys ?? configDefaults.retention.deploysMs,
    },
  });
}

function compileAlertmanager({ server, sources }: ConfigInput): AlertmanagerConfig | undefined {
  const input = server?.webhooks?.alertmanager;
  if (input === undefined) return undefined;
  const { alertmanager: defaults } = configDefaults;
  const metrics = Object.keys(sources).filter((name) => sources[name]?.type === "prometheus");
  return {
    token: input.token,
    severityLabel: input.severity_label ?? defaults.severityLabel,
    severities: Object.fromEntries(
      Object.entries(input.severities ?? {}).map(([word, severity]) => [word.trim().toLowerCase(), severity]),
    ),
    ownerLabels: input.owner_labels ?? defaults.ownerLabels,
    group: input.group,
    ignore: (input.ignore ?? defaults.ignore).map(wantedLabels),
    repeatIntervalMs: input.repeat_interval ?? defaults.repeatIntervalMs,
    charts: input.charts ?? (metrics.length === 1 ? metrics[0] : undefined),
  };
}

/** `127.0.0.1:8080`, `[::1]:8080`, `:8080` (all addresses). */
export function listenAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(":");
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host: host === "" ? "0.0.0.0" : host, port: Number(listen.slice(colon + 1)) };
}

/** The path of `sqlite:PATH`; `:memory:` stays. */
function storePath(store: string, inBase: (path: string) => string): string {
  const path = store.slice("sqlite:".length);
  return path === ":memory:" ? path : inBase(path);
}

function compileSource(source: ConfigInput["sources"][string], inBase: (path: string) => string): SourceConfig {
  const common = {
    delayMs: source.delay ?? configDefaults.delayMs[source.type],
    timeoutMs: source.timeout ?? configDefaults.timeoutMs,
    maxConcurrency: source.max_concurrency ?? configDefaults.maxConcurrency,
  };
  // Files are often a copy of the past: their freshness is judged only when somebody asks for it.
  const fallbackStale = source.type === "files" ? undefined : configDefaults.staleAfterMs;
  const staleAfterMs = source.stale_after === 0 ? undefined : (source.stale_after ?? fallbackStale);
  switch (source.type) {
    case "files":
      return {
        type: source.type,
        tables: mapValues(source.tables, (table) => ({
          path: inBase(table.path),
          timestamp: table.timestamp ?? configDefaults.timestamp,
          format: table.format,
        })),
        ...common,
        staleAfterMs,
      };
    case "prometheus":
      return {
        type: source.type,
        url: source.url.replace(/\/+$/, ""),
        auth: sourceAuth(source.auth),
        tenant: source.tenant,
        tls: compileTls(source.tls, inBase),
        ...common,
        staleAfterMs,
      };
    case "elasticsearch": {
      const compiled: ElasticsearchSourceConfig = {
        type: source.type,
        nodes: source.nodes.map((node) => node.replace(/\/+$/, "")),
        auth: sourceAuth(source.auth),
        timestamp: source.timestamp ?? configDefaults.timestamp,
        tls: compileTls(source.tls, inBase),
        ...common,
        staleAfterMs,
      };
      return compiled;
    }
  }
}

type SourceAuthInput = Extract<ConfigInput["sources"][string], { type: "elasticsearch" }>["auth"];

function sourceAuth(auth: SourceAuthInput): SourceAuth {
  if (auth?.api_key !== undefined) return { kind: "api_key", apiKey: auth.api_key };
  if (auth?.token !== undefined) return { kind: "bearer", token: auth.token };
  if (auth?.user !== undefined && auth.password !== undefined) {
    return { kind: "basic", user: auth.user, password: auth.password };
  }
  return { kind: "none" };
}

type JiraInput = Extract<ConfigInput["trackers"][string], { type: "jira" }>;

function compileTracker(tracker: ConfigInput["trackers"][string], inBase: (path: string) => string): TrackerConfig {
  const labelPrefix = tracker.label_prefix ?? configDefaults.labelPrefix;
  const wontDo = tracker.wont_do ?? configDefaults.wontDo;
  const closeDuplicates = tracker.close_duplicates ?? true;
  if (tracker.type === "local") {
    const project = tracker.project ?? configDefaults.localProject;
    return { type: "local", project, labelPrefix, wontDo, closeDuplicates };
  }
  return {
    type: "jira",
    url: tracker.url.replace(/\/+$/, ""),
    deployment: tracker.deployment ?? "auto",
    auth: jiraAuth(tracker.auth),
    project: tracker.project,
    issueType: tracker.issue_type ?? configDefaults.issueType,
    labelPrefix,
    webhookSecret: tracker.webhook_secret,
    wontDo,
    closeDuplicates,
    timeoutMs: tracker.timeout ?? configDefaults.timeoutMs,
    requestsPerMinute: tracker.requests_per_minute ?? configDefaults.requestsPerMinute,
    tls: compileTls(tracker.tls, inBase),
  };
}

function jiraAuth({ email, user, token, password }: JiraInput["auth"]): JiraAuth {
  if (email !== undefined && token !== undefined) return { kind: "cloud", email, token };
  if (user !== undefined && password !== undefined) return { kind: "basic", user, password };
  if (token !== undefined) return { kind: "personal_access_token", token };
  throw new TypeError("unchecked configuration: the tracker has no credentials");
}

function compileTls(tls: JiraInput["tls"], inBase: (path: string) => string): Tls {
  return { caFile: tls?.ca_file === undefined ? undefined : inBase(tls.ca_file), verify: tls?.verify ?? true };
}

function compileOwners(owners: OwnersInput, tracker: string): Owners {
  return mapValues(owners, (owner) => ({
    tracker: owner.tracker ?? tracker,
    project: owner.project,
    issueType: owner.issue_type,
    component: owner.component,
    assignee: owner.assignee,
    labels: owner.labels ?? [],
    fields: owner.fields ?? {},
  }));
}

/** The defaults of PRIORITY.md, with what the configuration says instead: a table replaces a table. */
export function priorityScale(input: ConfigInput["priority"]): PriorityScale {
  const weights = input?.weights ?? {};
  const scale = defaultPriorityScale;
  return {
    severity: { ...scale.severity, ...weights.severity },
    reachShare: weights.reach_share ?? scale.reachShare,
    reachAbsolute: weights.reach_absolute ?? scale.reachAbsolute,
    duration: weights.duration ?? scale.duration,
    burn: weights.burn ?? scale.burn,
    budgetShare: weights.budget_share ?? scale.budgetShare,
    recurrence: weights.recurrence ?? scale.recurrence,
    backAfterDone: weights.back_after_done ?? scale.backAfterDone,
    trend: weights.trend ?? scale.trend,
    trendFromZero: weights.trend_from_zero ?? scale.trendFromZero,
    bands: {
      Low: input?.bands?.low ?? scale.bands.Low,
      Medium: input?.bands?.medium ?? scale.bands.Medium,
      High: input?.bands?.high ?? scale.bands.High,
      Highest: input?.bands?.highest ?? scale.bands.Highest,
    },
  };
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
