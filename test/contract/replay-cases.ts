import fc from "fast-check";

const minute = 60_000;
const day = 86_400_000;

/** In this night the clocks of Berlin are put forward, and in UTC a day ends. */
export const replayFrom = Date.parse("2026-03-28T23:20:00Z");
export const replayTo = Date.parse("2026-03-29T02:10:00Z");

export interface ReplayEvent {
  readonly "@timestamp": string;
  readonly service: string;
  readonly host: string;
  readonly user: string;
  readonly status: number;
  readonly duration: number;
}

/** A night and the same hours of the night before; each with a gap of forty minutes, the later one with a burst of failures. */
export function replayEvents(seed: number): readonly ReplayEvent[] {
  const gap = { from: replayFrom + 70 * minute, to: replayFrom + 110 * minute };
  const burst = { from: replayFrom + 20 * minute, to: replayFrom + 45 * minute };
  const event = fc.record({
    at: fc.integer({ min: replayFrom - 90 * minute, max: replayTo }),
    isEarlier: fc.boolean(),
    service: fc.constantFrom("cart", "cart", "cart", "mail", "search"),
    host: fc.constantFrom("a", "b"),
    user: fc.integer({ min: 0, max: 60 }),
    fails: fc.integer({ min: 0, max: 99 }),
    duration: fc.integer({ min: 1, max: 2_000 }),
  });
  return fc
    .sample(event, { seed, numRuns: 6_000 })
    .filter(({ at }) => at < gap.from || at >= gap.to)
    .map(({ at, isEarlier, service, host, user, fails, duration }) => {
      const isBad = at >= burst.from && at < burst.to && !isEarlier && service !== "mail";
      return {
        "@timestamp": new Date(at - (isEarlier ? day : 0)).toISOString(),
        service,
        host,
        user: `u${user}`,
        status: fails < (isBad ? 60 : 3) ? 503 : 200,
        duration: isBad ? duration * 3 : duration,
      };
    })
    .sort((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
}

interface Schedule {
  readonly schedule: string;
  readonly windows: readonly string[];
}

const schedules: readonly Schedule[] = [
  { schedule: 'schedule: "* * * * *"', windows: ["1m", "5m", "17m", "1h"] },
  { schedule: 'schedule: "*/5 * * * *"', windows: ["5m", "7m", "1h"] },
  { schedule: 'schedule: "*/10 * * * *", timezone: Europe/Berlin', windows: ["10m", "25m"] },
  { schedule: 'schedule: "7,37 * * * *", timezone: Europe/Berlin', windows: ["1h", "2h"] },
];

const eventMeasures = [
  { measure: "count", limit: 20 },
  { measure: "rate", limit: 0.3 },
  { measure: "ratio", limit: 0.1 },
  { measure: "unique(user)", limit: 12 },
  { measure: "p95(duration)", limit: 2_000 },
  { measure: "avg(duration)", limit: 1_100 },
  { measure: "sum(duration)", limit: 20_000 },
  { measure: "max(duration)", limit: 2_500 },
  { measure: "min(duration)", limit: 40 },
] as const;

const forms = (limit: number) =>
  fc.constantFrom(
    `when: { above: ${limit} }`,
    `when: { above: ${limit}, for: 4m }, until: { below: ${limit / 2}, for: 6m }`,
    `when: { below: ${limit / 4} }, no_data: breach`,
    "when: { change: { versus: previous, up: 1.5x } }",
    `when: { change: { versus: 1d, up: 2x, down: 60%, floor: ${limit / 4} } }`,
    "when: { absent: { known_for: 1h } }",
  );

/** Signals of events: `bad` is the failing part of a ratio, in the source's language. */
export function eventRules(place: string, bad: string): fc.Arbitrary<string> {
  return fc
    .record({
      timing: fc.constantFrom(...schedules),
      window: fc.nat(),
      measured: fc.constantFrom(...eventMeasures),
      by: fc.constantFrom("[]", "[service]", "[service]", "[service, host]"),
      groups: fc.constantFrom(200, 2),
      service: fc.constantFrom("", ", where: { service: [cart, search] }"),
    })
    .chain(({ timing, window, measured, by, groups, service }) => {
      const { measure, limit } = measured;
      const length = timing.windows[window % timing.windows.length];
      const more = measure === "ratio" ? `, bad: ${JSON.stringify(bad)}` : "";
      const signal = `signal: { source: s, ${place}, measure: ${measure}${more}, by: ${by}, max_groups: ${groups}, window: ${length}${service} }`;
      return forms(limit).map((form) => `${timing.schedule}, ${signal}, ${form}`);
    });
}

/** Among those of every run: what does not add up over overlapping windows, many windows at once, and a past before the start. */
export const overlapping = (place: string, bad: string): readonly string[] => [
  `schedule: "* * * * *", signal: { source: s, ${place}, measure: unique(user), by: [service], window: 17m }, when: { above: 12, for: 4m }`,
  `schedule: "*/5 * * * *", signal: { source: s, ${place}, measure: p95(duration), by: [service], window: 1h }, when: { change: { versus: previous, up: 1.2x } }`,
  `schedule: "*/5 * * * *", signal: { source: s, ${place}, measure: ratio, bad: ${JSON.stringify(bad)}, by: [service] }, when: { burn: { objective: 99%, period: 30d, tiers: google } }`,
  `schedule: "*/5 * * * *", signal: { source: s, ${place}, measure: count, by: [service], window: 5m }, when: { baseline: { history: 2d, season: none } }`,
];

const expressions = [
  { promql: "load", by: "[service]" },
  { promql: "avg by (service) (load)", by: "[service]" },
  { promql: "sum by (service) (rate(requests_total[7m]))", by: "[service]" },
  { promql: "max(max_over_time(load[1h:5m]))", by: "[]" },
  { promql: "sum(load)", by: "[]" },
  { promql: "load @ end()", by: "[service]" },
];

/** Signals of a metrics source. */
export const promqlRules: fc.Arbitrary<string> = fc
  .record({
    timing: fc.constantFrom(...schedules),
    expression: fc.constantFrom(...expressions),
    groups: fc.constantFrom(200, 2),
  })
  .chain(({ timing, expression: { promql, by }, groups }) => {
    const signal = `signal: { source: s, promql: ${JSON.stringify(promql)}, by: ${by}, max_groups: ${groups}, window: ${timing.windows.at(-1)} }`;
    return forms(90).map((form) => `${timing.schedule}, ${signal}, ${form}`);
  });

/** A rule file of some drawn rules. */
export function ruleFile(rules: readonly string[]): string {
  const entries = rules.map((rule, place) => `  - { id: drawn-${place}, title: '{{ value }}', why: y, ${rule} }\n`);
  return `apiVersion: backfeed/v1\nrules:\n${entries.join("")}`;
}
