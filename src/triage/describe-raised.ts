import { type Inline, link, strong, text } from "../model/document.ts";
import type { Finding } from "../model/finding.ts";
import { raisedText, senderNames } from "../model/raised-alert.ts";
import type { Rule } from "../model/rule.ts";

/** What the system that raised the worst alert says of it, as rows of the ticket's table; none for every other finding. */
export function raisedRows({ worst, alertCount }: Finding, rule: Rule): Inline[][][] {
  const { raised, kind } = worst.verdict;
  if (raised === undefined) return [];
  const { summary, description, values, runbook, links, leftOut, sender } = raised;
  const row = (name: string, value: string): Inline[][] => [[strong(name)], [text(value)]];
  return [
    row("Raised", raisedText(raised, kind !== "no_data")),
    ...(summary === undefined ? [] : [row("It says", summary)]),
    ...(description === undefined || description === summary ? [] : [row("In full", description)]),
    ...(values === undefined ? [] : [row("Values", values)]),
    ...(runbook === undefined || rule.runbook !== undefined ? [] : [[[strong("Runbook")], [link(runbook, runbook)]]]),
    ...links.map(({ text: label, url }) => [[strong("Link")], [link(label, url)]]),
    ...(leftOut === 0
      ? []
      : [
          row(
            "Not known",
            `${leftOut} more alerts that ${senderNames[sender]} left out (max_alerts), beside ${alertCount}`,
          ),
        ]),
  ];
}
