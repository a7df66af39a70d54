import { expect } from "chai";
import { deploySubject } from "../../../src/learn/deploy-subject.ts";
import { judgeDeploys, type SuspectInput } from "../../../src/learn/suspect-deploys.ts";
import type { Deploy } from "../../../src/model/deploy.ts";
import type { FindingEpisode } from "../../../src/model/finding.ts";
import { day, hour, minute } from "../../../src/support/duration.ts";
import { buildAlert } from "../../support/alerts.ts";
import { buildDeploy } from "../../support/deploys.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const onset = Date.parse("2026-01-05T10:00:00Z");

function episodeAt(startedAt: number, endedAt?: number): FindingEpisode {
  const none = { bad: 0, total: 0 };
  const ending = endedAt === undefined ? undefined : "recovered";
  const lasted = { startedAt, lastBreachAt: endedAt ?? startedAt, endedAt, ending } as const;
  return { ...lasted, peak: undefined, sums: none, endedSums: none, budgetShare: undefined };
}

const out = (version: string, beforeMs: number, more: Partial<Deploy> = {}) =>
  buildDeploy({ version, at: onset - beforeMs, ...more });

function judge(deploys: readonly Deploy[], more: Partial<SuspectInput> & { past?: readonly FindingEpisode[] } = {}) {
  const { past = [], ...input } = more;
  return judgeDeploys({
    finding: { episode: episodeAt(onset), pastEpisodes: past },
    subject: { services: ["checkout"], environment: "production" },
    windowMs: day,
    deploys,
    watchedSince: 0,
    ...input,
  });
}

const versions = (answer: ReturnType<typeof judge>) => answer?.suspects.map(({ deploy }) => deploy.version);

describe("suspect deploys", () => {
  it("are those from the window before the onset to a little after it, newest first, with how long before", () => {
    const deploys = [
      out("too-early", day + 1),
      out("first", day),
      out("skewed", -5 * minute),
      out("too-late", -5 * minute - 1),
      out("last", 12 * minute),
    ];
    const answer = judge(deploys);
    expect(versions(answer)).to.deep.equal(["skewed", "last", "first"]);
    expect(answer?.suspects.map(({ beforeMs }) => beforeMs)).to.deep.equal([-5 * minute, 12 * minute, day]);
    expect(answer).to.include({ more: 0, last: undefined, sinceDone: undefined, windowMs: day, onset });
  });

  it("are at most five; the others are counted", () => {
    const answer = judge(Array.from({ length: 8 }, (_, index) => out(`${index}`, index * minute)));
    expect(versions(answer)).to.deep.equal(["0", "1", "2", "3", "4"]);
    expect(answer?.more).to.equal(3);
  });

  it("are of the finding's service and environment, however these are written", () => {
    const deploys = [
      out("same", 1, { service: "Checkout", environment: "Prod" }),
      out("everywhere", 2, { environment: undefined }),
      out("elsewhere", 3, { environment: "staging" }),
      out("other", 4, { service: "cart" }),
    ];
    expect(versions(judge(deploys))).to.deep.equal(["same", "everywhere"]);
  });

  it("are of any environment where the finding names none, or a namespace that no deploy names", () => {
    const deploys = [out("one", 1, { environment: "production" }), out("two", 2, { environment: "staging" })];
    const of = (environment: string | undefined) =>
      versions(judge(deploys, { subject: { services: ["checkout"], environment } }));
    expect(of(undefined)).to.deep.equal(["one", "two"]);
    expect(of("team-shop")).to.deep.equal(["one", "two"]);
    expect(of("staging")).to.deep.equal(["two"]);
    expect(of("dev")).to.equal(undefined);
  });

  it("are not told of where no deploy of the service is known, or the finding is about none", () => {
    expect(judge([])).to.equal(undefined);
    expect(judge([out("1", 1, { service: "cart" })])).to.equal(undefined);
    expect(judge([out("1", 1)], { subject: { services: [], environment: undefined } })).to.equal(undefined);
  });

  it("leave the last one known where none is within the window", () => {
    const answer = judge([out("1.4.0", 9 * day), out("1.4.1", 6 * day)]);
    expect(answer?.suspects).to.deep.equal([]);
    expect(answer?.last).to.deep.include({ beforeMs: 6 * day });
    expect(answer?.last?.deploy.version).to.equal("1.4.1");
  });

  it("include one that was under way at the onset, however long it took to end", () => {
    const answer = judge([out("1.4.2", -40 * minute, { startedAt: onset - 3 * minute })]);
    expect(answer?.suspects[0]).to.include({ underWay: true, beforeMs: 3 * minute });
    expect(judge([out("1.4.2", -40 * minute, { startedAt: onset + 6 * minute })])).to.equal(undefined);
  });
});

describe("the version before a suspect", () => {
  const versionBefore = (...given: Parameters<typeof judge>) => judge(...given)?.suspects[0]?.before;
  const two = [out("1.4.2", hour), out("1.4.1", 6 * day + hour)];

  it("ran without the problem", () => {
    expect(versionBefore(two)).to.deep.equal({
      version: "1.4.1",
      ranMs: 6 * day,
      watchedMs: 6 * day,
      episodes: 0,
      same: false,
    });
  });

  it("showed it too: the episodes that began while it ran count, no others", () => {
    const past = [
      episodeAt(onset - 30 * minute, onset - 20 * minute),
      episodeAt(onset - 2 * hour, onset - 90 * minute),
      episodeAt(onset - 6 * day, onset - 6 * day + hour),
      episodeAt(onset - 7 * day, onset - 6 * day),
    ];
    expect(versionBefore(two, { past })).to.include({ version: "1.4.1", episodes: 2 });
  });

  it("is not known where no deploy before is", () => {
    expect(versionBefore([out("1.4.2", hour)])).to.equal(undefined);
    expect(versionBefore([out("1.4.2", hour), out("1.4.1", 2 * hour, { environment: "staging" })])).to.equal(undefined);
  });

  it("is said to be watched only as far as the rule was there", () => {
    expect(versionBefore(two, { watchedSince: onset - 3 * hour })).to.include({ ranMs: 6 * day, watchedMs: 2 * hour });
    expect(versionBefore(two, { watchedSince: onset - minute })).to.include({ watchedMs: 0 });
    expect(versionBefore(two, { watchedSince: undefined })).to.include({ watchedMs: 0 });
    const old = [out("1.4.2", hour), out("1.4.1", 50 * day)];
    expect(versionBefore(old)?.watchedMs).to.be.lessThan(30 * day);
  });

  it("runs from the first of its deploys in a row, and what failed did not run", () => {
    const deploys = [
      out("1.4.2", hour),
      out("1.4.2-rc", 2 * hour, { outcome: "failed" }),
      out("1.4.1", 5 * hour),
      out("1.4.1", 9 * hour),
      out("1.4.0", 11 * hour),
    ];
    expect(versionBefore(deploys)).to.include({ version: "1.4.1", ranMs: 8 * hour });
  });

  it("is the same where it was only deployed again", () => {
    const answer = judge([out("1.4.1", hour), out("1.4.1", 5 * hour)]);
    expect(answer?.suspects[0]).to.include({ again: false });
    expect(answer?.suspects[0]?.before).to.include({ version: "1.4.1", same: true, ranMs: 4 * hour });
  });

  it("is the one rolled back from, when a version returns", () => {
    const answer = judge([out("1.4.0", hour), out("1.4.1", 2 * hour), out("1.4.0", 9 * hour)]);
    expect(answer?.suspects[0]).to.include({ again: true });
    expect(answer?.suspects[0]?.before).to.include({ version: "1.4.1", same: false, ranMs: hour });
  });
});

describe("deploys since a ticket was done", () => {
  it("are those from Done to the return, also beyond the window", () => {
    const deploys = [out("1.4.3", hour), out("1.4.2", 3 * day), out("1.4.1", 9 * day)];
    const answer = judge(deploys, { doneAt: onset - 5 * day });
    expect(answer?.sinceDone?.deploys.map(({ deploy }) => deploy.version)).to.deep.equal(["1.4.3", "1.4.2"]);
    expect(versions(answer)).to.deep.equal(["1.4.3"]);
    expect(judge(deploys, { doneAt: onset - minute })?.sinceDone?.deploys).to.deep.equal([]);
    expect(judge(deploys, { doneAt: onset + minute })?.sinceDone).to.equal(undefined);
  });
});

describe("the service and environment a finding is about", () => {
  const subjectOf = (labels: Record<string, string>, rule = buildRule()) => {
    const alert = buildAlert(rule, { labels });
    return deploySubject({ ...buildFinding(rule, { alerts: [alert] }), groupLabels: {} }, rule);
  };

  it("are what its labels call them, the most telling name first", () => {
    expect(subjectOf({ "service.name": "checkout", job: "scrape", env: "prod" })).to.deep.equal({
      services: ["checkout"],
      environment: "prod",
    });
    expect(subjectOf({ job: "node", namespace: "shop" })).to.deep.equal({ services: ["node"], environment: "shop" });
  });

  it("are what the rule's `where` names, where no label does", () => {
    const where = { "service.name": ["cart", "search"], "service.environment": ["production"] };
    expect(subjectOf({ host: "a" }, buildRule({ signal: { where } }))).to.deep.equal({
      services: ["cart", "search"],
      environment: "production",
    });
  });

  it("are of all its alerts, where its group does not name them", () => {
    const rule = buildRule();
    const alerts = ["cart", "checkout"].map((service) => buildAlert(rule, { labels: { service } }));
    expect(deploySubject(buildFinding(rule, { alerts }), rule).services).to.have.members(["cart", "checkout"]);
  });

  it("are none where nothing names a service; names of Object's own are no labels", () => {
    expect(subjectOf({ host: "a" })).to.deep.equal({ services: [], environment: undefined });
    expect(subjectOf({ service: "  " })).to.deep.equal({ services: [], environment: undefined });
  });
});
