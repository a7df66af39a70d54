import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { isGenuine, type JiraWebhook, readWebhook } from "../../src/trackers/jira/webhook.ts";
import { draftOf } from "./tracker.contract.ts";
import { bugRoute, startJira } from "./tracker-jira-subject.ts";

const secret = "shared-with-jira";

/** The double's own deliveries, over HTTP, read as the edge reads them. */
for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`the webhooks of jira ${deployment}`, () => {
    it("are signed, name the issue and who did it, and repeat themselves under one id", async () => {
      const received: { event: JiraWebhook | undefined; isGenuine: boolean }[] = [];
      const server = createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const delivery = { headers: request.headers, body: Buffer.concat(chunks) };
        const genuine = isGenuine({ ...delivery, urlSecret: undefined, secret });
        received.push({ event: readWebhook(delivery), isGenuine: genuine });
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const subject = await startJira({ deployment, webhook: { url, secret } });
      const { ref } = await subject.tracker.create(draftOf(bugRoute), new AbortController().signal);
      const alice = subject.jira.person("alice");
      alice.addLabel(ref.id, "backfeed-snooze-7d");
      alice.transition(ref.id, "Done");
      alice.comment(ref.id, "fixed");
      alice.delete(ref.id);
      const first = subject.jira.webhooks.pending[0]!;
      await subject.jira.webhooks.deliver(first, { retry: 1 });
      subject.jira.webhooks.pending.unshift(first);
      await subject.jira.webhooks.deliverAll();

      expect(received.every((one) => one.isGenuine)).to.equal(true);
      const events = received.map(({ event }) => event ?? expect.fail("not read"));
      expect(events.map(({ kind }) => kind)).to.deep.equal([
        ...["created", "created", "updated", "updated", "commented", "deleted"],
      ]);
      expect(new Set(events.flatMap(({ issueIds }) => issueIds))).to.deep.equal(new Set([ref.id]));
      expect(events[0]?.deliveryId).to.equal(events[1]?.deliveryId);
      expect(new Set(events.map(({ deliveryId }) => deliveryId)).size).to.equal(5);
      expect(events.map(({ who }) => who).slice(2)).to.deep.equal(Array.from({ length: 4 }, () => "Alice Archer"));
      expect(events[2]?.labels).to.include("backfeed-snooze-7d");
      await subject.stop();
      await new Promise((resolve) => server.close(resolve));
    });
  });
}
