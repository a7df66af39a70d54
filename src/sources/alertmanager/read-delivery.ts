import { z } from "zod";
import type { Labels } from "../../model/labels.ts";
import type { AlertSender, RaisedWords } from "../../model/raised-alert.ts";
import { cleanText } from "../../support/clean-text.ts";
import { cleanUrl } from "../../support/clean-url.ts";
import { holdsRedaction } from "../../support/redaction.ts";

/** Of one alert, in characters; labels as Prometheus' own limits would be set by a careful operator. */
const longest = {
  name: 200,
  value: 1_000,
  summary: 300,
  description: 2_000,
  values: 300,
  expression: 5_000,
  url: 4_000,
};
const mostLabels = 60;
/** Of one delivery. A body of its greatest length holds fewer. */
const mostAlerts = 10_000;
/** Alertmanager writes the year 1 where it has no time. */
const earliest = Date.UTC(2000, 0, 1);

const texts = z.record(z.string(), z.unknown()).nullish();
const maybeText = z.string().nullish().catch(undefined);

/*
 * What is taken of a payload of version 4 (prometheus.io/docs/alerting/latest/configuration/#webhook_config) and of Grafana's,
 * which has the same members and more (grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/
 * integrations/webhook-notifier/). Lenient: what is not needed may be anything.
 */
const payload = z.object({
  groupLabels: texts.catch(undefined),
  truncatedAlerts: z.number().int().min(0).nullish().catch(undefined),
  orgId: z.unknown().optional(),
  alerts: z.array(z.unknown()).max(mostAlerts),
});

const alert = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: z.record(z.string(), z.unknown()),
  annotations: texts.catch(undefined),
  startsAt: maybeText,
  endsAt: maybeText,
  generatorURL: maybeText,
  dashboardURL: maybeText,
  panelURL: maybeText,
  silenceURL: maybeText,
  imageURL: maybeText,
  values: z.record(z.string(), z.unknown()).nullish().catch(undefined),
  valueString: maybeText,
});

/** One alert of one delivery. Times are milliseconds, none of them to come. */
export interface AlertNotice {
  readonly labels: Labels;
  readonly startsAt: number;
  /** Undefined: it fires. */
  readonly endsAt: number | undefined;
  /** Names of labels, sorted; `alertname` is always among them where the alert has one. */
  readonly groupedBy: readonly string[];
  readonly words: Omit<RaisedWords, "since" | "until" | "heardAt">;
}

export interface ReadDelivery {
  readonly notices: readonly AlertNotice[];
  /** Alerts that are none: without labels, or in a state that is not known. */
  readonly unreadable: number;
  /** Alerts that the sender left out. */
  readonly leftOut: number;
}

/**
 * Reads what Alertmanager or Grafana posts; undefined for what is no such payload. Every text is cleaned, cut and without
 * secrets before anything is made of it. Pure.
 */
export function readDelivery(
  body: unknown,
  { now, redact }: { readonly now: number; readonly redact: (text: string) => string },
): ReadDelivery | undefined {
  const read = payload.safeParse(body);
  if (!read.success) return undefined;
  const { alerts, groupLabels, orgId } = read.data;
  const leftOut = read.data.truncatedAlerts ?? 0;
  const sender: AlertSender = orgId === undefined ? "alertmanager" : "grafana";
  const groupNames = Object.keys(groupLabels ?? {});
  const notices = alerts.flatMap((each): AlertNotice[] => {
    const one = alert.safeParse(each);
    const labels = one.success ? cleanLabels(one.data.labels, redact) : undefined;
    if (!one.success || labels === undefined) return [];
    const startsAt = Math.min(timeOf(one.data.startsAt) ?? now, now);
    const endsAt = one.data.status === "firing" ? undefined : Math.min(timeOf(one.data.endsAt) ?? now, now);
    const groupedBy = [...new Set(["alertname", ...groupNames])].filter((name) => labels[name] !== undefined).sort();
    const words = { sender, leftOut, ...wordsOf(one.data, redact) };
    return [{ labels, startsAt: Math.min(startsAt, endsAt ?? startsAt), endsAt, groupedBy, words }];
  });
  return { notices, unreadable: alerts.length - notices.length, leftOut };
}

/** Undefined where none is left, or far too many are there. Those that begin with `__` are their system's own. */
function cleanLabels(labels: Readonly<Record<string, unknown>>, redact: (text: string) => string): Labels | undefined {
  const entries = Object.entries(labels).flatMap(([name, value]): [string, string][] => {
    if (name === "" || name.startsWith("__") || typeof value !== "string") return [];
    const clean = line(value, longest.value, redact);
    return clean === undefined ? [] : [[cleanText(name, { maxLength: longest.name, singleLine: true }), clean]];
  });
  return entries.length === 0 || entries.length > mostLabels ? undefined : Object.fromEntries(entries);
}

function wordsOf(
  {
    annotations,
    generatorURL,
    dashboardURL,
    panelURL,
    silenceURL,
    imageURL,
    values,
    valueString,
  }: z.output<typeof alert>,
  redact: (text: string) => string,
) {
  const said = (name: string, most: number) => {
    const text = annotations?.[name];
    return typeof text === "string" ? line(text, most, redact) : undefined;
  };
  const message = said("message", longest.description);
  const summary = said("summary", longest.summary);
  const addresses = [
    ["the alert's rule", generatorURL],
    ["dashboard", dashboardURL],
    ["panel", panelURL],
    ["screenshot", imageURL],
    ["silence it there", silenceURL],
  ] as const;
  const runbook = annotations?.["runbook_url"] ?? annotations?.["runbook"];
  return {
    summary: summary ?? (message === undefined ? undefined : line(message, longest.summary, redact)),
    description: said("description", longest.description) ?? (summary === undefined ? undefined : message),
    runbook: typeof runbook === "string" ? cleanUrl(runbook, redact) : undefined,
    links: addresses.flatMap(([text, address]) => {
      const url = cleanUrl(address, redact, longest.url);
      return url === undefined ? [] : [{ text, url }];
    }),
    values: valuesText(values) ?? line(valueString ?? "", longest.values, redact),
    expression: expressionOf(generatorURL, redact),
  };
}

/** Grafana's numbers by the name of their expression: `A=12.5, B=1`. */
function valuesText(values: Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  const numbers = Object.entries(values ?? {}).flatMap(([name, value]) =>
    typeof value === "number" ? [`${cleanText(name, { maxLength: 50, singleLine: true })}=${value}`] : [],
  );
  return numbers.length === 0 ? undefined : cleanText(numbers.join(", "), { maxLength: longest.values });
}

/** Prometheus' link opens its expression: `/graph?g0.expr=…`. */
function expressionOf(generatorURL: string | null | undefined, redact: (text: string) => string): string | undefined {
  if (generatorURL == null || !URL.canParse(generatorURL)) return undefined;
  const expression = new URL(generatorURL).searchParams.get("g0.expr")?.trim() ?? "";
  const clean = redact(expression);
  return clean === "" || clean.length > longest.expression || holdsRedaction(clean) ? undefined : clean;
}

/** Redacted before it is cut: half a secret is not seen as one. */
function line(text: string, maxLength: number, redact: (text: string) => string): string | undefined {
  const clean = cleanText(redact(text), { maxLength, singleLine: true });
  return clean === "" ? undefined : clean;
}

function timeOf(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return Number.isFinite(time) && time >= earliest ? time : undefined;
}
