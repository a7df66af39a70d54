import type { JiraAuth, ServiceConfig, SourceAuth, SourceConfig, TrackerConfig } from "../config/types.ts";
import { alertsSource } from "../model/raised-alert.ts";
import { createAlertmanagerSource } from "../sources/alertmanager/alertmanager-source.ts";
import { createElasticsearchSource } from "../sources/elasticsearch/elasticsearch-source.ts";
import { createFilesSource } from "../sources/files/files-source.ts";
import { createPrometheusSource } from "../sources/prometheus/prometheus-source.ts";
import type { Source } from "../sources/source.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../support/clock.ts";
import { asBackfeedError } from "../support/errors.ts";
import type { Logger } from "../support/logging.ts";
import type { Metrics } from "../support/metrics.ts";
import type { Redactor } from "../support/redaction.ts";
import { trustedAuthorities } from "../support/trusted-authorities.ts";
import { aroundTracker } from "../trackers/around.ts";
import { createPacers, type Pacer } from "../trackers/jira/pacer.ts";
import { createJiraTracker, type JiraTracker } from "../trackers/jira/tracker.ts";
import { createLocalTracker, type LocalTracker } from "../trackers/local/local-tracker.ts";
import type { Tracker } from "../trackers/tracker.ts";
import { alertPolicyOf } from "./alerts-rule.ts";
import { redactingSource } from "./redaction.ts";

export interface AdapterParts {
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly redactor: Redactor;
}

/** The configured sources by name. Makes no request. */
export function createSources(
  parts: AdapterParts,
  store: { readonly receivedAlerts: Pick<Store["receivedAlerts"], "all"> },
): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>();
  for (const [name, config] of Object.entries(parts.config.sources)) {
    sources.set(name, redactingSource(createSource(name, config, parts), parts.redactor.redact));
  }
  const { alertmanager } = parts.config.server.webhooks;
  if (alertmanager !== undefined) {
    const policy = alertPolicyOf(parts.config, alertmanager);
    // What was received was redacted before it was stored.
    const alerts = () => store.receivedAlerts.all();
    sources.set(alertsSource, createAlertmanagerSource({ name: alertsSource, alerts, policy }));
  }
  return sources;
}

function createSource(name: string, config: SourceConfig, parts: AdapterParts): Source {
  const { timeoutMs, maxConcurrency } = config;
  const { logger, clock, redactor } = parts;
  switch (config.type) {
    case "elasticsearch":
      return createElasticsearchSource({
        name,
        nodes: config.nodes,
        ...elasticsearchAuth(config.auth),
        tls: tlsOf(config.tls),
        timestamp: config.timestamp,
        timeoutMs,
        maxConcurrency,
        logger,
        clock,
      });
    case "files":
      return createFilesSource({
        name,
        tables: config.tables,
        baseDirectory: parts.config.baseDirectory,
        timeoutMs,
        logger,
        redactor,
      });
    case "prometheus":
      return createPrometheusSource({
        name,
        url: config.url,
        ...prometheusAuth(config.auth),
        ...(config.tenant === undefined ? {} : { tenant: config.tenant }),
        tls: tlsOf(config.tls),
        timeoutMs,
        maxConcurrency,
        staleAfterMs: config.staleAfterMs,
        logger,
        clock,
      });
  }
}

function elasticsearchAuth(auth: SourceAuth) {
  switch (auth.kind) {
    case "none":
      return {};
    case "api_key":
      return { auth: { api_key: auth.apiKey.reveal() } };
    case "bearer":
      return { auth: { token: auth.token.reveal() } };
    case "basic":
      return { auth: { user: auth.user, password: auth.password.reveal() } };
  }
}

function prometheusAuth(auth: SourceAuth) {
  switch (auth.kind) {
    case "none":
      return {};
    case "api_key":
      return { auth: { apiKey: auth.apiKey.reveal() } };
    case "bearer":
      return { auth: { token: auth.token.reveal() } };
    case "basic":
      return { auth: { user: auth.user, password: auth.password.reveal() } };
  }
}

function tlsOf(tls: { readonly caFile: string | undefined; readonly verify: boolean }) {
  const authority = tls.caFile === undefined ? {} : { ca: trustedAuthorities(tls.caFile) };
  return { rejectUnauthorized: tls.verify, ...authority };
}

export interface Trackers {
  /** By name, counted in metrics. */
  readonly all: ReadonlyMap<string, Tracker>;
  /** The embedded backlog, by name. */
  readonly local: ReadonlyMap<string, LocalTracker>;
  /** Those in Jira, by name, uncounted. */
  readonly jira: ReadonlyMap<string, Pick<JiraTracker, "ownAccount">>;
}

/** The configured trackers. Makes no request. */
export function createTrackers(parts: AdapterParts, store: Store): Trackers {
  const all = new Map<string, Tracker>();
  const local = new Map<string, LocalTracker>();
  const jira = new Map<string, JiraTracker>();
  const pacers = createPacers({ clock: parts.clock });
  for (const [name, config] of Object.entries(parts.config.trackers)) {
    if (config.type === "local") {
      const { project, labelPrefix } = config;
      const publicUrl = parts.config.server.publicUrl ?? localAddress(parts.config);
      const tracker = createLocalTracker({
        name,
        tickets: store.localTickets,
        clock: parts.clock,
        project,
        labelPrefix,
        publicUrl,
      });
      local.set(name, tracker);
      all.set(name, countingTracker(tracker, parts.metrics));
    } else {
      const tracker = createJira(name, config, parts, pacers(config.url, config.requestsPerMinute));
      jira.set(name, tracker);
      all.set(name, countingTracker(tracker, parts.metrics));
    }
  }
  return { all, local, jira };
}

/** Where the pages are for somebody on this machine. */
export function localAddress(config: ServiceConfig): string {
  const { host, port } = config.server;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function createJira(
  name: string,
  config: Extract<TrackerConfig, { type: "jira" }>,
  parts: AdapterParts,
  pacer: Pacer,
): JiraTracker {
  const { clock, logger, redactor, metrics } = parts;
  return createJiraTracker({
    name,
    url: config.url,
    deployment: config.deployment,
    auth: jiraAuth(config.auth),
    project: config.project,
    issueType: config.issueType,
    labelPrefix: config.labelPrefix,
    wontDo: config.wontDo,
    timeoutMs: config.timeoutMs,
    tls: tlsOf(config.tls),
    // Configuration has refused http: towards anything but loopback unless allow_http is set.
    allowHttp: true,
    clock,
    pacer,
    observer: {
      waited: ({ waitMs, reason }, parked) => metrics.recordTrackerWait({ tracker: name, reason, waitMs, parked }),
      nearLimit: () => metrics.recordTrackerNearLimit(name),
    },
    redact: redactor.redact,
    logger,
  });
}

function jiraAuth(auth: JiraAuth) {
  switch (auth.kind) {
    case "cloud":
      return { email: auth.email, token: auth.token.reveal() };
    case "personal_access_token":
      return { token: auth.token.reveal() };
    case "basic":
      return { user: auth.user, password: auth.password.reveal() };
  }
}

/** The same tracker; every operation and its outcome is counted. */
function countingTracker(tracker: Tracker, metrics: Metrics): Tracker {
  return aroundTracker(tracker, async (verb, call) => {
    const operation = verb.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    try {
      const answer = await call();
      metrics.recordTrackerRequest({ tracker: tracker.name, operation, outcome: "ok" });
      return answer;
    } catch (thrown) {
      metrics.recordTrackerRequest({ tracker: tracker.name, operation, outcome: asBackfeedError(thrown).kind });
      throw thrown;
    }
  });
}
