import { expect } from "chai";
import { findingId, localTicket, now } from "./fixtures.ts";
import { type RunningServer, runServer, viewerToken } from "./running-server.ts";

interface Operation {
  readonly "x-role"?: string;
}

/** One request for everything that an operator may do, and the finding whose timeline is to tell of it. */
const acts: Readonly<Record<string, { readonly path: string; readonly body?: unknown; readonly told: number }>> = {
  "/api/v1/rules/{id}/run": { path: "/api/v1/rules/cart-latency/run", told: 2 },
  "/api/v1/outbox/{id}/retry": { path: "/api/v1/outbox/ob-1/retry", told: 1 },
  "/api/v1/findings/{id}/refile": { path: `/api/v1/findings/${findingId(1)}/refile`, told: 1 },
  "/api/v1/tickets/{key}/transitions": { path: "/api/v1/tickets/LOCAL-1/transitions", body: { to: "Done" }, told: 2 },
  "/api/v1/tickets/{key}/comments": { path: "/api/v1/tickets/LOCAL-1/comments", body: { text: "seen" }, told: 2 },
  "/api/v1/tickets/{key}/edit": { path: "/api/v1/tickets/LOCAL-1/edit", body: { priority: "Low" }, told: 2 },
  "/api/v1/tickets/{key}/duplicate": {
    path: "/api/v1/tickets/LOCAL-1/duplicate",
    body: { of: "LOCAL-2" },
    told: 2,
  },
  "/api/v1/silences": {
    path: "/api/v1/silences",
    body: { ruleId: "checkout-errors", reason: "a deploy", endsAt: now + 3_600_000 },
    told: 1,
  },
  "/api/v1/silences/{id}/end": { path: "/api/v1/silences/2/end", told: 1 },
};

describe("the audit", () => {
  let running: RunningServer;
  beforeEach(async () => {
    running = await runServer();
    // Another ticket, to be an original.
    running.state.localTickets.push(localTicket({ id: "2", number: 2, key: "LOCAL-2" }));
    // A silence of ours, to be ended.
    await running.post("/api/v1/silences", acts["/api/v1/silences"]!.body);
    running.state.events.clear();
    running.logged.length = 0;
  });
  afterEach(() => running.stop());

  it("knows everything that an operator can do: whoever adds a route says here how it is told", async () => {
    const { json } = await running.ask("/api/v1/openapi.json");
    const paths = json["paths"] as Record<string, { post?: Operation }>;
    const asked = Object.entries(paths).flatMap(([path, { post }]) => (post?.["x-role"] === "operator" ? [path] : []));
    expect(asked).to.have.members(Object.keys(acts));
    const open = Object.entries(paths).flatMap(([path, { post }]) =>
      post !== undefined && post["x-role"] !== "operator" ? [path] : [],
    );
    expect(open.filter((path) => !path.startsWith("/webhooks/"))).to.deep.equal([]);
  });

  for (const [route, { path, body, told }] of Object.entries(acts)) {
    it(`tells in the timeline who did it, and in the log: ${route}`, async () => {
      const { status } = await running.post(path, body ?? {});
      expect(status).to.equal(200);
      const events = running.state.events.get(findingId(told)) ?? [];
      expect(events.map(({ kind, at }) => [kind, at])).to.deep.equal([["operator", now]]);
      expect(events[0]?.text).to.match(/^anna /);
      const logged = running.logged.filter((line) => line.includes("an operator acted"));
      expect(logged).to.have.length(1);
      expect(logged[0]).to.contain('"by":"anna"').and.contain(`"code":"${events[0]?.code}"`);
    });

    it(`tells nothing of what was refused: ${route}`, async () => {
      for (const token of [viewerToken, "no-token-of-ours-4711"]) {
        const { status } = await running.post(path, body ?? {}, token);
        expect(status).to.be.oneOf([401, 403]);
      }
      expect([...running.state.events.values()].flat()).to.deep.equal([]);
      expect(running.logged.filter((line) => line.includes("an operator acted"))).to.deep.equal([]);
    });
  }
});
