import { expect } from "chai";
import fc from "fast-check";
import { readGithubDeploy } from "../../../src/learn/read-github-deploy.ts";
import { readGitlabDeploy } from "../../../src/learn/read-gitlab-deploy.ts";
import { readOwnDeploy } from "../../../src/learn/read-own-deploy.ts";
import type { ToldDeploy } from "../../../src/learn/told-deploy.ts";
import type { Deploy } from "../../../src/model/deploy.ts";
import { mergeDeploys } from "../../../src/model/deploy.ts";
import { day, hour, minute } from "../../../src/support/duration.ts";
import { createRedactor } from "../../../src/support/redaction.ts";
import { githubDeploymentEvent, githubStatusEvent, gitlabDeploymentEvent } from "../../support/deploy-payloads.ts";

const at = Date.parse("2026-01-05T09:48:00Z");
const now = at + 2 * minute;
const { redact } = createRedactor({ secrets: ["hunter2-hunter2-hunter2"] });
const context = { now, redact, keptForMs: 90 * day };

function deployOf(told: ToldDeploy): Deploy {
  if (told.kind !== "deploy") throw new Error(JSON.stringify(told));
  return told.deploy;
}
const faultsOf = (told: ToldDeploy) =>
  told.kind === "faulty" ? Object.fromEntries(told.faults.map((fault) => [fault.at, fault.message])) : told;

describe("our own form of a deploy", () => {
  const own = {
    service: "checkout",
    environment: "production",
    version: "1.4.2",
    commit: "a10867b",
    author: "anna",
    at: "2026-01-05T10:48:00+01:00",
    url: "https://ci.example.com/jobs/1",
  };
  const read = (more: Record<string, unknown> = {}) => readOwnDeploy({ ...own, ...more }, context);

  it("is read as it is written, with a time of any offset or in milliseconds", () => {
    const { key, ...deploy } = deployOf(read());
    expect(key).to.match(/^[0-9a-f]{64}$/);
    expect(deploy).to.deep.equal({
      ...own,
      origin: "backfeed",
      startedAt: undefined,
      at,
      outcome: "succeeded",
      receivedAt: now,
    });
    expect(deployOf(read({ at })).key).to.equal(key);
  });

  it("needs service, version and time alone; a pipeline's empty variable is none", () => {
    const { service, version } = own;
    expect(deployOf(readOwnDeploy({ service, version, at }, context))).to.include({
      environment: undefined,
      url: undefined,
    });
    expect(deployOf(read({ author: "", url: "", environment: null })).author).to.equal(undefined);
  });

  it("is another deploy with another service, environment, version or time, and the same however it is sent again", () => {
    const keyOf = (more: Record<string, unknown>) => deployOf(read(more)).key;
    const others = [{ service: "cart" }, { environment: "staging" }, { version: "1.4.3" }, { at: at + 1 }];
    expect(new Set([{}, ...others].map(keyOf)).size).to.equal(5);
    expect(keyOf({ author: "bert", service: " Checkout", url: "" })).to.equal(keyOf({}));
    const later = readOwnDeploy(own, { ...context, now: now + hour });
    expect(deployOf(later).key).to.equal(keyOf({}));
  });

  it("says of each member what is wrong with it, all at once, and repeats no value", () => {
    const wrong = {
      service: 7,
      version: " ",
      at: "yesterday",
      url: "javascript:alert(1)",
      author: "x".repeat(301),
      sha: 1,
    };
    const faults = faultsOf(readOwnDeploy(wrong, context)) as Record<string, string>;
    expect(Object.keys(faults)).to.have.members(["service", "version", "at", "url", "author", "sha"]);
    expect(JSON.stringify(faults)).to.not.match(/javascript|yesterday/);
    expect(faults["at"]).to.contain("ISO 8601");
    expect(faults["sha"]).to.equal("this is no member of a deploy");
    expect(faultsOf(readOwnDeploy({}, context))).to.have.all.keys("service", "version", "at");
    for (const none of [undefined, null, 7, "x", []]) expect(readOwnDeploy(none, context).kind).to.equal("faulty");
  });

  it("is refused with a time far ahead or of long ago, and a little ahead is now", () => {
    expect(faultsOf(read({ at: now + hour }))).to.deep.equal({
      at: "this is 1 h ahead of this server's clock: write when the deploy was",
    });
    expect(faultsOf(read({ at: now - 91 * day }))).to.have.property("at");
    expect(faultsOf(read({ at: Math.round(now / 1_000) })))
      .to.have.property("at")
      .that.contains("reads as seconds");
    expect(faultsOf(read({ at: "2026-02-31T00:00:00Z" }))).to.have.property("at");
    expect(deployOf(read({ at: now + 9 * minute })).at).to.equal(now);
  });

  it("is stored clean: one line, cut, without secrets, and its address without user and password", () => {
    const deploy = deployOf(
      read({
        version: `1.4.2\n\u0000\u202e<b>[x|y]{noformat}${"z".repeat(250)}`,
        author: "anna hunter2-hunter2-hunter2",
        url: "https://ci:hunter2@ci.example.com/a?b=%0a",
      }),
    );
    expect([...deploy.version]).to.have.length(100);
    expect(deploy.version).to.match(/^1\.4\.2 <b>\[x\|y\]\{noformat\}z+…$/);
    expect(deploy.author).to.not.contain("hunter2");
    expect(deploy.url).to.equal("https://ci.example.com/a?b=%0a");
    expect(faultsOf(read({ version: "\u0000\u202e" }))).to.have.property("version");
  });
});

describe("GitHub's deployments", () => {
  const read = (body: unknown, event = "deployment_status") => readGithubDeploy(event, body, context);

  it("are read from a status of success", () => {
    expect(deployOf(read(githubStatusEvent()))).to.deep.include({
      origin: "github",
      service: "checkout",
      environment: "production",
      version: "v1.4.2",
      commit: "a10867b14bb761a232cd80139fbd4c0d33264240",
      author: "anna",
      url: "https://github.com/acme/checkout/actions/runs/4711/job/1",
      startedAt: undefined,
      at,
      outcome: "succeeded",
    });
  });

  it("are one deploy from the deployment to its last status, in whichever order they come", () => {
    const words = [
      read(githubDeploymentEvent(), "deployment"),
      read(githubStatusEvent({ state: "in_progress", created_at: "2026-01-05T09:45:00Z" })),
      read(githubStatusEvent()),
    ].map(deployOf);
    expect(new Set(words.map(({ key }) => key)).size).to.equal(1);
    for (const [first, ...others] of [words, words.toReversed()]) {
      expect(others.reduce(mergeDeploys, first!)).to.include({ startedAt: at - 3 * minute, at, outcome: "succeeded" });
    }
  });

  it("of a branch are told by their commit, and what the deployment carries comes first", () => {
    expect(deployOf(read(githubStatusEvent({}, { ref: "main" }))).version).to.equal("a10867b");
    const payload = { service: "cart", version: "2.0" };
    expect(deployOf(read(githubStatusEvent({}, { payload })))).to.include(payload);
    expect(deployOf(read(githubStatusEvent({}, { payload: JSON.stringify(payload) })))).to.include(payload);
    for (const odd of ["", "{", "7", null, [], { service: 7 }]) {
      expect(deployOf(read(githubStatusEvent({}, { payload: odd }))).service).to.equal("checkout");
    }
    expect(deployOf(read(githubStatusEvent({}, { task: "deploy:search" }))).service).to.equal("search");
    const triggering = { actor: { login: "bert" }, triggering_actor: { login: "carla" } };
    expect(deployOf(read({ ...githubStatusEvent(), workflow_run: triggering })).author).to.equal("carla");
  });

  it("that have not gone out, and other events, are ignored with the reason", () => {
    for (const state of ["pending", "queued", "waiting", "inactive", "constructor", 7]) {
      expect(read(githubStatusEvent({ state })).kind, `${state}`).to.equal("ignored");
    }
    for (const event of ["ping", "push"]) expect(read({ zen: "x" }, event).kind).to.equal("ignored");
    expect(deployOf(read(githubStatusEvent({ state: "failure" }))).outcome).to.equal("failed");
  });

  it("of the future are taken as now, of long ago ignored, and unreadable ones refused", () => {
    const ahead = read(githubStatusEvent({ created_at: "2026-01-06T00:00:00Z" }));
    expect(ahead).to.have.property("note");
    expect(deployOf(ahead).at).to.equal(now);
    expect(read(githubStatusEvent({ created_at: "2020-01-06T00:00:00Z" })).kind).to.equal("ignored");
    expect(deployOf(read(githubStatusEvent({ created_at: "nonsense" }))).at).to.equal(now);
    expect(faultsOf(read({ deployment_status: {} }))).to.have.all.keys("deployment", "repository");
  });
});

describe("GitLab's deployment events", () => {
  const read = (more: Record<string, unknown> = {}) => readGitlabDeploy(gitlabDeploymentEvent(more), context);

  it("are read with GitLab's own way to write a time", () => {
    expect(deployOf(read())).to.deep.include({
      origin: "gitlab",
      service: "checkout",
      environment: "production",
      version: "279484c",
      commit: "279484c09fbe69ededfced8c1bb6e6d24616b468",
      author: "Anna Weber",
      url: "https://gitlab.example.com/shop/checkout/-/jobs/796",
      at,
      outcome: "succeeded",
    });
    for (const same of ["2026-01-05T09:48:00Z", "2026-01-05 09:48:00 UTC"]) {
      expect(deployOf(read({ status_changed_at: same })).at).to.equal(at);
    }
    expect(deployOf(read({ ref: "v1.4.2" })).version).to.equal("v1.4.2");
  });

  it("are one deploy from its begin to its end; what has not gone out is ignored", () => {
    const running = deployOf(read({ status: "running", status_changed_at: "2026-01-05 09:45:00 +0000" }));
    const merged = mergeDeploys(deployOf(read()), running);
    expect(merged).to.include({ startedAt: at - 3 * minute, at, outcome: "succeeded" });
    expect(deployOf(read({ status: "canceled" })).outcome).to.equal("failed");
    for (const status of ["created", "blocked", "skipped", "toString"])
      expect(read({ status }).kind).to.equal("ignored");
    expect(read({ object_kind: "push" }).kind).to.equal("ignored");
    expect(readGitlabDeploy({}, context).kind).to.equal("faulty");
    expect(read({ project: null }).kind).to.equal("faulty");
  });
});

describe("whatever is sent as a deploy", () => {
  it("is a deploy, ignored or faulty, and never throws", () => {
    const spoilt = (payload: object) =>
      fc
        .tuple(fc.constantFrom(...Object.keys(payload)), fc.anything())
        .map(([name, value]) => ({ ...payload, [name]: value }));
    const any = fc.oneof(fc.anything(), spoilt(githubStatusEvent()), spoilt(gitlabDeploymentEvent()));
    fc.assert(
      fc.property(any, (body) => {
        for (const told of [
          readOwnDeploy(body, context),
          readGithubDeploy("deployment_status", body, context),
          readGithubDeploy("deployment", body, context),
          readGitlabDeploy(body, context),
        ]) {
          if (told.kind === "deploy") expect(told.deploy.at).to.be.within(now - 90 * day, now);
          else expect(["ignored", "faulty"]).to.include(told.kind);
        }
      }),
      { numRuns: 500 },
    );
  });
});
