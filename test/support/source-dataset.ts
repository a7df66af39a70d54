/** A small deterministic generator (mulberry32): the same seed gives the same numbers on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One event as a log shipper would write it: nested JSON. `timings` and `tags` hold several values, null and absent occur. */
export interface DatasetEvent {
  readonly "@timestamp": string;
  readonly message: string;
  readonly service: { readonly name: string; readonly environment?: string };
  readonly http: {
    readonly request: { readonly method: string };
    readonly response?: { readonly status_code: number };
  };
  readonly url: { readonly path: string };
  readonly user?: { readonly id: string };
  readonly session: { readonly id: string };
  readonly request: { readonly key: string };
  readonly duration_ms?: number | null;
  readonly bytes: number;
  readonly timings?: readonly number[] | null;
  readonly sampled: boolean;
  readonly tags?: readonly string[];
}

export interface Dataset {
  readonly events: readonly DatasetEvent[];
  /** The busy hour: about 4,500 events. */
  readonly busy: { readonly from: number; readonly to: number };
  /** Five minutes with events on and around both ends: three inside, three outside. */
  readonly edge: { readonly from: number; readonly to: number };
  /** No event at all. */
  readonly empty: { readonly from: number; readonly to: number };
}

/** Values that break what concatenates text: each is the name of a service in the data. */
export const hostileNames: readonly string[] = [
  'quo"te',
  "single'quote",
  "back\\slash",
  "new\nline",
  "star*",
  "a OR b",
  "emoji 🦊",
  "{{ labels }}",
  "50%_x",
  "(paren) [x] {y} ~2 ^3 /re/",
  "'; DROP TABLE events; --",
];

/** Its `duration_ms` is null in every event: a mean of nothing although there are events. */
export const muteService = "mute";
/** Its events are few, and carry the message of `hostileMessage`. */
export const hostileService = "hostile-text";
export const hostileMessage = `<script>alert("1")</script> {{ x }} '; -- \\ \n\t\u001b[31m 🦊 ${"long ".repeat(400)}end`;

const services = ["checkout", "cart", "search", "payments", "profile", "mail"] as const;
const paths = ["/cart", "/checkout", "/search", "/health/live", "/health/ready"] as const;
const methods = ["GET", "POST", "PUT"] as const;
const tagNames = ["red", "green", "blue", "eu", "us"] as const;

/** The events that every source is asked about, in order of time. */
export function makeDataset({ seed = 20260105, count = 4_500 }: { seed?: number; count?: number } = {}): Dataset {
  const random = seededRandom(seed);
  const busyFrom = Date.parse("2026-01-05T10:00:00.000Z");
  const busy = { from: busyFrom, to: busyFrom + 3_600_000 };
  const edgeFrom = Date.parse("2026-01-05T12:00:00.000Z");
  const edge = { from: edgeFrom, to: edgeFrom + 300_000 };
  const empty = { from: edgeFrom + 3_600_000, to: edgeFrom + 3_900_000 };

  const events: DatasetEvent[] = [];
  for (let index = 0; index < count; index++) {
    const at = busy.from + Math.floor(random() * 3_600_000);
    events.push(makeEvent(at, index, random));
  }
  for (const [index, at] of [-1, 0, 1, 299_999, 300_000, 300_001].entries()) {
    events.push({ ...makeEvent(edge.from + at, index, random), service: { name: "edge", environment: "production" } });
  }
  events.sort((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : a["@timestamp"] > b["@timestamp"] ? 1 : 0));
  return { events, busy, edge, empty };
}

function makeEvent(at: number, index: number, random: () => number): DatasetEvent {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const chance = (share: number) => random() < share;
  const name = serviceName(index, random);
  const environment = chance(0.05) ? undefined : chance(0.7) ? "production" : "staging";
  const failed = chance(name === "checkout" ? 0.2 : 0.04);
  const status = chance(0.05) ? undefined : failed ? pick([500, 502, 503]) : pick([200, 200, 200, 201, 404]);
  // Log-normal, as durations are; two decimals so that sums in any order stay within 1e-9.
  const duration = Math.round(100 * Math.exp(4.5 + 0.9 * gauss(random))) / 100;
  const timings = chance(0.1) ? null : chance(0.1) ? undefined : repeat(Math.floor(random() * 4), () => roll(random));
  return {
    "@timestamp": new Date(at).toISOString(),
    message: name === hostileService ? hostileMessage : `${name} handled request ${index} in ${duration} ms`,
    service: environment === undefined ? { name } : { name, environment },
    http: {
      request: { method: pick(methods) },
      ...(status === undefined ? {} : { response: { status_code: status } }),
    },
    url: { path: pick(paths) },
    ...(chance(0.1) ? {} : { user: { id: `u${Math.floor(random() * 400)}` } }),
    session: { id: `s-${index % 3_700}` },
    request: { key: `k${String(index % 3_000).padStart(4, "0")}` },
    ...(chance(0.05) ? {} : { duration_ms: name === muteService || chance(0.08) ? null : duration }),
    bytes: Math.floor(random() * 50_000),
    ...(timings === undefined ? {} : { timings }),
    sampled: chance(0.5),
    ...(chance(0.2) ? {} : { tags: [...new Set(repeat(Math.floor(random() * 4), () => pick(tagNames)))] }),
  };
}

/** Services of clearly different size, so that a cut at the largest has one answer. */
function serviceName(index: number, random: () => number): string {
  if (index % 45 === 7) return hostileNames[Math.floor(index / 45) % hostileNames.length] as string;
  if (index % 300 === 11) return muteService;
  if (index % 500 === 13) return hostileService;
  let draw = random() * 21;
  for (const [rank, name] of services.entries()) {
    draw -= services.length - rank;
    if (draw < 0) return name;
  }
  return "mail";
}

function repeat<Item>(times: number, make: () => Item): Item[] {
  return Array.from({ length: times }, make);
}

function roll(random: () => number): number {
  return Math.round(random() * 10_000) / 100;
}

function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
