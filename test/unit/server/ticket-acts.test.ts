import { expect } from "chai";
import { findingId, localTicket, now, ticketRecord } from "./fixtures.ts";
import { operatorToken, type RunningServer, runServer, viewerToken } from "./running-server.ts";

const path = "/api/v1/tickets/LOCAL-1";

describe("what people do on a local ticket over the API", () => {
  let running: RunningServer;
  beforeEach(async () => {
    running = await runServer();
    running.state.localTickets.push(localTicket({ id: "2", number: 2, key: "LOCAL-2" }));
  });
  afterEach(() => running.stop());

  const ticket = () => running.state.localTickets[0];
  const lastEvent = (id: number) => running.state.events.get(findingId(id))?.at(-1);

  it("a comment stands there under the token's name, and the timeline tells that there is one, not what it says", async () => {
    const { status, json } = await running.post(`${path}/comments`, { text: "Looking into it\n\nBack soon" });
    expect(status).to.equal(200);
    const { comments } = json["local"] as { comments: object[] };
    expect(comments.at(-1)).to.deep.equal({
      at: now,
      author: "anna",
      document: [
        { kind: "paragraph", content: [{ kind: "text", text: "Looking into it" }] },
        { kind: "paragraph", content: [{ kind: "text", text: "Back soon" }] },
      ],
    });
    expect(lastEvent(2)).to.deep.include({ code: "ticket_commented", text: "anna commented on LOCAL-1" });
  });

  it("an edit changes what it names and nothing else, and says so in the timeline", async () => {
    const { status } = await running.post(`${path}/edit`, { priority: "Low", assignee: "bob", addLabels: ["x y"] });
    expect(status).to.equal(200);
    expect(ticket()).to.deep.include({ priority: "Low", assignee: "bob", summary: "cart: p95 is 1.8 s" });
    expect(lastEvent(2)?.text).to.equal(
      "anna edited LOCAL-1: priority from Medium to Low; assigned to bob; labelled x-y",
    );
    await running.post(`${path}/edit`, { assignee: null, removeLabels: ["x-y"], summary: "Cart is slow" });
    expect(ticket()).to.deep.include({ assignee: undefined, summary: "Cart is slow" });
    expect(lastEvent(2)?.text).to.equal("anna edited LOCAL-1: its summary; assigned to nobody; took off x-y");
  });

  it("a duplicate is closed and names its original, and both findings that know the ticket are told", async () => {
    running.state.tickets = [ticketRecord({ findingId: findingId(1), ref: { id: "1", key: "LOCAL-1", url: "/" } })];
    const { json } = await running.post(`${path}/duplicate`, { of: "LOCAL-2" });
    expect(json["local"]).to.deep.include({
      status: "Done",
      resolution: "Duplicate",
      related: [{ type: "duplicate", key: "LOCAL-2" }],
    });
    for (const id of [1, 2]) expect(lastEvent(id)?.text).to.equal("anna closed LOCAL-1 as a duplicate of LOCAL-2");
  });

  it("what cannot be done is refused with why, and told nowhere", async () => {
    running.state.events.clear();
    const wrong: readonly [string, unknown, number][] = [
      [`${path}/comments`, { text: "  " }, 400],
      [`${path}/comments`, {}, 400],
      [`${path}/edit`, {}, 400],
      [`${path}/edit`, { priority: "None" }, 400],
      [`${path}/edit`, { summary: "x".repeat(251) }, 400],
      [`${path}/edit`, { status: "Done" }, 400],
      [`${path}/edit`, { removeLabels: [`backfeed-${findingId(2)}`] }, 409],
      [`${path}/duplicate`, { of: "nothing" }, 400],
      [`${path}/duplicate`, { of: "LOCAL-1" }, 409],
      [`${path}/duplicate`, { of: "LOCAL-9" }, 404],
      ["/api/v1/tickets/LOCAL-9/comments", { text: "x" }, 404],
      ["/api/v1/tickets/LOCAL-9/edit", { priority: "Low" }, 404],
    ];
    for (const [where, body, status] of wrong) {
      expect((await running.post(where, body)).status, `${where} ${JSON.stringify(body)}`).to.equal(status);
    }
    for (const act of ["comments", "edit", "duplicate"]) {
      expect((await running.post(`${path}/${act}`, { text: "x" }, viewerToken)).status).to.equal(403);
      expect((await running.ask(`${path}/${act}`, { token: operatorToken })).status).to.equal(405);
    }
    expect([...running.state.events.values()].flat()).to.deep.equal([]);
    expect(ticket()).to.deep.equal(localTicket());
  });
});
