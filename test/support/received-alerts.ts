import type { Labels } from "../../src/model/labels.ts";
import type { RaisedWords, ReceivedAlert } from "../../src/model/raised-alert.ts";

const start = Date.parse("2026-01-05T10:00:00Z");

/** An alert that fires since the hour and was heard of then. */
export function buildReceivedAlert(labels: Labels, words: Partial<RaisedWords> = {}): ReceivedAlert {
  return {
    labels,
    groupedBy: ["alertname"],
    changedAt: start,
    words: {
      sender: "alertmanager",
      since: start,
      until: undefined,
      heardAt: start,
      summary: undefined,
      description: undefined,
      runbook: undefined,
      links: [],
      values: undefined,
      expression: undefined,
      leftOut: 0,
      ...words,
    },
  };
}
