import { type FileFormat, fileFormatOf } from "../model/file-format.ts";
import type { PriorityScale } from "../model/priority.ts";
import { alertsSource } from "../model/raised-alert.ts";
import { templateFault } from "../rules/templates.ts";
import { BackfeedError } from "../support/errors.ts";
import { isLoopback } from "../support/loopback.ts";
import { createRedactor } from "../support/redaction.ts";
import { didYouMean, listed } from "../support/yaml/closest.ts";
import type { Path, Report, Wrong } from "../support/yaml/fault.ts";
import { type Partly, shown } from "../support/yaml/shape.ts";
import { configDefaults, listenAddress, priorityScale } from "./compile.ts";
import { checkLength, checkWebhookSecrets } from "./inbound-secrets.ts";
import { checkMaintenance } from "./maintenance-checks.ts";
import type { OwnersInput } from "./owners-schema.ts";
import type { ConfigInput } from "./schema.ts";
import type { Secret } from "./secret.ts";

export type ConfigParts = Partly<ConfigInput>;

/** What the parts of the configuration must be to one another. Looks only at parts that are there and right. */
export function checkConfig(config: ConfigParts, report: Report): void {
  checkStore(config, report);
  checkServer(config, report);
  checkWebhookSecrets(config, report);
  for (const [name, source] of Object.entries(config.sources ?? {})) {
    if (source !== undefined) checkSource(source, ["sources", name], report);
  }
  checkAlertmanager(config, report);
  const receives = config.server?.webhooks?.alertmanager !== undefined;
  if (config.sources !== undefined && Object.keys(config.sources).length === 0 && !receives) {
    report(
      ["sources"],
      {
        message: "no source is configured: nothing could be watched",
        fix: 'add a source, such as `logs: { type: elasticsearch, nodes: ["http://127.0.0.1:9200"] }`',
      },
      { at: "key" },
    );
  }
  for (const [name, tracker] of Object.entries(config.trackers ?? {})) {
    if (tracker !== undefined) checkTracker(tracker, ["trackers", name], report);
  }
  if (config.tracker !== undefined && config.trackers !== undefined) {
    checkTrackerName(config.tracker, ["tracker"], Object.keys(config.trackers), report);
  }
  checkPriority(config.priority as ConfigInput["priority"], report);
  checkMaintenance(config, report);
  checkRedaction(config, report);
  for (const [text, template] of Object.entries(config.links ?? {})) {
    const wrong = template === undefined ? undefined : linkFault(template);
    if (wrong !== undefined) report(["links", text], wrong);
  }
}

/** Received alerts are a source like any other, and its name is taken. */
function checkAlertmanager({ server, sources }: ConfigParts, report: Report): void {
  const { alertmanager } = server?.webhooks ?? {};
  if (alertmanager === undefined || sources === undefined) return;
  if (Object.hasOwn(sources, alertsSource)) {
    report(
      ["sources", alertsSource],
      {
        message: `\`${alertsSource}\` is the name of the source that \`server.webhooks.alertmanager\` makes`,
        fix: "give this source another name, in its rules too",
      },
      { at: "key" },
    );
  }
  const { charts } = alertmanager;
  if (charts === undefined || sources[charts]?.type === "prometheus") return;
  const metrics = Object.keys(sources).filter((name) => sources[name]?.type === "prometheus");
  report(["server", "webhooks", "alertmanager", "charts"], {
    message: `\`${charts}\` is no prometheus source of this configuration${didYouMean(charts, metrics)}`,
    fix: metrics.length === 0 ? "remove `charts`, or add a prometheus source" : `use ${listed(metrics)}`,
  });
}

/** The owners file against the configuration's trackers; undefined trackers are not judged. */
export function checkOwners(
  owners: Partly<OwnersInput>,
  trackers: readonly string[] | undefined,
  report: Report,
): void {
  if (!Object.hasOwn(owners, "default")) {
    report([], {
      message: "`default` is missing: rules that name no owner need one",
      fix: "add `default: {}`, or `default: { tracker: local }`",
    });
  }
  const check = (value: unknown, path: Path): void => {
    if (typeof value === "string") {
      const wrong = templateFault(value, { kind: "text", labels: undefined });
      if (wrong !== undefined) report(path, wrong);
    } else if (Array.isArray(value)) {
      for (const [position, item] of value.entries()) check(item, [...path, position]);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) check(member, [...path, key]);
    }
  };
  for (const [name, owner] of Object.entries(owners)) {
    if (owner === undefined) continue;
    if (owner.tracker !== undefined && trackers !== undefined)
      checkTrackerName(owner.tracker, [name, "tracker"], trackers, report);
    for (const [position, label] of (owner.labels ?? []).entries()) {
      if (label === undefined || label.includes("{") || !/\s/.test(label)) continue;
      report([name, "labels", position], {
        message: `the label ${JSON.stringify(label)} holds white space, which trackers refuse`,
        fix: `write \`${label.trim().replace(/\s+/g, "-")}\``,
      });
    }
    check(owner.labels, [name, "labels"]);
    check(owner.fields, [name, "fields"]);
  }
}

function checkStore({ store }: ConfigParts, report: Report): void {
  if (store === undefined || /^sqlite:./.test(store)) return;
  if (/^postgres(ql)?:/.test(store)) {
    report(["store"], { message: "PostgreSQL is not in this version", fix: `write \`${configDefaults.store}\`` });
    return;
  }
  report(["store"], {
    message: "the store is neither sqlite: nor postgres:",
    fix: `write for example \`${configDefaults.store}\``,
  });
}

function checkServer({ server }: ConfigParts, report: Report): void {
  const { host, port } = listenAddress(server?.listen ?? configDefaults.listen);
  if (port > 65_535)
    report(["server", "listen"], { message: `${port} is no port`, fix: "write a port from 0 to 65535" });
  const tokens = server?.auth?.tokens ?? [];
  if (!isLoopback(host) && tokens.length === 0) {
    report(["server", "listen"], {
      message: `listening on \`${host}\` is refused without \`auth\`: anybody on the network could read and act`,
      fix: `add \`auth: { tokens: [ { name: …, role: viewer, token: "\${VIEWER_TOKEN}" } ] }\`, or listen on 127.0.0.1`,
    });
  }
  const names = new Set<string>();
  const texts = new Map<string, string>();
  for (const [position, token] of tokens.entries()) {
    if (token === undefined) continue;
    const path = ["server", "auth", "tokens", position];
    if (token.name !== undefined && names.has(token.name)) {
      report([...path, "name"], {
        message: `the token name \`${token.name}\` is used twice`,
        fix: "give each holder a name of its own",
      });
    }
    if (token.name !== undefined) names.add(token.name);
    const secret = token.token as Secret | undefined;
    if (secret === undefined) continue;
    const other = texts.get(secret.reveal());
    if (other !== undefined) {
      report([...path, "token"], {
        message: `this token is the same as that of \`${other}\`: nobody could tell the two apart`,
        fix: "give each holder a token of its own",
      });
    }
    texts.set(secret.reveal(), token.name ?? "");
    checkLength(secret, [...path, "token"], report);
  }
}

type TableParts = { readonly path?: string | undefined; readonly format?: FileFormat | undefined };
type SourceParts = NonNullable<NonNullable<ConfigParts["sources"]>[string]>;

function checkSource(source: SourceParts, path: Path, report: Report): void {
  if (source.type === "files") {
    if (source.tables !== undefined && Object.keys(source.tables).length === 0) {
      report(
        [...path, "tables"],
        {
          message: "a files source without tables answers nothing",
          fix: 'add a table, such as `access: { path: "examples/apache/*.ndjson.gz" }`',
        },
        { at: "key" },
      );
    }
    for (const [name, table] of Object.entries(source.tables ?? {}))
      checkTable(table, [...path, "tables", name], report);
    return;
  }
  const urls =
    source.type === "elasticsearch"
      ? (source.nodes ?? []).map((url, position) => ({ url, at: [...path, "nodes", position] }))
      : [{ url: source.url, at: [...path, "url"] }];
  for (const { url, at } of urls) checkUrl(url, source.allow_http, at, report);
  if (source.type === "prometheus" && source.url !== undefined && /[?#]/.test(source.url)) {
    report([...path, "url"], {
      message: "the address of a prometheus source goes on after `?` or `#`, which is never sent",
      fix: "write the address before `/api/v1/`; credentials go into `auth`",
    });
  }
  const auth = source.auth;
  if (auth === undefined) return;
  const basic = auth.user !== undefined || auth.password !== undefined;
  const ways = [auth.api_key !== undefined, auth.token !== undefined, basic].filter(Boolean).length;
  if (ways > 1)
    report(
      [...path, "auth"],
      {
        message: "`auth` names several ways to sign in",
        fix: "keep one: `api_key`, or `token`, or `user` and `password`",
      },
      { at: "key" },
    );
  if (basic && (auth.user === undefined || auth.password === undefined)) {
    report(
      [...path, "auth"],
      { message: "`user` and `password` belong together", fix: "add the other one" },
      { at: "key" },
    );
  }
}

/** What the source would refuse at the start, told with its place and beside all other faults. */
function checkTable({ path, format }: TableParts = {}, at: Path, report: Report): void {
  if (path === undefined) return;
  const where = [...at, "path"];
  if (path.includes("://")) {
    report(where, {
      message: `${shown(path)} is no file of this machine`,
      fix: "write a path or a glob, such as `logs/*.ndjson.gz`",
    });
  } else if (/[{}]/.test(path)) {
    report(where, {
      message: "braces are no part of a glob here",
      fix: "use `*`, `?`, `[…]` and `**`, or a table for each path",
    });
  } else if (format === undefined && fileFormatOf(path) === undefined) {
    report(where, {
      message: `the ending of ${shown(path)} does not tell how the files are written`,
      fix: "write `format: ndjson`, `csv` or `parquet` beside it",
    });
  }
}

type TrackerParts = NonNullable<NonNullable<ConfigParts["trackers"]>[string]>;

function checkTracker(tracker: TrackerParts, path: Path, report: Report): void {
  if (tracker.type !== "jira") return;
  checkUrl(tracker.url, tracker.allow_http, [...path, "url"], report);
  const auth = tracker.auth;
  if (auth === undefined) return;
  const fix =
    "write `email` and `token` (Cloud), `token` alone (Data Center personal access token), or `user` and `password`";
  const basic = auth.user !== undefined || auth.password !== undefined;
  if (auth.email === undefined && auth.token === undefined && !basic) {
    report([...path, "auth"], { message: "`auth` names no way to sign in", fix }, { at: "key" });
  } else if (basic ? auth.user === undefined || auth.password === undefined : auth.token === undefined) {
    report([...path, "auth"], { message: "half of the credentials is missing", fix }, { at: "key" });
  } else if (basic && (auth.email !== undefined || auth.token !== undefined)) {
    report([...path, "auth"], { message: "`auth` names several ways to sign in", fix }, { at: "key" });
  }
}

function checkUrl(url: string | undefined, allowHttp: boolean | undefined, path: Path, report: Report): void {
  if (url === undefined) return;
  if (!URL.canParse(url)) {
    report(path, { message: "this is no web address", fix: "write for example `https://acme.atlassian.net`" });
  } else if (url.startsWith("http:") && !isLoopback(new URL(url).hostname) && allowHttp !== true) {
    report(path, {
      message: "`http:` towards another machine is refused: credentials and logs would travel readable",
      fix: "write `https:`, or `allow_http: true` beside it where the network itself is trusted",
    });
  }
}

function checkTrackerName(name: string, path: Path, trackers: readonly string[], report: Report): void {
  if (trackers.includes(name)) return;
  report(path, {
    message: `there is no tracker \`${name}\`${didYouMean(name, trackers)}`,
    fix: `use one of ${listed(trackers)}`,
  });
}

function checkPriority(priority: ConfigInput["priority"], report: Report): void {
  if (priority === undefined) return;
  const scale: PriorityScale = priorityScale(priority);
  const { Low, Medium, High, Highest } = scale.bands;
  if (!(Low < Medium && Medium < High && High < Highest)) {
    report(
      ["priority", "bands"],
      {
        message: `bands do not rise: low ${Low}, medium ${Medium}, high ${High}, highest ${Highest}`,
        fix: "write rising scores, such as `{ low: 15, medium: 35, high: 55, highest: 75 }`",
      },
      { at: "key" },
    );
  }
  for (const [name, cuts] of Object.entries(priority.weights ?? {})) {
    if (!Array.isArray(cuts)) continue;
    const whole = cuts.filter((cut) => cut !== undefined);
    const rises = whole.every(([input, points], position) => {
      const before = whole[position - 1];
      return before === undefined || (input > before[0] && points >= before[1]);
    });
    if (!rises)
      report(
        ["priority", "weights", name],
        {
          message: `\`${name}\` does not rise: more would score less`,
          fix: "order the pairs by input, with points that do not fall",
        },
        { at: "key" },
      );
  }
}

function checkRedaction({ redaction }: ConfigParts, report: Report): void {
  for (const [position, pattern] of (redaction?.patterns ?? []).entries()) {
    if (pattern?.name === undefined || pattern.pattern === undefined) continue;
    try {
      createRedactor({ patterns: [{ name: pattern.name, pattern: pattern.pattern }] });
    } catch (thrown) {
      if (!(thrown instanceof BackfeedError)) throw thrown;
      report(["redaction", "patterns", position, "pattern"], {
        message: thrown.message,
        fix: "write an RE2 expression: no look-around, no back-references, not matching the empty text",
      });
    }
  }
}

function linkFault(template: string): Wrong | undefined {
  // A condition may stand before it: what renders to nothing is left out.
  if (!/^\s*(\{%.*?%\}\s*)?https?:\/\//s.test(template))
    return { message: "a link begins with https://", fix: "write the whole address, with host" };
  return templateFault(template, { kind: "link", labels: undefined });
}
