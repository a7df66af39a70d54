import { isIP } from "node:net";
import { z } from "zod";
import { fileFormats } from "../model/file-format.ts";
import { modes, severities } from "../model/rule.ts";
import { labelValues, rulePattern } from "../rules/schema.ts";
import { day, hour, minute } from "../support/duration.ts";
import { duration, percentage, text, whole, worded } from "../support/yaml/leaves.ts";
import { shown } from "../support/yaml/shape.ts";
import { Secret } from "./secret.ts";

/*
 * The service configuration as it is written; `backfeed schema config` prints it as JSON Schema. What parts must be to
 * one another is in checks.ts, what they become in compile.ts. Longer than 400 lines: one key after another, on one page.
 */

/** Values from `${VAR}` or `${file:PATH}` are put in before; the message never shows one. */
const secret = (description: string, variable: string) =>
  z
    .string({
      error: `this is no text\nwrite \`"\${${variable}}"\` to take it from the environment, or \`"\${file:/run/secrets/name}"\``,
    })
    .min(1, { error: `the secret is empty\nset the variable or file it comes from` })
    .transform((value) => new Secret(value))
    .meta({ description: `${description} From \${VAR} or \${file:PATH}.`, examples: [`\${${variable}}`] });

const account = (description: string, variable: string) =>
  z
    .string({ error: `this is no text\nwrite the name, or \`"\${${variable}}"\`` })
    .min(1, { error: `the name is empty\nset the variable or file it comes from` })
    .max(250, { error: "the name has more than 250 characters\nshorten it" })
    .meta({ description, examples: [`\${${variable}}`] });

const name = (description: string, example: string) =>
  worded(description, /^[a-z][a-z0-9_-]{0,62}$/, {
    what: "name",
    fix: "use lower-case letters, digits, `-` and `_`, beginning with a letter, at most 63",
    example,
    most: 63,
  });

/** The message shows nothing of an address that may carry a password. */
const url = (description: string, example: string) => {
  const fault = (input: unknown) =>
    typeof input === "string" && !input.includes("@")
      ? `${shown(input)} is no web address\nwrite for example \`${example}\``
      : `this is no web address without user and password\nwrite for example \`${example}\`; credentials go into \`auth\``;
  return z
    .string({ error: (issue) => fault(issue.input) })
    .max(2_000, { error: (issue) => fault(issue.input) })
    .regex(/^https?:\/\/[^\s<>"'@]+$/, { error: (issue) => fault(issue.input) })
    .meta({ description, examples: [example] });
};

const path = (description: string, example: string) => text(description, { most: 1_000, example });

const tls = z
  .strictObject({
    ca_file: path("PEM file with authorities to trust beside the machine's own.", "/etc/ssl/company-ca.pem").optional(),
    verify: z.boolean().meta({ description: "False accepts any certificate; default true." }).optional(),
  })
  .meta({ description: "How to trust the other side." });

const allowHttp = z
  .boolean()
  .meta({ description: "Allows http: towards hosts other than this machine; default false." })
  .optional();

const sourceAuth = z
  .strictObject({
    api_key: secret("API key.", "ES_API_KEY").optional(),
    token: secret("Bearer token.", "METRICS_TOKEN").optional(),
    user: account("User name, with `password`.", "ES_USER").optional(),
    password: secret("Password, with `user`.", "ES_PASSWORD").optional(),
  })
  .meta({ description: "One of: api_key; token; user and password.", examples: [`{ api_key: "\${ES_API_KEY}" }`] });

const sourceCommon = {
  timeout: duration("How long one request may take.", { least: 100, most: 10 * minute }).optional(),
  max_concurrency: whole("Requests at once.", { least: 1, most: 64 }).optional(),
  delay: duration("How long events take to arrive: windows end this much before the tick.", { most: day }).optional(),
  stale_after: duration("When the newest event is older, the source counts as stale.", { most: 30 * day }).optional(),
};

const elasticsearch = z.strictObject({
  type: z.literal("elasticsearch").meta({ description: "Elasticsearch 8 or 9." }),
  nodes: z
    .array(url("A node.", "https://elasticsearch.example.com:9200"))
    .min(1)
    .max(50)
    .meta({ description: "Nodes of one cluster.", examples: ['["http://127.0.0.1:9200"]'] }),
  auth: sourceAuth.optional(),
  timestamp: text("The field that says when an event was; default @timestamp.", {
    most: 256,
    example: "@timestamp",
  }).optional(),
  tls: tls.optional(),
  allow_http: allowHttp,
  ...sourceCommon,
});

const prometheus = z.strictObject({
  type: z.literal("prometheus").meta({ description: "Prometheus, VictoriaMetrics, Thanos, Mimir." }),
  url: url("Prometheus, VictoriaMetrics, Mimir or Thanos.", "http://127.0.0.1:9090"),
  auth: sourceAuth.optional(),
  tenant: worded(
    "Whose data is asked where several share the source (Mimir, Cortex, Thanos): sent as X-Scope-OrgID.",
    /^[A-Za-z0-9!._*'()|-]{1,150}$/,
    { what: "tenant", fix: "use letters, digits and `!-_.*'()`, at most 150; `|` between several", example: "team-a" },
  ).optional(),
  tls: tls.optional(),
  allow_http: allowHttp,
  ...sourceCommon,
});

const files = z.strictObject({
  type: z.literal("files").meta({ description: "Log files: NDJSON, CSV, Parquet." }),
  tables: z
    .record(
      name("Table", "access"),
      z.strictObject({
        path: path("Files of NDJSON, CSV or Parquet, also .gz; a glob is allowed.", "examples/apache/*.ndjson.gz"),
        timestamp: text("The field that says when an event was; default @timestamp.", {
          most: 256,
          example: "@timestamp",
        }).optional(),
        format: z
          .enum(fileFormats)
          .optional()
          .meta({ description: "How the files are written; default by the path's ending, such as .ndjson.gz." }),
      }),
    )
    .meta({
      description: "Tables that rules may name.",
      examples: ['{ access: { path: "examples/apache/*.ndjson.gz" } }'],
    }),
  ...sourceCommon,
});

const wontDo = z
  .array(text("A resolution or status.", { most: 100, example: "Won't Do" }))
  .max(50)
  .meta({ description: "Resolutions and statuses that mean: nobody will do this." })
  .optional();

const closeDuplicates = z
  .boolean()
  .meta({ description: "Close a second ticket that was folded into the first; default true." })
  .optional();

const labelPrefix = worded("Labels of our tickets begin with it; default backfeed.", /^[a-z][a-z0-9-]{0,30}$/, {
  what: "label prefix",
  fix: "use lower-case letters, digits and `-`, beginning with a letter, at most 31",
  example: "backfeed",
}).optional();

const jira = z.strictObject({
  type: z.literal("jira").meta({ description: "Jira Cloud or Data Center." }),
  url: url("The site.", "https://acme.atlassian.net"),
  deployment: z
    .enum(["auto", "cloud", "datacenter"])
    .meta({ description: "What kind of Jira; default auto: it is asked." })
    .optional(),
  auth: z
    .strictObject({
      email: account("Cloud: the account's e-mail address, with `token`.", "JIRA_EMAIL").optional(),
      user: account("Data Center: user name, with `password`.", "JIRA_USER").optional(),
      token: secret(
        "Cloud: API token, with `email`. Alone: a Data Center personal access token.",
        "JIRA_TOKEN",
      ).optional(),
      password: secret("Data Center: password, with `user`.", "JIRA_PASSWORD").optional(),
    })
    .meta({
      description: "One of: email and token (Cloud); token (Data Center); user and password.",
      examples: [`{ email: "\${JIRA_EMAIL}", token: "\${JIRA_TOKEN}" }`],
    }),
  project: worded("Project key, where the owner names none.", /^[A-Z][A-Z0-9_]{0,254}$/, {
    what: "project key",
    fix: "write the key in capitals",
    example: "OPS",
  }).optional(),
  issue_type: text("Issue type, where rule and owner name none; default Bug.", {
    most: 100,
    example: "Bug",
  }).optional(),
  label_prefix: labelPrefix,
  webhook_secret: secret("Signs the webhooks that Jira sends.", "JIRA_HOOK").optional(),
  wont_do: wontDo,
  close_duplicates: closeDuplicates,
  timeout: sourceCommon.timeout,
  requests_per_minute: whole("Requests to this Jira in a minute, on the average; default 600.", {
    least: 6,
    most: 60_000,
  }).optional(),
  tls: tls.optional(),
  allow_http: allowHttp,
});

const local = z.strictObject({
  type: z.literal("local").meta({ description: "The embedded backlog." }),
  project: worded("Key that local tickets carry; default LOCAL.", /^[A-Z][A-Z0-9_]{0,20}$/, {
    what: "project key",
    fix: "write the key in capitals",
    example: "LOCAL",
  }).optional(),
  label_prefix: labelPrefix,
  wont_do: wontDo,
  close_duplicates: closeDuplicates,
});

const token = z.strictObject({
  name: name("Who holds it; shown in the audit log.", "grafana"),
  role: z.enum(["viewer", "operator"]).meta({ description: "viewer sees; operator also silences, refiles, comments." }),
  token: secret("The token, at least 16 characters.", "VIEWER_TOKEN"),
});

const proxy = text("An address, or a network as address/bits.", { most: 50, example: "10.0.0.0/8" }).refine(isNetwork, {
  error: (issue) =>
    `${shown(issue.input)} is no address and no network\nwrite for example \`127.0.0.1\` or \`10.0.0.0/8\`; names are not looked up`,
});

function isNetwork(written: string): boolean {
  const [address = "", bits, ...rest] = written.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128))
  );
}

const labelName = (description: string, example: string) => text(description, { most: 200, example });

const alertmanager = z
  .strictObject({
    token: secret(
      "What Alertmanager or Grafana shows: as bearer token, or as password of basic authentication.",
      "AM_TOKEN",
    ),
    severity_label: labelName("The label that says how severe an alert is; default severity.", "severity").optional(),
    severities: z
      .record(text("A value of that label.", { most: 100, example: "page" }), z.enum(severities))
      .meta({
        description: "What its values mean, beside the usual words; of any other an alert is a warning.",
        examples: ["{ P1: critical, P2: high }"],
      })
      .optional(),
    owner_labels: z
      .array(labelName("A label.", "team"))
      .max(10)
      .meta({
        description: "Labels whose value may be the name of an owner, the first that is wins; default [owner, team].",
        examples: ["[squad]"],
      })
      .optional(),
    group: z
      .array(labelName("A label.", "namespace"))
      .max(20)
      .meta({
        description:
          "Alerts with the same values of these share a ticket; default alertname, and what the sender groups by.",
        examples: ["[alertname, namespace]"],
      })
      .optional(),
    ignore: z
      .array(labelValues("Labels and their values; all must hold."))
      .max(100)
      .meta({
        description:
          "Alerts that become nothing; default those that always fire or are tests (Watchdog, InfoInhibitor).",
        examples: ["[{ alertname: [Watchdog, InfoInhibitor] }]"],
      })
      .optional(),
    repeat_interval: duration(
      "The longest repeat_interval of the routes that lead here; an alert that is not spoken of for longer counts as not seen. Default 4h.",
      { least: minute, most: 30 * day },
    ).optional(),
    charts: text("A prometheus source that draws the alerts' expressions; default the only one there is.", {
      most: 63,
      example: "metrics",
    }).optional(),
  })
  .meta({ description: "Alerts that Alertmanager or Grafana raise become findings." });

const server = z.strictObject({
  listen: worded("host:port; default 127.0.0.1:8080.", /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]/]*):\d{1,5}$/, {
    what: "address to listen on",
    fix: "write host and port, such as `127.0.0.1:8080` or `[::1]:8080`",
    example: "127.0.0.1:8080",
  }).optional(),
  public_url: url("How people reach it: the links in tickets.", "https://backfeed.example.com").optional(),
  trusted_proxies: z
    .array(proxy)
    .max(50)
    .meta({
      description:
        "Addresses and networks of the proxies before Backfeed, whose `X-Forwarded-For` is believed: rate limits then count by the sender's address.",
      examples: ['["10.0.0.0/8"]'],
    })
    .optional(),
  auth: z
    .strictObject({
      tokens: z
        .array(token)
        .max(100)
        .meta({
          description: "Bearer tokens.",
          examples: [`[{ name: grafana, role: viewer, token: "\${VIEWER_TOKEN}" }]`],
        }),
    })
    .meta({ description: "Who may ask API and pages; needed to listen to anything but this machine." })
    .optional(),
  webhooks: z
    .strictObject({
      alertmanager: alertmanager.optional(),
      deploys: z
        .strictObject({ token: secret("Bearer token of what reports deploys.", "DEPLOY_TOKEN") })
        .meta({ description: "Takes deploys at /webhooks/deploys." })
        .optional(),
    })
    .meta({ description: "What may be sent to us beside Jira's webhooks." })
    .optional(),
});

const points = z.number().min(0).max(100);
/** Points, or the border of a band. */
const pointsOf = (description: string, example: number) => points.meta({ description, examples: [example] }).optional();

/** `[[5%, 12], [25%, 16]]`: from this input on, that many points. */
const cuts = (description: string, readInput: (written: string) => number | undefined, example: string) => {
  const wrong = `this is no list of [input, points]\nwrite inputs and points rising, such as \`${example}\``;
  const read = z.string().transform((written, context) => {
    const value = readInput(written);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: wrong });
    return z.NEVER;
  });
  const input = z.union([z.number().min(0), read], { error: wrong });
  return z
    .array(z.tuple([input, points], { error: wrong }))
    .min(1, { error: wrong })
    .max(20, { error: wrong })
    .meta({ description, examples: [example] })
    .optional();
};

const readPercent = (written: string) => (/^\d+(\.\d+)?\s*%$/.test(written) ? percentage(written) : undefined);
const readNothing = () => undefined;
const readDuration = (written: string) => duration("span").safeParse(written).data;

const severityPoints = z.strictObject({
  info: pointsOf("Points of severity info.", 0),
  low: pointsOf("Points of severity low.", 5),
  warning: pointsOf("Points of severity warning.", 10),
  high: pointsOf("Points of severity high.", 15),
  critical: pointsOf("Points of severity critical.", 20),
});

const priority = z
  .strictObject({
    weights: z
      .strictObject({
        severity: severityPoints.meta({ description: "Points by severity." }).optional(),
        reach_share: cuts("Points by share of users or requests.", readPercent, "[[0.1%, 4], [1%, 8]]"),
        reach_absolute: cuts("Points by number of users or events.", readNothing, "[[10, 2], [100, 4]]"),
        duration: cuts("Points by time above the threshold.", readDuration, "[[15m, 3], [1h, 5]]"),
        burn: cuts("Points by burn rate of the error budget.", readNothing, "[[1, 8], [3, 12]]"),
        budget_share: cuts("Points by share of the error budget spent.", readPercent, "[[2%, 4], [5%, 8]]"),
        recurrence: cuts("Points by episodes in 30 days.", readNothing, "[[2, 5], [3, 9]]"),
        back_after_done: pointsOf("More points when it came back after Done.", 3),
        trend: cuts("Points by growth against the same window last week.", readNothing, "[[0.9, 2], [1.2, 4]]"),
        trend_from_zero: pointsOf("Points when last week there was none.", 10),
      })
      .meta({ description: "Tables of points; what is left out keeps its default." })
      .optional(),
    bands: z
      .strictObject({
        low: pointsOf("From this score on Low.", 15),
        medium: pointsOf("From this score on Medium.", 35),
        high: pointsOf("From this score on High.", 55),
        highest: pointsOf("From this score on Highest.", 75),
      })
      .meta({ description: "Lowest score of each band; under `low` there is no ticket." })
      .optional(),
  })
  .meta({ description: "How findings are scored; what is left out keeps its default." });

const limits = z.strictObject({
  new_tickets_per_run: whole("Creates of one tick; default 10.", { least: 1, most: 1_000 }).optional(),
  new_tickets_per_day: whole("Creates in any 24 hours; default 50.", { least: 1, most: 10_000 }).optional(),
  new_tickets_per_day_per_project: whole("Creates in any 24 hours in one project; default 25.", {
    least: 1,
    most: 10_000,
  }).optional(),
  storm: whole("More new findings than this within 10 minutes become one parent ticket; default 20.", {
    least: 2,
    most: 10_000,
  }).optional(),
});

const retention = z
  .strictObject({
    ticks: duration("Counts per rule and tick; default 3d.", { least: hour }).optional(),
    evidence: duration("Evidence, charts and samples; default 90d.", { least: day }).optional(),
    outbox: duration("Delivered entries; default 90d.", { least: day }).optional(),
    events: duration("Timelines of findings; default 400d.", { least: day }).optional(),
    deploys: duration("Deploys that were told of; default 90d.", { least: day }).optional(),
  })
  .meta({ description: "How long what is finished is kept." });

const maintenance = z.strictObject({
  name: name("Shown where it silences something.", "weekly-patching"),
  schedule: text("When it begins: cron, five fields, or six with seconds first.", { most: 200, example: "0 2 * * 6" }),
  timezone: text("IANA timezone of the schedule; default UTC.", { most: 100, example: "Europe/Berlin" }).optional(),
  duration: duration("How long it lasts.", { least: minute, most: 7 * day }).meta({ examples: ["2h"] }),
  rules: z
    .array(rulePattern("A rule's id; `*` stands for any characters."))
    .min(1)
    .max(50)
    .meta({ description: "Rules that it is about; default all.", examples: ["[checkout-*]"] })
    .optional(),
  where: labelValues("Labels of what it is about and their values; all must hold; default any.").optional(),
  reason: text("Why nothing is told then.", { most: 500, example: "the hosts are patched" }),
});

const redaction = z
  .strictObject({
    patterns: z
      .array(
        z.strictObject({
          name: worded("Shown in place of what is found.", /^[a-z0-9-]{1,40}$/, {
            what: "name of a pattern",
            fix: "use 1 to 40 of a-z, 0-9 and `-`",
            example: "customer-number",
          }),
          pattern: text("RE2 regular expression.", { most: 500, example: "C-[0-9]{8}" }),
        }),
      )
      .max(50)
      .meta({
        description: "What of yours must not be seen.",
        examples: ['[{ name: customer-number, pattern: "C-[0-9]{8}" }]'],
      })
      .optional(),
    emails: z.boolean().meta({ description: "Replace e-mail addresses too; default false." }).optional(),
  })
  .meta({ description: "What is taken out of evidence, beside known token formats and our own secrets." });

export const configSchema = z
  .strictObject({
    apiVersion: z.literal("backfeed/v1").meta({ description: "backfeed/v1", examples: ["backfeed/v1"] }),
    instance: worded(
      "Names this installation: part of the identity of its tickets, so keep it.",
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      {
        what: "instance name",
        fix: "use lower-case letters, digits and `-` between them, at most 63",
        example: "prod-eu",
      },
    ),
    instance_formerly: z
      .array(name("A name it had before.", "prod"))
      .max(20)
      .meta({ description: "Names the store may carry from before.", examples: ["[staging]"] })
      .optional(),
    mode: z
      .enum(modes)
      .meta({
        description: "`report` for the first days: everything is judged and shown, nothing is sent; default file.",
      })
      .optional(),
    store: text('Where state is kept: "sqlite:PATH"; default sqlite:./var/backfeed.db.', {
      most: 1_000,
      example: "sqlite:./var/backfeed.db",
    }).optional(),
    server: server.meta({ description: "Where API and pages are, and who may ask them." }).optional(),
    rules: z
      .array(path("Glob pattern.", "rules/**/*.yaml"))
      .min(1)
      .max(50)
      .meta({ description: 'Rule files; default ["rules/**/*.yaml"].', examples: ['["rules/**/*.yaml"]'] })
      .optional(),
    owners: path("Owners file; default config/owners.yaml.", "config/owners.yaml").optional(),
    sources: z.record(name("Source", "logs"), z.discriminatedUnion("type", [elasticsearch, prometheus, files])).meta({
      description: "Where logs and metrics are, by name.",
      examples: ['{ logs: { type: elasticsearch, nodes: ["http://127.0.0.1:9200"] } }'],
    }),
    trackers: z
      .record(name("Tracker", "jira"), z.discriminatedUnion("type", [jira, local]))
      .meta({ description: "Where tickets go, by name.", examples: ["{ local: { type: local } }"] }),
    tracker: text("The default tracker; owners may name another.", { most: 63, example: "local" }),
    limits: limits.meta({ description: "At most so many new tickets; what is over waits, ranked." }).optional(),
    catch_up: duration("How far back missed ticks are made up for; default 1h.", { most: 7 * day }).optional(),
    priority: priority.optional(),
    maintenance: z
      .array(maintenance)
      .max(100)
      .meta({
        description: "Planned work that comes again: while it is on, nothing is told of what it is about.",
        examples: [
          '[{ name: patching, schedule: "0 2 * * 6", duration: 2h, rules: [www-*], reason: the hosts are patched }]',
        ],
      })
      .optional(),
    redaction: redaction.optional(),
    links: z
      .record(
        text("What the link is called.", { most: 50, example: "discover" }),
        text("Template of a web address.", {
          most: 2_000,
          example: "https://kibana.example.com/app/discover#/?q={{ query }}",
        }),
      )
      .meta({
        description: "Links on tickets, by the text they are shown with; every value put in is percent-encoded.",
        examples: ["{ runbooks: 'https://runbooks.example.com/{{ rule }}' }"],
      })
      .optional(),
    retention: retention.optional(),
  })
  .meta({ description: "The service configuration.", examples: ["apiVersion: backfeed/v1"] });

export type ConfigInput = z.output<typeof configSchema>;
