import { expect } from "chai";
import type { TicketRoute } from "../../src/model/ticket.ts";
import { createJiraTracker } from "../../src/trackers/jira/tracker.ts";
import type { ProjectOptions } from "../support/jira/options.ts";
import { draftOf, errorOf } from "./tracker.contract.ts";
import { bugRoute, type JiraUnderTest, startJira } from "./tracker-jira-subject.ts";

const live = new AbortController().signal;

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`what check says of a Jira: ${deployment}`, () => {
    let subject: JiraUnderTest;
    afterEach(() => subject.stop());
    const faults = async (project: Partial<ProjectOptions>, ...routes: Partial<TicketRoute>[]) => {
      subject = await startJira({ deployment, projects: [{ key: "OPS", components: ["checkout"], ...project }] });
      const asked = (routes.length === 0 ? [{}] : routes).map((route) => ({ ...bugRoute, ...route }));
      return (await subject.tracker.check(asked, live)).map((fault) => `${fault.severity}: ${fault.message}`);
    };

    it("nothing of a project that takes everything, however many routes lead there", async () => {
      expect(await faults({}, {}, {}, { issueType: "Task", component: "checkout" })).to.deep.equal([]);
    });

    it("each missing permission, with what fails without it", async () => {
      expect(await faults({ deniedPermissions: ["EDIT_ISSUES", "CREATE_ATTACHMENTS"] })).to.deep.equal([
        'warning: OPS: we lack the permission "Edit issues": priorities are not raised or lowered',
        'warning: OPS: we lack the permission "Create attachments": charts are not attached',
      ]);
      await subject.stop();
      expect(await faults({ deniedPermissions: ["CREATE_ISSUES"] })).to.deep.equal([
        'error: OPS: we lack the permission "Create issues": no ticket can be filed',
      ]);
    });

    it("an unknown project and an unknown issue type, once each", async () => {
      const said = await faults(
        {},
        { project: "NOPE" },
        { project: "NOPE", issueType: "Task" },
        { issueType: "Incident" },
      );
      expect(said).to.have.length(2);
      expect(said[0]).to.equal("error: NOPE: there is no such project, or we may not see it");
      expect(said[1]).to.include('OPS has no issue type "Incident": write one of Bug, Task');
    });

    it("fields that are missing on the create screen", async () => {
      expect(await faults({ screen: [] })).to.deep.equal([
        "error: OPS: Bug: labels are not on the create screen, so tickets could not be found again",
        "warning: OPS: Bug: the description is not on the create screen, so tickets carry no evidence",
        "warning: OPS: Bug: priority is not on the create screen: the band becomes a label and the first line",
      ]);
    });

    it("what a route wishes and the screen does not take, and what it demands and the route does not give", async () => {
      const customFields = [{ id: "customfield_10010", name: "Team", kind: "textfield", required: true }] as const;
      const said = await faults(
        { customFields },
        { component: "nowhere", fields: { customfield_1: 1 } },
        { fields: { customfield_10010: "x" } },
      );
      expect(said).to.deep.equal([
        'error: OPS: Bug: Bug in OPS requires "Team": write fields: { customfield_10010: "…" } for its owner in owners.yaml.',
        "warning: OPS: Bug: field customfield_1 of owners.yaml is not on the create screen and is left out",
        'warning: OPS: Bug: component "nowhere" is unknown; tickets are filed without',
      ]);
    });

    it("a workflow that we cannot close in, once there is an open issue to see it by", async () => {
      const workflow = {
        statuses: [
          { name: "Open", category: "new" },
          { name: "Won't Do", category: "done" },
        ],
        transitions: [{ id: "1", name: "Reject", from: "any", to: "Won't Do" }],
      } as const;
      expect(await faults({ workflow })).to.deep.equal([]);
      await subject.tracker.create(draftOf(bugRoute), live);
      const [fault] = await subject.tracker.check([bugRoute], live);
      expect(fault?.message).to.include("no transition that we could make leads to a done status");
    });

    it("a wrong token, with what to look at", async () => {
      subject = await startJira({ deployment });
      const auth =
        deployment === "cloud" ? { email: "backfeed@example.com", token: "wrong-token" } : { token: "wrong-token" };
      const tracker = createJiraTracker({ ...subject.options, auth });
      const [fault] = await tracker.check([bugRoute], live);
      expect(fault?.severity).to.equal("error");
      expect(fault?.fix).to.include("token");
      expect(JSON.stringify(fault)).to.not.include("wrong-token");
      await tracker.close();
    });

    it("nothing where nobody answers: that is no fault of what is written, so it is thrown", async () => {
      subject = await startJira({ deployment });
      const tracker = createJiraTracker({ ...subject.options, url: "https://jira.invalid" });
      expect((await errorOf(() => tracker.check([bugRoute], live))).kind).to.equal("unavailable");
      await tracker.close();
    });

    it("stops when it is told to", async () => {
      subject = await startJira({ deployment });
      expect((await errorOf(() => subject.tracker.check([bugRoute], AbortSignal.abort()))).kind).to.equal("aborted");
    });
  });
}
