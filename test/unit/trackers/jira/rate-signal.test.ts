import { expect } from "chai";
import { readRateSignal } from "../../../../src/trackers/jira/rate-signal.ts";

const now = Date.parse("2026-01-05T10:00:00Z");
const read = (status: number, headers: Record<string, string> = {}) => readRateSignal({ status, headers }, now);

describe("what an answer says about limits", () => {
  it("is nothing on most answers", () => {
    const calm = { isRefused: false, isOfIssue: false, waitMs: undefined, isNear: false };
    expect(read(200)).to.deep.equal(calm);
    expect(read(200, { "x-ratelimit-limit": "350", "x-ratelimit-remaining": "349" })).to.deep.equal(calm);
    expect(read(404, { "retry-after": "5" })).to.deep.equal(calm);
  });

  it("is a refusal with its wait: in seconds, as a date, or by the reset", () => {
    const headers: [Record<string, string>, number | undefined][] = [
      [{ "retry-after": "3600", "ratelimit-reason": "jira-quota-tenant-based" }, 3_600_000],
      [{ "retry-after": "Mon, 05 Jan 2026 10:01:00 GMT" }, 60_000],
      [{ "x-ratelimit-reset": "2026-01-05T10:00:30Z" }, 30_000],
      [{ "x-ratelimit-reset": "2026-01-05T10:00:30Z", date: "Mon, 05 Jan 2026 10:00:10 GMT" }, 20_000],
      [{ "retry-after": "99999999" }, 24 * 3_600_000],
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

  it("is a wait on a 503 that names one", () => {
    expect(read(503, { "retry-after": "20" })).to.include({ isRefused: false, waitMs: 20_000 });
    expect(read(503).waitMs).to.equal(undefined);
  });
});
