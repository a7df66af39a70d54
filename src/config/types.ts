import type { FileFormat } from "../model/file-format.ts";
import type { MaintenanceWindow } from "../model/maintenance.ts";
import type { PriorityScale } from "../model/priority.ts";
import type { Mode, Severity } from "../model/rule.ts";
import type { RedactionPattern } from "../support/redaction-span.ts";
import type { Secret } from "./secret.ts";

type Role = "viewer" | "operator";

export interface Tls {
  /** Absolute path of a PEM file with the authorities to trust beside the machine's own. */
  readonly caFile: string | undefined;
  /** False accepts any certificate. */
  readonly verify: boolean;
}

/** One of them, or nothing at all. */
export type SourceAuth =
  | { readonly kind: "none" }
  | { readonly kind: "api_key"; readonly apiKey: Secret }
  | { readonly kind: "bearer"; readonly token: Secret }
  | { readonly kind: "basic"; readonly user: string; readonly password: Secret };

export type JiraAuth =
  | { readonly kind: "cloud"; readonly email: string; readonly token: Secret }
  | { readonly kind: "personal_access_token"; readonly token: Secret }
  | { readonly kind: "basic"; readonly user: string; readonly password: Secret };

interface SourceCommon {
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  /** Undefined: freshness of this source is not judged. */
  readonly staleAfterMs: number | undefined;
}

export interface ElasticsearchSourceConfig extends SourceCommon {
  readonly type: "elasticsearch";
  readonly nodes: readonly string[];
  readonly auth: SourceAuth;
  readonly timestamp: string;
  readonly tls: Tls;
}

interface PrometheusSourceConfig extends SourceCommon {
  readonly type: "prometheus";
  readonly url: string;
  readonly auth: SourceAuth;
  readonly tenant: string | undefined;
  readonly tls: Tls;
}

interface FilesSourceConfig extends SourceCommon {
  readonly type: "files";
  readonly tables: Readonly<Record<string, FilesTable>>;
}

interface FilesTable {
  /** Absolute path, may be a glob. */
  readonly path: string;
  readonly timestamp: string;
  /** Undefined: by the path's ending. */
  readonly format: FileFormat | undefined;
}

export type SourceConfig = ElasticsearchSourceConfig | PrometheusSourceConfig | FilesSourceConfig;

interface JiraTrackerConfig {
  readonly type: "jira";
  /** Without a slash at its end. */
  readonly url: string;
  readonly deployment: "auto" | "cloud" | "datacenter";
  readonly auth: JiraAuth;
  readonly project: string | undefined;
  readonly issueType: string;
  readonly labelPrefix: string;
  readonly webhookSecret: Secret | undefined;
  readonly wontDo: readonly string[];
  readonly closeDuplicates: boolean;
  readonly timeoutMs: number;
  /** On the average; half of them may go at once. All trackers of one Jira share the smallest. */
  readonly requestsPerMinute: number;
  readonly tls: Tls;
}

interface LocalTrackerConfig {
  readonly type: "local";
  readonly project: string;
  readonly labelPrefix: string;
  readonly wontDo: readonly string[];
  readonly closeDuplicates: boolean;
}

export type TrackerConfig = JiraTrackerConfig | LocalTrackerConfig;

/** Where an owner's tickets go. Texts in `labels` and `fields` may be templates. */
interface Owner {
  readonly tracker: string;
  readonly project: string | undefined;
  readonly issueType: string | undefined;
  readonly component: string | undefined;
  readonly assignee: string | undefined;
  readonly labels: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** By name; `default` is always there. */
export type Owners = Readonly<Record<string, Owner>>;

export interface AlertmanagerConfig {
  readonly token: Secret;
  readonly severityLabel: string;
  /** By the label's value in lower case. */
  readonly severities: Readonly<Record<string, Severity>>;
  readonly ownerLabels: readonly string[];
  /** Undefined: as the sender groups. */
  readonly group: readonly string[] | undefined;
  readonly ignore: readonly Readonly<Record<string, readonly string[]>>[];
  readonly repeatIntervalMs: number;
  /** Name of the source that draws; undefined: none does. */
  readonly charts: string | undefined;
}

/** The service configuration after loading: paths absolute, spans in milliseconds, secrets wrapped, deep-frozen. */
export interface ServiceConfig {
  /** The file it was read from, as given. */
  readonly file: string;
  /** What relative paths were resolved against: the working directory. */
  readonly baseDirectory: string;
  readonly instance: string;
  readonly instanceFormerly: readonly string[];
  readonly mode: Mode;
  readonly store: { readonly kind: "sqlite"; readonly path: string };
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | undefined;
    /** Addresses and networks whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: readonly string[];
    readonly tokens: readonly { readonly name: string; readonly role: Role; readonly token: Secret }[];
    readonly webhooks: {
      readonly alertmanager: AlertmanagerConfig | undefined;
      readonly deploys: { readonly token: Secret } | undefined;
    };
  };
  /** Glob patterns, relative to `baseDirectory` or absolute. */
  readonly rules: readonly string[];
  readonly owners: Owners;
  /** As it is named, relative to the base directory. */
  readonly ownersFile: string;
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly trackers: Readonly<Record<string, TrackerConfig>>;
  /** The default tracker's name. */
  readonly tracker: string;
  readonly limits: {
    readonly newTicketsPerRun: number;
    readonly newTicketsPerDay: number;
    readonly newTicketsPerDayPerProject: number;
    readonly storm: number;
  };
  readonly catchUpMs: number;
  readonly priority: PriorityScale;
  readonly maintenance: readonly MaintenanceWindow[];
  readonly redaction: { readonly patterns: readonly RedactionPattern[]; readonly emails: boolean };
  /** Link templates by the text they are shown with. */
  readonly links: Readonly<Record<string, string>>;
  readonly retention: {
    readonly ticksMs: number;
    readonly evidenceMs: number;
    readonly outboxMs: number;
    readonly eventsMs: number;
    readonly deploysMs: number;
  };
}
