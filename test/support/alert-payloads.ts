/** Payloads as Alertmanager's and Grafana's documents show them; texts are ours. */

export interface PayloadAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: number;
  /** Left out: it fires. */
  readonly endsAt?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly more?: Readonly<Record<string, unknown>>;
}

const noTime = "0001-01-01T00:00:00Z";
const iso = (at: number) => new Date(at).toISOString().replace("Z", "999999Z");

/** What a webhook receiver of Alertmanager gets: version 4 of the payload. */
export function alertmanagerPayload(
  alerts: readonly PayloadAlert[],
  { groupBy = ["alertname"], truncated = 0 }: { groupBy?: readonly string[]; truncated?: number } = {},
) {
  const first = alerts[0]?.labels ?? {};
  const groupLabels = Object.fromEntries(groupBy.flatMap((name) => (name in first ? [[name, first[name]]] : [])));
  return {
    version: "4",
    groupKey: `{}:{${Object.entries(groupLabels)
      .map(([name, value]) => `${name}="${value}"`)
      .join(", ")}}`,
    truncatedAlerts: truncated,
    status: alerts.some(({ endsAt }) => endsAt === undefined) ? "firing" : "resolved",
    receiver: "backfeed",
    groupLabels,
    commonLabels: first,
    commonAnnotations: {},
    externalURL: "http://alertmanager.example.com:9093",
    alerts: alerts.map(({ labels, startsAt, endsAt, annotations = {}, more = {} }) => ({
      status: endsAt === undefined ? "firing" : "resolved",
      labels,
      annotations,
      startsAt: iso(startsAt),
      endsAt: endsAt === undefined ? noTime : iso(endsAt),
      generatorURL: "http://prometheus.example.com:9090/graph?g0.expr=job%3Aerrors%3Aratio+%3E+0.05&g0.tab=1",
      fingerprint: "c6319a4bd2c1d4b7",
      ...more,
    })),
  };
}

/** What Grafana's webhook contact point sends (version 1): the same members and its own. */
export function grafanaPayload(alerts: readonly PayloadAlert[]) {
  const payload = alertmanagerPayload(alerts, { groupBy: ["alertname", "grafana_folder"] });
  return {
    ...payload,
    version: "1",
    orgId: 1,
    title: "[FIRING:1] Errors",
    state: payload.status === "firing" ? "alerting" : "ok",
    message: "**Firing**",
    alerts: payload.alerts.map((alert) => ({
      values: { B: 12.5, C: 1 },
      valueString: "[ var='B' labels={service=checkout} value=12.5 ], [ var='C' labels={service=checkout} value=1 ]",
      dashboardURL: "https://grafana.example.com/d/abc?orgId=1",
      panelURL: "https://grafana.example.com/d/abc?orgId=1&viewPanel=4",
      silenceURL: "https://grafana.example.com/alerting/silence/new?alertmanager=grafana",
      imageURL: "https://grafana.example.com/img/1.png",
      ...alert,
      generatorURL: "https://grafana.example.com/alerting/grafana/abc/view?orgId=1",
    })),
  };
}
