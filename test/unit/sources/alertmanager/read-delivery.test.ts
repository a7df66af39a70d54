import { expect } from "chai";
import { readDelivery } from "../../../../src/sources/alertmanager/read-delivery.ts";
import { minute } from "../../../../src/support/duration.ts";
import { alertmanagerPayload, grafanaPayload } from "../../../support/alert-payloads.ts";

const now = Date.parse("2026-01-05T10:00:00Z");
const labels = { alertname: "ErrorsHigh", service: "checkout", severity: "critical" };
const read = (body: unknown) => {
  const delivery = readDelivery(body, { now, redact: (text) => text });
  if (delivery === undefined) throw new Error("not read");
  return delivery;
};

describe("a delivery of Alertmanager", () => {
  it("is read as documented: fractions of a second, the year 1 for no end, groups, truncation", () => {
    const payload = alertmanagerPayload(
      [
        {
          labels,
          startsAt: now - 5 * minute,
          annotations: { summary: "8 % fail", runbook: "https://r.example.com/x" },
        },
        { labels: { ...labels, service: "search" }, startsAt: now - 9 * minute, endsAt: now - minute },
      ],
      { groupBy: ["service", "severity"], truncated: 3 },
    );
    const { notices, leftOut, unreadable } = read(payload);
    expect([leftOut, unreadable]).to.deep.equal([3, 0]);
    const [firing, resolved] = notices;
    expect(firing?.startsAt).to.equal(now - 5 * minute);
    expect(firing?.endsAt).to.equal(undefined);
    expect(firing?.groupedBy).to.deep.equal(["alertname", "service", "severity"]);
    expect(firing?.words).to.deep.include({
      sender: "alertmanager",
      summary: "8 % fail",
      runbook: "https://r.example.com/x",
      expression: "job:errors:ratio > 0.05",
    });
    expect(resolved?.endsAt).to.equal(now - minute);
  });

  it("names no time to come, whatever the sender's clock says", () => {
    const { notices } = read(
      alertmanagerPayload([
        { labels, startsAt: now + 60 * minute },
        { labels: { alertname: "B" }, startsAt: now - minute, endsAt: now + 60 * minute },
      ]),
    );
    expect(notices.map(({ startsAt, endsAt }) => [startsAt, endsAt])).to.deep.equal([
      [now, undefined],
      [now - minute, now],
    ]);
  });

  it("keeps labels that identify, cut and bounded, and none of its system's own", () => {
    const many = Object.fromEntries(Array.from({ length: 61 }, (_, place) => [`l${place}`, "x"]));
    const hostile = JSON.parse('{"__proto__":"x","__alert_rule_uid__":"u","constructor":"c","empty":"","number":5}');
    const { notices, unreadable } = read({
      alerts: [
        { status: "firing", labels: { ...labels, long: "x".repeat(5_000) } },
        { status: "firing", labels: many },
        { status: "firing", labels: hostile },
      ],
    });
    expect(unreadable).to.equal(1);
    expect(notices[0]?.labels["long"]).to.have.length(1_000);
    expect(notices[1]?.labels).to.deep.equal({ constructor: "c" });
    expect(notices[1]?.groupedBy).to.deep.equal([]);
  });

  it("is none where it has no list of alerts", () => {
    for (const body of [null, 5, "x", [], {}, { alerts: {} }, { evalMatches: [], state: "alerting" }]) {
      expect(readDelivery(body, { now, redact: (text) => text })).to.equal(undefined);
    }
  });
});

describe("a delivery of Grafana", () => {
  it("gives besides what was measured, and where to look", () => {
    const { notices } = read(
      grafanaPayload([{ labels, startsAt: now - minute, annotations: { message: "It fails" } }]),
    );
    const [notice] = notices;
    expect(notice?.words).to.deep.include({ sender: "grafana", summary: "It fails", values: "B=12.5, C=1" });
    expect(notice?.words.expression).to.equal(undefined);
    expect(notice?.words.links.map(({ text }) => text)).to.deep.equal([
      "the alert's rule",
      "dashboard",
      "panel",
      "screenshot",
      "silence it there",
    ]);
  });
});
