import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { oneStory } from "../support/one-story.ts";
import { type Ran, runProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { type HistorySeries, type Prometheus, startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";

const minute = 60_000;
const hour = 60 * minute;
const start = Date.parse("2026-01-05T00:00:00Z");
/** The last instant that is judged: ten hours of history, in which the last two are bad. */
const end = start + 10 * hour;
const giga = 1e9;
const shipped = (path: string) => readFileSync(fileURLToPath(new URL(`../../rules/${path}`, import.meta.url)), "utf8");

type Value = (place: number) => number | undefined;
/** Of each minute, its value by the minute's number since the start. */
const gauge = (name: string, labels: Record<string, string>, value: Value): HistorySeries => ({
  name,
  labels,
  from: start,
  stepMs: minute,
  values: Array.from({ length: 10 * 60 + 1 }, (_, place) => value(place)),
});
/** A counter that grows by so much in a minute. */
const counter = (name: string, labels: Record<string, string>, growth: (place: number) => number): HistorySeries => {
  let total = 0;
  return gauge(name, labels, (place) => {
    total += growth(place);
    return total;
  });
};
const bad = (place: number) => place >= 8 * 60;
const when =
  (value: number, otherwise: number): Value =>
  (place) =>
    bad(place) ? value : otherwise;

const sick = { instance: "web-3:9100", job: "node" };
const well = { instance: "web-4:9100", job: "node" };
const disk = (instance: typeof sick, mountpoint: string, free: Value, type = "ext4"): HistorySeries[] => {
  const labels = { ...instance, device: `/dev${mountpoint}`, mountpoint, fstype: type };
  return [
    gauge("node_filesystem_avail_bytes", labels, free),
    gauge("node_filesystem_size_bytes", labels, () => 100 * giga),
    gauge("node_filesystem_files_free", labels, () => 900_000),
    gauge("node_filesystem_files", labels, () => 1_000_000),
    gauge("node_filesystem_readonly", labels, () => 0),
  ];
};

const machines: readonly HistorySeries[] = [
  ...[sick, well].flatMap((labels) => [
    gauge("up", labels, () => 1),
    gauge("node_memory_MemTotal_bytes", labels, () => 64 * giga),
    gauge("node_timex_sync_status", labels, () => 1),
    counter("node_network_receive_packets_total", { ...labels, device: "eth0" }, () => 60_000),
    counter("node_network_transmit_packets_total", { ...labels, device: "eth0" }, () => 60_000),
    counter("node_network_transmit_errs_total", { ...labels, device: "eth0" }, () => 0),
    gauge("node_md_disks_required", { ...labels, device: "md0" }, () => 2),
  ]),
  gauge("node_memory_MemAvailable_bytes", sick, when(2 * giga, 20 * giga)),
  gauge("node_memory_MemAvailable_bytes", well, () => 20 * giga),
  // 38 % free and 0.5 GB less each hour: empty in some three days. And one that fills faster, of which half is free still.
  ...disk(sick, "/data", (place) => (43 - place / 120) * giga),
  ...disk(well, "/data", (place) => (80 - place / 30) * giga),
  // Full, and no disk.
  ...disk(well, "/run", () => 0, "tmpfs"),
  gauge("node_timex_offset_seconds", sick, when(-0.2, 0.001)),
  gauge("node_timex_offset_seconds", well, () => 0.001),
  counter("node_network_receive_errs_total", { ...sick, device: "eth0" }, (place) => (bad(place) ? 3_000 : 0)),
  counter("node_network_receive_errs_total", { ...well, device: "eth0" }, () => 1),
  gauge("node_md_disks", { ...sick, device: "md0", state: "active" }, when(1, 2)),
  gauge("node_md_disks", { ...sick, device: "md0", state: "failed" }, when(1, 0)),
  gauge("node_md_disks", { ...well, device: "md0", state: "active" }, () => 2),
  gauge("node_systemd_unit_state", { ...sick, name: "ntp.service", state: "failed" }, when(1, 0)),
  gauge("node_systemd_unit_state", { ...sick, name: "ssh.service", state: "failed" }, () => 0),
  counter("node_cpu_seconds_total", { ...sick, cpu: "0", mode: "idle" }, (place) => (bad(place) ? 0.6 : 50)),
  counter("node_cpu_seconds_total", { ...sick, cpu: "1", mode: "idle" }, (place) => (bad(place) ? 0.6 : 50)),
  counter("node_cpu_seconds_total", { ...well, cpu: "0", mode: "idle" }, () => 50),
  counter("node_vmstat_oom_kill", sick, (place) => (place === 9 * 60 ? 1 : 0)),
  counter("node_vmstat_oom_kill", well, () => 0),
];

const shop = { namespace: "shop", job: "kube-state-metrics" };
const pod = (name: string) => ({ ...shop, pod: name, uid: `uid-${name}` });
const cluster: readonly HistorySeries[] = [
  gauge("kube_node_info", { node: "worker-1" }, () => 1),
  gauge("kube_node_info", { node: "worker-2" }, () => 1),
  gauge("kube_node_status_condition", { node: "worker-1", condition: "Ready", status: "true" }, () => 1),
  gauge("kube_node_status_condition", { node: "worker-2", condition: "Ready", status: "true" }, () => 1),
  gauge("kube_node_status_condition", { node: "worker-2", condition: "DiskPressure", status: "true" }, when(1, 0)),
  // The pod's name is new with each try of the roll-out.
  ...Array.from({ length: 4 }, (_, place) =>
    gauge(
      "kube_pod_container_status_waiting_reason",
      { ...pod(`cart-${place}`), container: "cart", reason: "CrashLoopBackOff" },
      (at) => (bad(at) && Math.floor(at / 30) % 4 === place ? 1 : undefined),
    ),
  ),
  counter("container_oom_events_total", { ...pod("search-1"), container: "search" }, (place) =>
    place === 9 * 60 || place === 9 * 60 + 10 ? 2 : 0,
  ),
  ...["Pending", "Unknown"].map((phase) =>
    gauge("kube_pod_status_phase", { ...pod("mail-1"), phase }, (at) => (bad(at) && phase === "Pending" ? 1 : 0)),
  ),
  gauge("kube_pod_created", pod("mail-1"), () => (start + 8 * hour) / 1_000),
  // Always some build that waits, none for long.
  gauge("kube_pod_status_phase", { ...pod("build-1"), namespace: "ci", phase: "Pending" }, () => 1),
  gauge("kube_pod_created", { ...pod("build-1"), namespace: "ci" }, (at) => (start + (at - 5) * minute) / 1_000),
  gauge("kube_deployment_status_replicas_available", { ...shop, deployment: "cart" }, when(3, 4)),
  gauge("kube_deployment_spec_replicas", { ...shop, deployment: "cart" }, () => 4),
  gauge("kube_deployment_status_replicas_available", { ...shop, deployment: "off" }, () => 0),
  gauge("kube_deployment_spec_replicas", { ...shop, deployment: "off" }, () => 0),
  gauge("kube_statefulset_status_replicas_ready", { ...shop, statefulset: "db" }, when(0, 2)),
  gauge("kube_statefulset_replicas", { ...shop, statefulset: "db" }, () => 2),
  gauge("kube_daemonset_status_number_ready", { ...shop, daemonset: "agent" }, () => 2),
  gauge("kube_daemonset_status_desired_number_scheduled", { ...shop, daemonset: "agent" }, () => 2),
  gauge("kube_job_failed", { ...shop, job_name: "invoices-29", condition: "true" }, (at) => (bad(at) ? 1 : undefined)),
  gauge("kube_job_status_start_time", { ...shop, job_name: "invoices-29" }, () => start / 1_000),
  gauge("kube_job_owner", { ...shop, job_name: "invoices-29", owner_kind: "CronJob", owner_name: "invoices" }, () => 1),
  // Failed two days ago, and stays until another fails.
  gauge("kube_job_failed", { ...shop, job_name: "backup-11", condition: "true" }, () => 1),
  gauge("kube_job_status_start_time", { ...shop, job_name: "backup-11" }, () => (start - 48 * hour) / 1_000),
  gauge("kube_job_owner", { ...shop, job_name: "backup-11", owner_kind: "CronJob", owner_name: "backup" }, () => 1),
  ...["data-db-0", "data-db-1"].flatMap((persistentvolumeclaim, place) => [
    gauge("kubelet_volume_stats_available_bytes", { namespace: "shop", persistentvolumeclaim }, (at) =>
      place === 0 ? (40 - at / 100) * giga : 3.9 * giga,
    ),
    gauge("kubelet_volume_stats_capacity_bytes", { namespace: "shop", persistentvolumeclaim }, () => 100 * giga),
  ]),
  gauge(
    "kube_horizontalpodautoscaler_status_current_replicas",
    { ...shop, horizontalpodautoscaler: "cart" },
    when(8, 3),
  ),
  gauge("kube_horizontalpodautoscaler_spec_max_replicas", { ...shop, horizontalpodautoscaler: "cart" }, () => 8),
  gauge("kube_horizontalpodautoscaler_status_current_replicas", { ...shop, horizontalpodautoscaler: "one" }, () => 1),
  gauge("kube_horizontalpodautoscaler_spec_max_replicas", { ...shop, horizontalpodautoscaler: "one" }, () => 1),
  counter("apiserver_request_total", { code: "500", resource: "pods" }, (place) => (bad(place) ? 60 : 1)),
  counter("apiserver_request_total", { code: "200", resource: "pods" }, () => 1_000),
];

interface Row {
  readonly tick: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly verdict: string;
  readonly outcome: string;
  readonly reason: string;
}

describe("the node and Kubernetes packs on a real Prometheus", function () {
  this.timeout(400_000);
  oneStory(this);
  let prometheus: Prometheus;
  let project: ProjectFolder;
  const rows: Row[] = [];

  const run = (...args: string[]): Promise<Ran> => runProduct(args, { cwd: project.path });
  async function runTo(at: number): Promise<void> {
    const { code, out, err } = await run("run", "--once", "--at", new Date(at).toISOString(), "--json");
    expect(code, err).to.equal(0);
    rows.push(...(JSON.parse(out) as Row[]));
  }
  const shown = ({ rule, labels }: Row) =>
    `${rule} ${Object.entries(labels)
      .sort()
      .map(([, value]) => value)
      .join(" ")}`.trim();

  before(async function () {
    prometheus = await startOrSkip(this, () => startPrometheus({ history: [...machines, ...cluster] }));
    project = await makeProjectFolder({
      "config/backfeed.yaml": `apiVersion: backfeed/v1
instance: packs-scenario
sources:
  metrics: { type: prometheus, url: "${prometheus.url}", delay: 0s }
trackers: { local: { type: local } }
tracker: local
catch_up: 4h
limits: { storm: 100, new_tickets_per_run: 100, new_tickets_per_day: 100, new_tickets_per_day_per_project: 100 }
`,
      "config/owners.yaml": "default: {}\nplatform: { labels: [team-platform] }\n",
      "rules/machines.yaml": shipped("node/machines.yaml"),
      "rules/workloads.yaml": shipped("kubernetes/workloads.yaml"),
      "rules/cluster.yaml": shipped("kubernetes/cluster.yaml"),
    });
  });
  after(async () => {
    await project?.remove();
    await prometheus?.stop();
  });

  it("says of machines and a cluster that are well only which disks will be full", async () => {
    await runTo(start + 7 * hour);
    await runTo(start + 8 * hour - minute);
    expect(rows.filter(({ verdict }) => verdict === "failed").map(shown)).to.deep.equal([]);
    const breached = new Set(rows.filter(({ verdict }) => verdict === "breached").map(shown));
    expect([...breached].sort()).to.deep.equal([
      "kube-volume-almost-full shop data-db-1",
      "kube-volume-full-soon shop data-db-0",
      "node-disk-full-soon web-3:9100 /data",
    ]);
  });

  it("files a ticket for each thing that goes wrong, and none for what looks like it", async () => {
    await runTo(start + 9 * hour);
    await runTo(end);
    expect(rows.filter(({ verdict }) => verdict === "failed").map(shown)).to.deep.equal([]);
    const created = rows.filter(({ outcome }) => outcome === "create").map(shown);
    expect(created.sort()).to.deep.equal(
      [
        "kube-api-errors",
        "kube-autoscaler-maxed cart shop",
        "kube-crash-loop cart shop",
        "kube-job-failed invoices shop",
        "kube-node-pressure DiskPressure worker-2",
        "kube-oom-kills search shop",
        "kube-pods-not-ready shop",
        "kube-volume-almost-full shop data-db-1",
        "kube-volume-full-soon shop data-db-0",
        "kube-workload-down shop db",
        "kube-workload-short shop cart",
        "node-clock-off web-3:9100",
        "node-cpu-saturated web-3:9100",
        "node-disk-full-soon web-3:9100 /data",
        "node-memory-short web-3:9100",
        "node-network-errors eth0 web-3:9100",
        "node-oom-kill web-3:9100",
        "node-raid-degraded md0 web-3:9100",
        "node-unit-failed web-3:9100 ntp.service",
      ].sort(),
    );
  });

  it("puts what the machine did beside it", () => {
    const memory = project.localTickets().find(({ summary }) => summary.startsWith("web-3:9100 has"));
    expect(memory?.labels).to.include("team-platform");
    expect(memory?.text).to.not.contain("Could not be had");
    const cpu = project.localTickets().find(({ summary }) => summary.includes("busy for an hour"));
    expect(cpu?.summary).to.equal("web-3:9100 has been 99.0% busy for an hour");
  });
});
