import { expect } from "chai";
import type { RateSignal } from "../../../../src/trackers/jira/pace.ts";
import { readRateSignal, retryAfterOf } from "../../../../src/trackers/jira/rate-signal.ts";

const now = Date.parse("2026-01-05T10:00:00Z");
const read = (status: number, headers: Record<string, string> = {}) => readRateSignal({ status, headers }, now);

describe("what an answer says about limits", () => {
  it("is nothing on most answers", () => {
    const calm: RateSignal = {
      isRefused: false,
      isOfIssue: false,
      waitMs: undefined,
      isNear: false,
      remaining: undefined,
      perMinute: undefined,
    };
    expect(read(200)).to.deep.equal(calm);
    expect(read(200, { "x-ratelimit-limit": "350", "x-ratelimit-remaining": "349" })).to.deep.equal({
      ...calm,
      remaining: 349,
    });
    expect(read(404, { "retry-after": "5" })).to.deep.equal(calm);
  });

  it("is a refusal with its wait: in seconds, as a date, or by the reset", () => {
    const headers: [Record<string, string>, number | undefined][] = [
      [{ "retry-after": "3600", "ratelimit-reason": "jira-quota-tenant-based" }, 3_600_000],
      [{ "retry-after": "Mon, 05 Jan 2026 10:01:00 GMT" }, 60_000],
      [{ "x-ratelimit-reset": "2026-01-05T10:00:30Z" }, 30_000],
      [{ "x-ratelimit-reset": "2026-01-05T10:00:30Z", date: "Mon, 05 Jan 2026 10:00:10 GMT" }, 20_000],
      [{ "retry-after": "Monday, 05-Jan-26 10:01:00 GMT" }, 60_000],
      [{ "retry-after": "86400" }, 24 * 3_600_000],
      [{ "retry-after": "0.2" }, 200],
      // As Atlassian's documents write it, and without the zone that it is in.
      [{ "x-ratelimit-reset": "2026-01-05T10:01Z" }, 60_000],
      [{ "x-ratelimit-reset": "2026-01-05T10:01:00" }, 60_000],
      [{ "x-ratelimit-reset": "2026-01-05T11:01:00+01:00" }, 60_000],
      [{ "x-ratelimit-reset": "1767607260" }, 60_000],
      [{ "x-ratelimit-reset": "60" }, 60_000],
      [{ "retry-after": "Mon, 05 Jan 2026 09:00:00 GMT" }, 0],
      [{ "x-ratelimit-reset": "2026-01-05T09:00Z" }, 0],
      [{ ratelimit: '"global-app-quota";r=0;t=600', "ratelimit-policy": '"global-app-quota";q=65000;w=3600' }, 600_000],
      [{ "x-ratelimit-interval-seconds": "5", "x-ratelimit-fillrate": "1" }, 5_000],
      // What nobody means: a blocked account's 2^63 seconds, negative ones, years that Date.parse makes of "-5" and "50".
      [{ "retry-after": "9223372036854775807" }, 3_600_000],
      [{ "retry-after": "9".repeat(400) }, 3_600_000],
      [{ "x-ratelimit-reset": "2999-01-01T00:00Z" }, 3_600_000],
      [{ "retry-after": "-5" }, undefined],
      [{ "retry-after": "5, 10" }, undefined],
      [{ "x-ratelimit-reset": "-50" }, undefined],
      [{ "x-ratelimit-reset": "2026-13-45T99:99Z" }, undefined],
      [{ "retry-after": "soon" }, undefined],
      [{}, undefined],
    ];
    for (const [given, waitMs] of headers) expect(read(429, given)).to.include({ isRefused: true, waitMs });
  });

  it("is of one issue when Jira says so", () => {
    const headers = { "retry-after": "2", "ratelimit-reason": "jira-per-issue-on-write" };
    expect(read(429, headers)).to.include({ isOfIssue: true, waitMs: 2_000 });
    expect(read(429, { ...headers, "ratelimit-reason": "jira-burst-based" }).isOfIssue).to.equal(false);
  });

  it("is a near limit by Jira's word, or by a fifth that is left", () => {
    expect(read(200, { "x-ratelimit-nearlimit": "true" }).isNear).to.equal(true);
    expect(read(200, { "x-ratelimit-nearlimit": "false" }).isNear).to.equal(false);
    expect(read(200, { "x-ratelimit-limit": "100", "x-ratelimit-remaining": "19" }).isNear).to.equal(true);
    expect(read(200, { "x-ratelimit-limit": "100", "x-ratelimit-remaining": "20" }).isNear).to.equal(false);
    expect(read(200, { "x-ratelimit-limit": "many", "x-ratelimit-remaining": "-1" }).isNear).to.equal(false);
  });

  it("is a wait although the answer came, when nothing is left behind it", () => {
    const spent = { "x-ratelimit-limit": "10", "x-ratelimit-remaining": "0" };
    expect(read(200, { ...spent, "x-ratelimit-reset": "2026-01-05T10:00:05Z" }).waitMs).to.equal(5_000);
    // Data Center: no wait while tokens remain.
    expect(read(200, { ...spent, "retry-after": "3" }).waitMs).to.equal(3_000);
    expect(read(200, { ...spent, "x-ratelimit-remaining": "4", "retry-after": "0" }).waitMs).to.equal(undefined);
  });

  it("is a wait on a 503 that names one, in seconds or as a date", () => {
    expect(read(503, { "retry-after": "20" })).to.include({ isRefused: false, waitMs: 20_000 });
    const date = { date: "Mon, 05 Jan 2026 09:00:00 GMT", "retry-after": "Mon, 05 Jan 2026 09:00:30 GMT" };
    expect(read(503, date)).to.include({ isRefused: false, waitMs: 30_000 });
    expect(read(503).waitMs).to.equal(undefined);
  });

  it("is no wait on a failure, for the end of a window that has room: Cloud says it on every answer", () => {
    const roomy = {
      "x-ratelimit-limit": "350",
      "x-ratelimit-remaining": "300",
      "x-ratelimit-reset": "2026-01-05T11:00Z",
    };
    expect(read(500, roomy).waitMs).to.equal(undefined);
    expect(retryAfterOf({ status: 500, headers: roomy }, now)).to.equal(undefined);
    expect(retryAfterOf({ status: 429, headers: roomy }, now)).to.equal(3_600_000);
    expect(read(500, { ratelimit: '"jira-burst-based";r=90;t=1' }).waitMs).to.equal(undefined);
  });

  it("is a near limit by what is left of an hour's quota, announced or kept to, and a wait only by the latter", () => {
    const policy = '"global-app-quota";q=65000;w=3600,"jira-burst-based";q=100;w=1';
    const beta = (left: string) => read(200, { "beta-ratelimit": left, "beta-ratelimit-policy": policy });
    expect(beta('"global-app-quota";t=3200')).to.include({ isNear: false, waitMs: undefined });
    expect(beta('"global-app-quota";r=60000;t=600, "jira-burst-based";r=90;t=1').isNear).to.equal(false);
    expect(beta('"global-app-quota";r=11000;t=600').isNear).to.equal(true);
    expect(beta('"global-app-quota";r=60000;t=600,"jira-burst-based";r=9;t=1').isNear).to.equal(true);
    expect(read(200, { "x-beta-ratelimit-nearlimit": "true" }).isNear).to.equal(true);
    // Once it is used up its policy is not told any more, and requests still succeed.
    expect(read(200, { "beta-ratelimit": '"tenant-app-quota";r=0;t=2788' })).to.include({
      isNear: true,
      waitMs: undefined,
    });
    expect(read(200, { ratelimit: '"tenant-app-quota";r=0;t=2788' })).to.include({ isNear: true, waitMs: 2_788_000 });
    for (const nonsense of [";;;=,=;r", '"a";r=-1;t=x', ",".repeat(9_000), '"__proto__";r=1']) {
      expect(read(200, { ratelimit: nonsense }), nonsense.slice(0, 20)).to.include({
        isNear: false,
        waitMs: undefined,
      });
    }
  });

  it("is Data Center's bucket: what is left of it, and how fast it is filled", () => {
    const bucket = (fill: string, seconds: string) =>
      read(200, {
        "x-ratelimit-limit": "70",
        "x-ratelimit-remaining": "42",
        "x-ratelimit-fillrate": fill,
        "x-ratelimit-interval-seconds": seconds,
        "retry-after": "0",
      });
    expect(bucket("5", "1")).to.include({ remaining: 42, perMinute: 300, waitMs: undefined, isNear: false });
    expect(bucket("1", "120").perMinute).to.equal(0.5);
    for (const [fill, seconds] of [
      ["0", "1"],
      ["5", "0"],
      ["-5", "1"],
      ["many", "1"],
      ["5", ""],
    ] as const) {
      expect(bucket(fill, seconds).perMinute, `${fill} each ${seconds}`).to.equal(undefined);
    }
  });
});
