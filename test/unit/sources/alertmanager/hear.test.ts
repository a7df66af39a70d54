import { expect } from "chai";
import type { ReceivedAlert } from "../../../../src/model/raised-alert.ts";
import { hear } from "../../../../src/sources/alertmanager/hear.ts";
import type { AlertNotice } from "../../../../src/sources/alertmanager/read-delivery.ts";
import { hour, minute } from "../../../../src/support/duration.ts";

const start = Date.parse("2026-01-05T10:00:00Z");
const words = {
  sender: "alertmanager",
  summary: "first",
  description: undefined,
  runbook: undefined,
  links: [],
  values: undefined,
  expression: undefined,
  leftOut: 0,
} as const;

/** Minutes after the start. */
const notice = (begins: number, ends?: number, summary = "first"): AlertNotice => ({
  labels: { alertname: "Errors" },
  startsAt: start + begins * minute,
  endsAt: ends === undefined ? undefined : start + ends * minute,
  groupedBy: ["alertname"],
  words: { ...words, summary },
});

/** What is remembered after notices, each heard at a minute. */
function heard(...told: readonly (readonly [at: number, AlertNotice])[]) {
  let alert: ReceivedAlert | undefined;
  const news = told.map(([at, each]) => {
    const step = hear(alert, each, start + at * minute);
    alert = step.alert;
    return step.isNews;
  });
  const minutes = (time: number | undefined) => (time === undefined ? undefined : (time - start) / minute);
  const { since, until, heardAt, summary } = alert?.words ?? {};
  return { news, since: minutes(since), until: minutes(until), heardAt: minutes(heardAt), summary };
}

describe("what is remembered of a received alert", () => {
  it("is the same after a notice that comes twice, but for when it was heard of", () => {
    expect(heard([1, notice(0)], [2, notice(0)])).to.include({ since: 0, until: undefined, heardAt: 2 });
    expect(heard([1, notice(0)], [2, notice(0)]).news).to.deep.equal([true, false]);
    expect(heard([9, notice(0, 8)], [10, notice(0, 8)]).news).to.deep.equal([true, false]);
  });

  it("ends with the end of its stretch, and begins again with a later start", () => {
    expect(heard([1, notice(0)], [9, notice(0, 8)])).to.include({ since: 0, until: 8 });
    expect(heard([1, notice(0)], [9, notice(0, 8)], [12, notice(11)])).to.include({ since: 11, until: undefined });
  });

  it("does not end with an end of before its start", () => {
    const late = heard([1, notice(0)], [9, notice(0, 8)], [12, notice(11)], [13, notice(0, 8)]);
    expect(late).to.include({ since: 11, until: undefined });
    expect(late.news.at(-1)).to.equal(false);
  });

  it("is not opened again by a late notice of before its end, and is by one that comes an hour later", () => {
    const told = [[1, notice(0)] as const, [9, notice(0, 8)] as const];
    expect(heard(...told, [10, notice(0)])).to.include({ since: 0, until: 8 });
    expect(heard(...told, [10, notice(7)])).to.include({ since: 0, until: 8 });
    expect(heard(...told, [69, notice(0)])).to.include({ until: 8 });
    const back = heard(...told, [9 + hour / minute + 1, notice(0)]);
    expect(back).to.include({ since: 70, until: undefined });
    expect(back.news.at(-1)).to.equal(true);
  });

  it("ends although two senders name starts that differ by seconds", () => {
    expect(heard([1, notice(0)], [1, notice(0.25)], [9, notice(0, 8)])).to.include({ until: 8 });
    expect(heard([1, notice(0.25)], [1, notice(0)], [9, notice(0, 8)], [9, notice(0.25, 8)])).to.include({ until: 8 });
  });

  it("has the newest words, and keeps them from an older notice", () => {
    expect(heard([1, notice(0)], [2, notice(0, undefined, "worse")])).to.include({ summary: "worse" });
    expect(heard([1, notice(5)], [6, notice(0, undefined, "older")])).to.include({ summary: "first", since: 5 });
  });

  it("stays in the group that it came in first", () => {
    const first = hear(undefined, notice(0), start).alert;
    const other = { ...notice(0), groupedBy: ["alertname", "pod"] };
    expect(hear(first, other, start).alert.groupedBy).to.deep.equal(["alertname"]);
  });
});
