import { z } from "zod";

const responses = z.object({ "4xx": z.number(), "5xx": z.number() });
const serverZone = z.object({ requests: z.number(), discarded: z.number(), responses });
const peer = z.object({
  server: z.string(),
  backup: z.boolean(),
  state: z.string(),
  active: z.number(),
  requests: z.number().optional(),
  connections: z.number().optional(),
  response_time: z.number().optional(),
  responses: responses.optional(),
  fails: z.number(),
  unavail: z.number(),
  health_checks: z.object({ fails: z.number() }),
});
const upstreams = z.record(z.string(), z.object({ peers: z.array(peer) }));

/** The parts we use of a snapshot of NGINX Plus's status page; counters run since the server's start. */
export const NginxSnapshot = z.object({
  /** Milliseconds since 1970. */
  timestamp: z.number(),
  server_zones: z.record(z.string(), serverZone),
  upstreams,
  stream: z.object({ upstreams }),
});
export type NginxSnapshot = z.infer<typeof NginxSnapshot>;

/** What happened at one upstream server or in one server zone between two snapshots. Counts are of that interval. */
export interface NginxDocument {
  /** ISO 8601, UTC: the later snapshot. */
  readonly "@timestamp": string;
  readonly event: { readonly dataset: "nginx.upstream_server" | "nginx.server_zone" };
  readonly service: { readonly name: "nginx" };
  readonly nginx: {
    readonly zone?: string;
    readonly upstream?: string;
    readonly protocol?: "http" | "stream";
    readonly server?: string;
    readonly backup?: boolean;
    /** NGINX's word: up, draining, down (by an operator), unavail, unhealthy, checking. */
    readonly state?: string;
    readonly active?: number;
    readonly response_time_ms?: number;
    /** HTTP requests, or TCP connections of a stream. */
    readonly requests: number;
    readonly responses_4xx?: number;
    readonly responses_5xx?: number;
    readonly discarded?: number;
    readonly fails?: number;
    readonly unavailable?: number;
    readonly health_check_fails?: number;
  };
}

/** Flattens snapshots, in order of time, to one document for every later one and each of its zones and servers. */
export function* flattenSnapshots(snapshots: Iterable<NginxSnapshot>): Generator<NginxDocument> {
  let before: NginxSnapshot | undefined;
  for (const now of snapshots) {
    if (before !== undefined) yield* compare(before, now);
    before = now;
  }
}

function* compare(before: NginxSnapshot, now: NginxSnapshot): Generator<NginxDocument> {
  const timestamp = new Date(now.timestamp).toISOString();
  const service = { name: "nginx" } as const;
  for (const [zone, { requests, discarded, responses }] of Object.entries(now.server_zones)) {
    const past = before.server_zones[zone];
    yield {
      "@timestamp": timestamp,
      event: { dataset: "nginx.server_zone" },
      service,
      nginx: {
        zone,
        requests: increase(past?.requests, requests),
        responses_4xx: increase(past?.responses["4xx"], responses["4xx"]),
        responses_5xx: increase(past?.responses["5xx"], responses["5xx"]),
        discarded: increase(past?.discarded, discarded),
      },
    };
  }
  for (const protocol of ["http", "stream"] as const) {
    const pastUpstreams = upstreamsOf(before, protocol);
    for (const [upstream, { peers }] of Object.entries(upstreamsOf(now, protocol))) {
      for (const peer of peers) {
        const past = pastUpstreams[upstream]?.peers.find(({ server }) => server === peer.server);
        const nginx = { upstream, protocol, ...comparePeer(past, peer) };
        yield { "@timestamp": timestamp, event: { dataset: "nginx.upstream_server" }, service, nginx };
      }
    }
  }
}

function comparePeer(past: z.infer<typeof peer> | undefined, now: z.infer<typeof peer>) {
  return {
    server: now.server,
    backup: now.backup,
    state: now.state,
    active: now.active,
    ...(now.response_time === undefined ? {} : { response_time_ms: now.response_time }),
    requests: increase(past?.requests ?? past?.connections, now.requests ?? now.connections ?? 0),
    ...(now.responses === undefined
      ? {}
      : {
          responses_4xx: increase(past?.responses?.["4xx"], now.responses["4xx"]),
          responses_5xx: increase(past?.responses?.["5xx"], now.responses["5xx"]),
        }),
    fails: increase(past?.fails, now.fails),
    unavailable: increase(past?.unavail, now.unavail),
    health_check_fails: increase(past?.health_checks.fails, now.health_checks.fails),
  };
}

function upstreamsOf(snapshot: NginxSnapshot, protocol: "http" | "stream") {
  return protocol === "http" ? snapshot.upstreams : snapshot.stream.upstreams;
}

/** How much a counter grew; one that fell was reset in between. A server seen for the first time has no past: 0. */
function increase(before: number | undefined, now: number): number {
  if (before === undefined) return 0;
  return now >= before ? now - before : now;
}
