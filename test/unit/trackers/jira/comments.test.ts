import { expect } from "chai";
import { type Document, paragraph } from "../../../../src/model/document.ts";
import { BackfeedError } from "../../../../src/support/errors.ts";
import type { JiraClient } from "../../../../src/trackers/jira/client.ts";
import { addOnce, keepCurrent } from "../../../../src/trackers/jira/comments.ts";
import { markupOf } from "../../../../src/trackers/jira/markup.ts";
import type { Comment } from "../../../../src/trackers/jira/schemas.ts";
import type { Jira } from "../../../../src/trackers/jira/session.ts";

const signal = new AbortController().signal;

interface Stored {
  readonly id: string;
  author: string;
  updateAuthor: string;
  body: unknown;
  properties: { key: string; value: unknown }[];
}

/** A Jira that differs from the double in ways that real ones may: see the options. */
function oddJira(odd: {
  hidesProperties?: boolean;
  ignoresPropertiesOfEdits?: boolean;
  rewrites?: (body: unknown) => unknown;
}) {
  const stored: Stored[] = [];
  const calls: string[] = [];
  const keep = odd.rewrites ?? ((body: unknown) => body);
  const show = (one: Stored): Comment => ({
    id: one.id,
    author: { key: one.author },
    updateAuthor: { key: one.updateAuthor },
    body: one.body,
    ...(odd.hidesProperties === true ? {} : { properties: structuredClone(one.properties) }),
  });
  const client = {
    comments: async (_issue: string, page: { startAt: number; size: number }) => {
      calls.push("comments");
      return {
        comments: stored
          .map(show)
          .reverse()
          .slice(page.startAt, page.startAt + page.size),
        total: stored.length,
      };
    },
    addComment: async (_issue: string, request: { body: unknown; properties: Stored["properties"] }) => {
      calls.push("addComment");
      const one = {
        id: String(stored.length + 1),
        author: "backfeed",
        updateAuthor: "backfeed",
        body: keep(request.body),
        properties: request.properties,
      };
      stored.push(one);
      const { properties: _hidden, ...answer } = show(one);
      return answer;
    },
    updateComment: async (_issue: string, id: string, request: { body: unknown; properties: Stored["properties"] }) => {
      calls.push("updateComment");
      const one = stored.find((comment) => comment.id === id);
      if (one === undefined) throw new BackfeedError("not_found", "gone");
      one.body = keep(request.body);
      if (odd.ignoresPropertiesOfEdits !== true) one.properties = request.properties;
      return show(one);
    },
    commentProperty: async (id: string, key: string) => {
      calls.push("commentProperty");
      const found = stored.find((comment) => comment.id === id)?.properties.find((one) => one.key === key);
      if (found === undefined) throw new BackfeedError("not_found", "no property");
      return found.value;
    },
    setCommentProperty: async (id: string, key: string, value: unknown) => {
      calls.push("setCommentProperty");
      const one = stored.find((comment) => comment.id === id);
      if (one !== undefined) one.properties = [{ key, value }];
    },
  };
  const jira: Jira = {
    client: client as unknown as JiraClient,
    flavour: "datacenter",
    markup: markupOf("datacenter"),
    account: { key: "backfeed" },
    browseUrl: (key) => key,
  };
  const keepText = (text: string) => {
    const document: Document = [paragraph(text)];
    return keepCurrent(jira, { issueId: "1", marker: "summary", document, signal });
  };
  return { jira, stored, calls, keepText };
}

describe("our comments on a Jira that is not quite the documented one", () => {
  for (const [name, odd] of Object.entries({
    "shows properties nowhere but where they are asked for": { hidesProperties: true },
    "takes no properties with an edit": { ignoresPropertiesOfEdits: true },
    "does both": { hidesProperties: true, ignoresPropertiesOfEdits: true },
    "ends lines its own way and trims": { rewrites: (body: unknown) => `${String(body).replaceAll("\n", "\r\n")}  ` },
    "rewrites words": { rewrites: (body: unknown) => String(body).replaceAll("...", "…") },
  })) {
    it(`one comment is kept, and not mistaken for a person's, where Jira ${name}`, async () => {
      const { keepText, stored } = oddJira(odd);
      expect(await keepText("since 10:00 ...")).to.equal("created");
      expect(await keepText("since 10:00 ...")).to.equal("unchanged");
      expect(await keepText("worse ...")).to.equal("updated");
      expect(await keepText("worse ...")).to.equal("unchanged");
      expect(await keepText("better")).to.equal("updated");
      expect(stored).to.have.length(1);
    });
  }

  it("a comment whose properties are hidden is said once", async () => {
    const { jira, stored } = oddJira({ hidesProperties: true });
    const options = { issueId: "1", marker: "quiet:1", document: [paragraph("quiet")], signal };
    expect(await addOnce(jira, options)).to.equal("created");
    expect(await addOnce(jira, options)).to.equal("unchanged");
    expect(stored).to.have.length(1);
  });

  it("a person who edits with our own account is a person too", async () => {
    const { keepText, stored } = oddJira({});
    await keepText("ours");
    stored[0]!.body = "theirs";
    expect(await keepText("ours, later")).to.equal("created");
    expect(stored.map((one) => one.body)).to.deep.equal(["theirs", "ours, later"]);
  });

  it("an edit that changes no word, by another account, is respected; the new comment wins from then on", async () => {
    const { keepText, stored } = oddJira({});
    await keepText("ours");
    stored[0]!.updateAuthor = "alice";
    expect(await keepText("later")).to.equal("created");
    expect(await keepText("latest")).to.equal("updated");
    expect(stored.map((one) => one.body)).to.deep.equal(["ours", "latest"]);
  });

  it("comments of an account that we were before are left alone", async () => {
    const { keepText, stored } = oddJira({});
    await keepText("by the old account");
    Object.assign(stored[0]!, { author: "former", updateAuthor: "former" });
    expect(await keepText("by the new account")).to.equal("created");
  });

  it("an ordinary keep costs one list and one write", async () => {
    const { keepText, calls } = oddJira({});
    await keepText("a");
    await keepText("b");
    expect(calls).to.deep.equal(["comments", "addComment", "comments", "updateComment"]);
  });
});
