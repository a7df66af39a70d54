import { expect } from "chai";
import type { SuspectDeploy, SuspectDeploys, VersionBefore } from "../../../src/model/deploy.ts";
import { plainText } from "../../../src/model/document.ts";
import { day, hour, minute } from "../../../src/support/duration.ts";
import {
  deploysSinceDone,
  suspectBlocks,
  suspectKeys,
  suspectLines,
  suspectRows,
  withDeployMarks,
} from "../../../src/triage/describe-deploys.ts";
import { evidenceRequest } from "../../../src/triage/evidence.ts";
import { start } from "../../support/alerts.ts";
import { buildDeploy } from "../../support/deploys.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const clean: VersionBefore = { version: "1.4.1", ranMs: 6 * day, watchedMs: 6 * day, episodes: 0, same: false };

function suspect(more: Partial<SuspectDeploy> = {}): SuspectDeploy {
  const { beforeMs = 12 * minute } = more;
  const deploy = buildDeploy({ at: start - beforeMs });
  return { deploy, beforeMs, underWay: false, before: clean, again: false, ...more };
}

function known(suspects: readonly SuspectDeploy[], more: Partial<SuspectDeploys> = {}): SuspectDeploys {
  const services = ["checkout"];
  return { services, onset: start, windowMs: day, suspects, more: 0, last: undefined, sinceDone: undefined, ...more };
}

const line = (more: Partial<SuspectDeploy>) => suspectLines(known([suspect(more)]))[0];

describe("the words about suspect deploys", () => {
  it("say what went out, how long before, by whom, and whether the version before showed the problem", () => {
    expect(plainText(suspectBlocks({ deploys: known([suspect()], { more: 2 }) }))).to.equal(
      `Suspect deploys

What went out within 24 h before it began, newest first. That it came before does not prove that it is the cause.

- 1.4.2 (https://ci.example.com/jobs/1) of checkout to production 12 min before it began (by anna, commit 0f2c1d9e8b7a, 2026-01-05T09:48:00Z). 1.4.1 ran for 6 d before without it.
- and 2 more before these`,
    );
  });

  it("say nothing where no deploy of the service is known, and one line where none fits", () => {
    expect(suspectBlocks({ deploys: undefined })).to.deep.equal([]);
    const last = { deploy: buildDeploy({ version: "1.4.1", url: undefined }), beforeMs: 6 * day };
    const one = suspectBlocks({ deploys: known([], { last }) });
    expect(plainText(one)).to.equal(
      "Deploys: none of checkout is known within 24 h before it began; the last one was 1.4.1 of checkout to production, 6 d before.",
    );
    expect(suspectLines(known([], { services: ["a", "b", "c", "d"], windowMs: 90 * minute }))).to.deep.equal([
      "none of a, b, c and 1 more is known within 1 h 30 min before it began.",
    ]);
  });

  it("say of the version before no more than is known", () => {
    expect(line({ before: { ...clean, episodes: 3 } })).to.contain(
      " 1.4.1 showed it too: 3 episodes in the 6 d before.",
    );
    expect(line({ before: { ...clean, episodes: 1 } })).to.contain(": 1 episode in");
    expect(line({ before: { ...clean, watchedMs: 2 * hour } })).to.contain("not seen in the 2 h that were watched.");
    expect(line({ before: { ...clean, watchedMs: 0 } })).to.contain("is not known, since this was not watched.");
    expect(line({ before: undefined })).to.contain("no deploy before that is known.");
    expect(line({ before: { ...clean, same: true } })).to.contain(
      "The same version, 1.4.1, ran for 6 d before without",
    );
  });

  it("tell a rollback, a failed deploy, one under way, and one that two clocks put after the onset", () => {
    expect(line({ again: true })).to.contain("1.4.2 ran before that already: this may be a rollback.");
    expect(line({ deploy: buildDeploy({ outcome: "failed" }) })).to.contain(" It failed.");
    expect(line({ deploy: buildDeploy({ outcome: "started" }) })).to.contain(" How it ended is not known yet.");
    expect(line({ underWay: true })).to.contain("was under way when it began, begun 12 min before");
    expect(line({ beforeMs: -2 * minute })).to.contain("2 min after it began, within what two clocks may differ");
    expect(line({ beforeMs: 0 })).to.contain("just when it began");
  });

  it("name a commit only where the version is not that already", () => {
    const deploy = buildDeploy({ version: "0f2c1d9", author: undefined });
    expect(line({ deploy })).to.not.contain("commit");
  });

  it("are a row of the summary block, with links", () => {
    const second = suspect({ deploy: buildDeploy({ version: "1.4.1", url: undefined }), beforeMs: 5 * hour });
    const [[, cell] = []] = suspectRows({ deploys: known([suspect(), second], { more: 1 }) });
    expect(cell?.map(({ text }) => text).join("")).to.equal(
      "1.4.2 of checkout to production 12 min before it began; 1.4.1 of checkout to production 5 h before it began; and 1 more",
    );
    expect(cell?.[0]).to.include({ kind: "link", url: "https://ci.example.com/jobs/1" });
    expect(suspectRows({ deploys: undefined })).to.deep.equal([]);
    expect(suspectRows({ deploys: known([]) })).to.deep.equal([]);
  });

  it("name what went out between Done and the return, or that nothing did", () => {
    const sinceDone = { doneAt: start - day, deploys: [suspect()], more: 0 };
    expect(plainText(deploysSinceDone({ deploys: known([], { sinceDone }) }))).to.contain(
      "Deployed since Done, newest first:\n\n- 1.4.2 (https://ci.example.com/jobs/1) of checkout to production 12 min before it came back",
    );
    const none = { doneAt: start - day, deploys: [], more: 0 };
    expect(plainText(deploysSinceDone({ deploys: known([], { sinceDone: none }) }))).to.equal(
      "No deploy of checkout is known between Done and its return.",
    );
    expect(deploysSinceDone({ deploys: known([suspect()]) })).to.deep.equal([]);
  });
});

describe("the chart's marks", () => {
  const rule = buildRule();
  const finding = buildFinding(rule);
  const subject = { rule, alert: finding.worst, title: finding.title, delayMs: 0, links: [], infra: [] };
  const request = evidenceRequest(finding, [subject], start);

  it("stand at each suspect within the chart's time, under its version", () => {
    const far = suspect({ deploy: buildDeploy({ at: start - 20 * day }), beforeMs: 20 * day });
    const long = suspect({ deploy: buildDeploy({ at: start - minute, version: "x".repeat(99) }) });
    const begun = start - 9 * minute;
    const under = suspect({ underWay: true, deploy: buildDeploy({ startedAt: begun, at: start + hour }) });
    const marked = withDeployMarks(request, known([suspect(), far, long, under]));
    expect(marked.sections[0]?.chart.marks).to.deep.equal([
      { at: start - 12 * minute, label: "1.4.2" },
      { at: start - minute, label: `${"x".repeat(23)}…` },
      { at: begun, label: "1.4.2" },
    ]);
  });

  it("are none without suspects", () => {
    expect(withDeployMarks(request, undefined)).to.equal(request);
    expect(withDeployMarks(request, known([]))).to.equal(request);
    expect(suspectKeys(undefined)).to.deep.equal([]);
  });
});
