import { expect } from "chai";
import { BackfeedError } from "../../../../src/support/errors.ts";
import type { JiraClient } from "../../../../src/trackers/jira/client.ts";
import { createIssue } from "../../../../src/trackers/jira/create-issue.ts";
import type { CreateScreens } from "../../../../src/trackers/jira/create-screen.ts";
import { markupOf } from "../../../../src/trackers/jira/markup.ts";
import { draftOf, errorOf } from "../../../contract/tracker.contract.ts";

const where = { project: "OPS", issueType: "Bug" };
const signal = new AbortController().signal;
const field = (name: string) => ({ name, required: false });

/** A Jira whose creates end as told, one after the other. */
function scripted(outcomes: (BackfeedError | "made")[]) {
  const posts: { fields: Record<string, unknown> }[] = [];
  let forgotten = 0;
  const client = {
    createIssue: async (body: { fields: Record<string, unknown> }) => {
      posts.push(body);
      const outcome = outcomes[posts.length - 1];
      if (outcome instanceof BackfeedError) throw outcome;
      return { id: "10000", key: "OPS-1" };
    },
  } as unknown as JiraClient;
  const screens: CreateScreens = {
    get: async () => ({
      project: "OPS",
      issueType: { id: "1", name: "Bug" },
      fields: new Map(["labels", "description", "assignee", "customfield_1"].map((id) => [id, field(id)])),
    }),
    forget: () => {
      forgotten++;
    },
  };
  const jira = {
    client,
    flavour: "cloud" as const,
    markup: markupOf("cloud"),
    account: {},
    browseUrl: (key: string) => key,
  };
  const route = { tracker: "jira", labels: ["team-a"], assignee: "5b10", fields: { customfield_1: 1 } };
  const run = () => createIssue({ jira, screens, draft: draftOf(route), where, labelPrefix: "backfeed", signal });
  return { run, posts, forgotten: () => forgotten };
}

const refusal = (fields: string) => new BackfeedError("refused", "no", { status: 400, facts: { fields } });

describe("a create that Jira refuses by name", () => {
  it("is sent once more without the optional fields named, on the screen as it is now", async () => {
    const { run, posts, forgotten } = scripted([refusal("assignee,customfield_1"), "made"]);
    const { dropped } = await run();
    expect(dropped).to.have.length(2);
    expect(posts.map(({ fields }) => Object.keys(fields).includes("assignee"))).to.deep.equal([true, false]);
    expect(posts[1]?.fields["customfield_1"]).to.equal(undefined);
    expect(forgotten()).to.equal(1);
  });

  it("is not sent a third time", async () => {
    const { run, posts } = scripted([refusal("assignee"), refusal("customfield_1"), "made"]);
    expect((await errorOf(run)).kind).to.equal("refused");
    expect(posts).to.have.length(2);
  });

  it("keeps our own label when a label is what was refused", async () => {
    const { run, posts } = scripted([refusal("labels"), "made"]);
    await run();
    expect(posts[0]?.fields["labels"]).to.have.length(3);
    expect(posts[1]?.fields["labels"]).to.have.length(2);
  });

  it("is not sent again for what a ticket cannot be without, but the screen is asked anew next time", async () => {
    const { run, posts, forgotten } = scripted([refusal("issuetype,assignee"), "made"]);
    expect((await errorOf(run)).kind).to.equal("refused");
    expect(posts).to.have.length(1);
    expect(forgotten()).to.equal(1);
  });

  it("is never sent again after anything but a 400", async () => {
    const others = (
      ["unknown_outcome", "unavailable", "rate_limited", "unauthorized", "conflict", "refused"] as const
    ).map(
      (kind) =>
        new BackfeedError(kind, "no", { status: kind === "refused" ? 413 : 503, facts: { fields: "assignee" } }),
    );
    for (const other of others) {
      const { run, posts } = scripted([other, "made"]);
      expect((await errorOf(run)).kind).to.equal(other.kind);
      expect(posts).to.have.length(1);
    }
  });
});
