import { expect } from "chai";
import { isOthers } from "../../../../src/trackers/jira/edited-by-others.ts";
import { issue as issueSchema } from "../../../../src/trackers/jira/schemas.ts";

const us = { accountId: "us", displayName: "Backfeed" };
const alice = { accountId: "alice" };

function issueWith(histories: readonly unknown[]) {
  return issueSchema.parse({ id: "1", key: "OPS-1", fields: {}, changelog: { startAt: 0, histories } });
}

function change(author: unknown, created: string, item: Record<string, unknown> = { field: "priority" }) {
  return { id: "1", author, created: `2026-01-05T${created}.000+0000`, items: [{ toString: "Low", ...item }] };
}

describe("whose a field of an issue is", () => {
  it("is theirs whose change is the newest, in whichever order the history comes", () => {
    const ours = change(us, "10:00:00");
    const theirs = change(alice, "11:00:00");
    expect(isOthers(issueWith([ours, theirs]), "priority", us)).to.equal(true);
    expect(isOthers(issueWith([theirs, ours]), "priority", us)).to.equal(true);
    expect(isOthers(issueWith([change(us, "12:00:00"), theirs]), "priority", us)).to.equal(false);
    expect(isOthers(issueWith([theirs]), "summary", us)).to.equal(false);
  });

  it("goes by the field's id where there is one, since its name may be in any language", () => {
    const localized = change(alice, "11:00:00", { field: "Priorität", fieldId: "priority" });
    expect(isOthers(issueWith([localized]), "priority", us)).to.equal(true);
  });

  it("knows Data Center's users by key before name, since names change", () => {
    const own = { name: "backfeed-new", key: "JIRAUSER1" };
    expect(isOthers(issueWith([change({ name: "backfeed", key: "JIRAUSER1" }, "11:00:00")]), "priority", own)).to.equal(
      false,
    );
    expect(isOthers(issueWith([change({ name: "bob", key: "JIRAUSER2" }, "11:00:00")]), "priority", own)).to.equal(
      true,
    );
  });

  it("is nobody's where the history names no author, or there is none", () => {
    expect(isOthers(issueWith([change(undefined, "11:00:00")]), "priority", us)).to.equal(false);
    expect(isOthers(issueWith([change({ displayName: "Former user" }, "11:00:00")]), "priority", us)).to.equal(false);
    expect(isOthers(issueSchema.parse({ id: "1", key: "OPS-1", fields: {} }), "priority", us)).to.equal(false);
    const strange = issueSchema.parse({ id: "1", key: "OPS-1", fields: {}, changelog: { histories: "none" } });
    expect(isOthers(strange, "priority", us)).to.equal(false);
  });
});
