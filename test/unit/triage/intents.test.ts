import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import type { DecisionReason } from "../../../src/model/decision.ts";
import { type Document, plainText } from "../../../src/model/document.ts";
import type { SectionEvidence } from "../../../src/model/evidence.ts";
import type { Finding, TriageMemory } from "../../../src/model/finding.ts";
import type { OutboxDraft } from "../../../src/model/outbox.ts";
import { defaultPriorityScale } from "../../../src/model/priority.ts";
import type { Rule } from "../../../src/model/rule.ts";
import type { Decided } from "../../../src/triage/decided.ts";
import { summaryDocument, ticketDocument } from "../../../src/triage/describe.ts";
import {
  backDocument,
  flappingDocument,
  quietDocument,
  ruleChangedDocument,
  vanishedDocument,
} from "../../../src/triage/describe-comments.ts";
import { evidenceDocument } from "../../../src/triage/evidence.ts";
import { intentsOf } from "../../../src/triage/intents.ts";
import { priorityInputs } from "../../../src/triage/measure.ts";
import { score } from "../../../src/triage/score.ts";
import type { Story } from "../../../src/triage/story.ts";
import { buildAlert, day, hour, instance, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildFinding, buildRequest, sectionOf } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const checkout = buildRule({
  id: "checkout-errors",
  why: "People see an error page instead of a paid order.",
  runbook: "https://runbooks.example.com/checkout-errors",
  signal: {
    measure: { kind: "ratio", bad: "http.response.status_code:>=500" },
    by: ["service.name"],
    target: "logs-*",
  },
  limits: { when: { above: 0.05 }, severity: "critical" },
  impact: { slo: { objective: 0.999, periodMs: 30 * day } },
  location: { file: "rules/checkout/errors.yaml", line: 5 },
});
const cart = { "service.name": "checkout" };
const episode = {
  startedAt: start,
  lastBreachAt: start + 40 * minute,
  peak: { at: start + 12 * minute, value: 0.083, threshold: 0.05 },
  sums: { bad: 480, total: 8_000 },
  tail: { bad: 0, total: 0 },
};
const verdict = verdictOf("breached", { value: 0.08, threshold: 0.05, events: 1_000, badEvents: 80 });

function checkoutFinding(overrides: Partial<Finding> = {}): Finding {
  return buildFinding(checkout, {
    alerts: [buildAlert(checkout, { labels: cart, episode, verdict, severity: "critical" })],
    impact: { askedAt: start, usersBad: undefined, usersTotal: undefined, trend: 6 },
    ...overrides,
  });
}

function storyOf(finding: Finding, rule: Rule, at = start + 41 * minute): Story {
  const priority = score(priorityInputs(finding, rule, at), defaultPriorityScale);
  return { instance, finding, rule, priority, at, page: "https://backfeed.example.com/findings/1" };
}

const route = { tracker: "jira", project: "SHOP", labels: [], fields: {} };
function intents(decided: Partial<Decided>, story: Story): readonly OutboxDraft[] {
  const complete: Decided = {
    decision: { action: "none", reason: "unchanged" },
    memory: story.finding.memory,
    state: story.finding.state,
    generation: story.finding.generation,
    writePriority: undefined,
    refreshSummary: false,
    ...decided,
  };
  return intentsOf(complete, story, {
    route,
    evidence: () => buildRequest(story.finding, story.rule, story.at),
  });
}

/** Compares with a file of test/golden; `GOLDEN=write` writes it anew. */
function expectGolden(name: string, document: Document): void {
  const file = new URL(`../../golden/triage/${name}.txt`, import.meta.url);
  const text = `${plainText(document)}\n`;
  if (process.env["GOLDEN"] === "write") writeFileSync(file, text);
  expect(text).to.equal(readFileSync(file, "utf8"));
}

const filed: TriageMemory = { ...checkoutFinding().memory, createdAt: start, ticketBand: "High", summaryAt: start };
const hostile = '<script>alert(1)</script>\n{panel:title="x"}[~admin] {{ labels | x }} $(rm -rf /) \' OR 1=1 --';

describe("intents", () => {
  const create = { decision: { action: "create", reason: "new_finding" } } as const;

  it("are a create with identity, route, words and a frozen evidence request", () => {
    const story = storyOf(checkoutFinding(), checkout);
    const [draft, ...more] = intents({ ...create, memory: filed }, story);
    expect(more).to.deep.equal([]);
    expect(draft).to.deep.include({ findingId: story.finding.id, generation: 1, createdAt: story.at, rank: 70 });
    const action = draft?.action;
    if (action?.kind !== "create") throw new Error("no create");
    expect(action).to.deep.include({ band: "High", route, summary: story.finding.title });
    expect(action.identity).to.deep.equal({
      instance,
      groupKey: story.finding.groupKey,
      generation: 1,
      rules: ["checkout-errors"],
    });
    expect(action.page?.globalId).to.equal(`backfeed=test&finding=${story.finding.id}`);
    expect(JSON.parse(JSON.stringify(action.evidence))).to.deep.equal(JSON.parse(JSON.stringify(action.evidence)));
  });

  const decisions: readonly (readonly [string, Partial<Decided>, readonly string[]])[] = [
    ["create", create, ["create"]],
    ["all quiet", { decision: { action: "comment", reason: "all_quiet" } }, [`quiet:${start}`]],
    ["transition", { decision: { action: "transition", reason: "all_quiet" } }, [`quiet:${start}`]],
    ["back", { decision: { action: "comment", reason: "back_while_open" } }, [`back:${start}`]],
    ["vanished", { decision: { action: "comment", reason: "vanished" } }, [`vanished:${start}`]],
    ["rule changed", { decision: { action: "comment", reason: "rule_changed" } }, [`rule-changed:${start}`]],
    ["flapping", { decision: { action: "comment", reason: "flapping" } }, [`flapping:${start}`]],
    [
      "raised",
      { decision: { action: "update", reason: "priority_raised" }, writePriority: "Highest", refreshSummary: true },
      [`priority-kept:highest:${start + 41 * minute}`, `summary:${start + 41 * minute}`],
    ],
    ["none", {}, []],
  ];
  for (const [name, decided, keys] of decisions) {
    it(`of ${name} have keys that are the same when the tick is run again`, () => {
      const story = storyOf(checkoutFinding(), checkout);
      const first = intents(decided, story).map(({ idempotencyKey }) => idempotencyKey);
      expect(first).to.deep.equal(keys.map((key) => `${story.finding.groupKey}:1:${key}`));
      expect(intents(decided, storyOf(checkoutFinding(), checkout)).map((each) => each.idempotencyKey)).to.deep.equal(
        first,
      );
    });
  }

  it("ask for evidence anew where a later episode is told, and nowhere else", () => {
    const asking = (action: "comment" | "reopen", reason: DecisionReason) => {
      const [draft] = intents({ decision: { action, reason } }, storyOf(checkoutFinding(), checkout));
      const intent = draft?.action;
      return intent?.kind === "comment" || intent?.kind === "reopen" ? intent.evidence : undefined;
    };
    const { startedAt } = checkoutFinding().episode;
    for (const request of [
      asking("comment", "back_while_open"),
      asking("comment", "regressed"),
      asking("reopen", "regressed"),
    ]) {
      expect(request?.sections.map(({ episodeStartedAt }) => episodeStartedAt)).to.deep.equal([startedAt]);
      expect(request).to.not.have.property("joins");
    }
    for (const reason of ["all_quiet", "flapping", "still_happening", "verified"] as const) {
      expect(asking("comment", reason), reason).to.equal(undefined);
    }
  });

  it("of another generation have other keys", () => {
    const keys = [1, 2].map((generation) => intents(create, storyOf(checkoutFinding({ generation }), checkout))[0]);
    expect(keys[0]?.idempotencyKey).to.not.equal(keys[1]?.idempotencyKey);
  });

  it("have markers that every tracker can carry", () => {
    for (const [, decided] of decisions) {
      for (const { action } of intents(decided, storyOf(checkoutFinding(), checkout))) {
        if (action.kind !== "create") expect(action.marker).to.match(/^[a-z0-9:-]+$/);
      }
    }
  });

  it("put the comment before the priority and the summary last", () => {
    const decided = {
      decision: { action: "comment", reason: "back_while_open" },
      writePriority: "High",
      refreshSummary: true,
    } as const;
    const kinds = intents(decided, storyOf(checkoutFinding(), checkout)).map(({ action }) => action.kind);
    expect(kinds).to.deep.equal(["comment", "priority", "summary"]);
  });
});

describe("describe", () => {
  it("tells the ticket of a failing checkout", () => {
    expectGolden("checkout", ticketDocument(storyOf(checkoutFinding(), checkout)));
  });

  it("tells the ticket of a problem in several places, without whole, objective or page", () => {
    const rule = buildRule({
      id: "queue",
      signal: { by: ["queue"], measure: { kind: "max", field: "depth" } },
      group: [],
      limits: { when: { above: 1_000 } },
    });
    const alerts = Array.from({ length: 25 }, (_, index) =>
      buildAlert(rule, {
        labels: { queue: `q${String(index).padStart(2, "0")}` },
        state: index % 2 === 0 ? "firing" : "recovering",
        verdict: verdictOf("breached", { value: 2_345.6, threshold: 1_000 }),
        episode: { ...episode, peak: { at: start, value: 2_500, threshold: 1_000 }, sums: { bad: 9, total: 0 } },
      }),
    );
    const finding = buildFinding(rule, { alerts, title: "queues are full" });
    expectGolden("queues", ticketDocument({ ...storyOf(finding, rule, start + 26 * hour), page: undefined }));
  });

  it("counts the window's events where the episode, weighed by its steps, has no whole one yet", () => {
    const young = { ...episode, lastBreachAt: start, sums: { bad: 0.17, total: 22 } };
    const one = verdictOf("breached", { value: 0.0075, threshold: 0.005, events: 133, badEvents: 1 });
    const alerts = [buildAlert(checkout, { labels: cart, episode: young, verdict: one })];
    const text = plainText(ticketDocument(storyOf(buildFinding(checkout, { alerts }), checkout, start)));
    expect(text).to.contain("Events | 1 bad of 133 in this window");
  });

  it("says in every word what it is about, in numbers", () => {
    const quiet = checkoutFinding({
      state: "quiet",
      episode: { ...checkoutFinding().episode, endedAt: start + hour, ending: "recovered" },
    });
    const at = start + 2 * hour;
    const words = {
      quiet: plainText(quietDocument(storyOf(quiet, checkout, at))),
      summary: plainText(
        summaryDocument(storyOf(checkoutFinding({ memory: { ...filed, recurrences: 2 } }), checkout, at)),
      ),
      quietSummary: plainText(summaryDocument(storyOf(quiet, checkout, at))),
      back: plainText(
        backDocument(storyOf(checkoutFinding({ pastEpisodes: [quiet.episode] }), checkout, start + 3 * hour)),
      ),
      vanished: plainText(vanishedDocument(storyOf(quiet, checkout, at))),
      changed: plainText(ruleChangedDocument(storyOf(quiet, checkout, at))),
      flapping: plainText(flappingDocument(storyOf(quiet, checkout, at))),
    };
    expect(words.quiet).to.include(
      "over its limit for 40 min, worst 8.3% at 2026-01-05T10:12:00Z, 480 bad of 8,000 events",
    );
    expect(words.summary).to.include("still happening").and.to.include("back 2 times").and.to.include("70/100 High");
    expect(words.quietSummary).to.include("quiet since 2026-01-05T11:00:00Z");
    expect(words.back).to.include("after 2 h of quiet: 8.0%, limit: above 5.0%").and.to.include("Episode 2 in 30 days");
    const backAfter = (ending: "vanished" | "rule_changed") => {
      const pastEpisodes = [{ ...quiet.episode, ending }];
      return plainText(backDocument(storyOf(checkoutFinding({ pastEpisodes }), checkout, start + 3 * hour)));
    };
    expect(backAfter("vanished")).to.include("Back again, 2 h after it was given up for lack of data: 8.0%");
    expect(backAfter("rule_changed")).to.include(
      "Back again, watched again 2 h after its rule had changed or was gone:",
    );
    expect(words.vanished).to.include("service.name=checkout").and.to.include("1 d").and.to.include("not a recovery");
    const ceased = { fingerprint: "f2", ruleId: "checkout-errors", labels: { "service.name": "cart" } };
    const inPart = { ...quiet, episode: { ...quiet.episode, vanished: [ceased] } };
    expect(plainText(vanishedDocument(storyOf(inPart, checkout, at))))
      .to.include("A part of what this ticket is about (service.name=cart) ceased to report")
      .and.to.include("not a recovery");
    const many = { ...quiet, episode: { ...quiet.episode, vanished: Array.from({ length: 7 }, () => ceased) } };
    expect(plainText(vanishedDocument(storyOf(many, checkout, at)))).to.include("; 2 more)");
    expect(words.changed).to.include("checkout-errors");
    expect(words.flapping).to.include("four times");
  });

  it("say what becomes of a ticket that its rule closes, as its rule answers a return", () => {
    const closing = (onReturn: Rule["ticket"]["onReturn"]) => {
      const ticket = { ...checkout.ticket, onQuiet: "transition", onReturn } as const;
      return plainText(quietDocument(storyOf(checkoutFinding(), { ...checkout, ticket })));
    };
    expect(plainText(quietDocument(storyOf(checkoutFinding(), checkout)))).to.include("this ticket can be closed");
    for (const [onReturn, back] of [
      ["reopen", "Should the problem come back within 30 days, this ticket is reopened."],
      ["new_linked", "Should the problem come back after that, a new ticket is filed and linked with this one."],
      ["comment", "Should the problem come back after that, it will be said here."],
    ] as const) {
      expect(closing(onReturn)).to.include(`Backfeed closes this ticket now, if its workflow lets it. ${back}`);
      expect(closing(onReturn)).to.not.include("can be closed");
    }
  });

  it("name the fields that a rule writes over people, and promise nothing about them", () => {
    const own = plainText(ticketDocument(storyOf(checkoutFinding(), checkout)));
    expect(own).to.include("What you edit here stays as you leave it; Backfeed keeps");
    const ownership = { ...checkout.ticket.ownership, priority: "always", summary: "always" } as const;
    const rule = { ...checkout, ticket: { ...checkout.ticket, ownership } };
    expect(plainText(ticketDocument(storyOf(checkoutFinding(), rule)))).to.include(
      "stays as you leave it, but for what its rule keeps as it should be: priority, summary; Backfeed keeps",
    );
  });

  it("does not call quiet in the summary what only vanished or is no longer watched", () => {
    for (const [ending, said] of [
      ["vanished", "no more data, not watched since"],
      ["rule_changed", "no longer watched since"],
    ] as const) {
      const finding = checkoutFinding({
        state: "quiet",
        episode: { ...checkoutFinding().episode, endedAt: start, ending },
      });
      expect(plainText(summaryDocument(storyOf(finding, checkout)))).to.include(said);
    }
  });

  it("carries hostile titles and labels as text and nothing else", () => {
    const labels = { "service.name": hostile };
    const finding = buildFinding(checkout, {
      alerts: [
        buildAlert(checkout, { labels, episode, verdict }),
        buildAlert(checkout, { labels: { ...labels, more: hostile }, episode, verdict }),
      ],
      title: hostile,
    });
    const story = storyOf(finding, checkout);
    const [draft] = intents({ decision: { action: "create", reason: "new_finding" } }, story);
    if (draft?.action.kind !== "create") throw new Error("no create");
    expect(draft.action.summary).to.equal(hostile);
    expect(draft.idempotencyKey).to.match(/^[0-9a-f]{64}:1:create$/);
    expect(sectionOf(draft.action.evidence).query.where["service.name"]).to.deep.equal([hostile]);
    const kinds = new Set<string>();
    const links: string[] = [];
    JSON.stringify(draft.action.document, (_key, part) => {
      if (typeof part?.kind === "string") kinds.add(part.kind);
      if (part?.kind === "link") links.push(part.url);
      return part;
    });
    expect([...kinds]).to.have.members(["paragraph", "table", "heading", "list", "text", "link"]);
    expect(links.every((url) => url.startsWith("https://"))).to.equal(true);
    expect(plainText(draft.action.document)).to.include(hostile);
  });
});

describe("evidence", () => {
  const delayMs = 10_000;
  const ask = (finding: Finding, at: number) => sectionOf(buildRequest(finding, checkout, at, { delayMs }));

  it("asks for the worst alert's own series and its bad events, as a query without groups", () => {
    const request = ask(checkoutFinding(), start + 41 * minute);
    expect(request.query).to.deep.include({ where: { "service.name": ["checkout"] }, by: [], maxGroups: 1 });
    expect(request).to.deep.include({ labels: {}, source: "logs" });
    expect(request.samples).to.include({ badOnly: true, limit: 5 });
    expect(request.chart).to.include({ unit: "ratio", threshold: 0.05 });
  });

  it("draws the episode and two dozen steps before it", () => {
    const { chart } = ask(checkoutFinding(), start + 41 * minute);
    const to = start + 41 * minute - delayMs;
    expect(chart.stepMs).to.equal(5 * minute);
    expect(chart.window).to.deep.equal({ from: to - (9 + 24) * 5 * minute, to });
    expect(chart.episode).to.deep.equal({ from: start - 5 * minute - delayMs, to });
  });

  it("draws any length in at most 240 steps, the episode and what was before it always within", () => {
    for (let windows = 0; windows < 3_000; windows += 7) {
      const { chart } = ask(checkoutFinding(), start + windows * 5 * minute);
      const steps = (chart.window.to - chart.window.from) / chart.stepMs;
      expect(steps).to.be.within(24, 240);
      expect(chart.window.from).to.be.at.most(start - 5 * minute - delayMs);
      expect(chart.stepMs % (5 * minute)).to.equal(0);
    }
  });

  it("takes samples from the whole episode, since a ticket can be filed late, and from a day of it at most", () => {
    const at = start + 3 * hour;
    expect(ask(checkoutFinding(), at).samples.window).to.deep.equal({
      from: start - 5 * minute - delayMs,
      to: at - delayMs,
    });
    const late = start + 9 * day;
    expect(ask(checkoutFinding(), late).samples.window).to.deep.equal({
      from: late - delayMs - day,
      to: late - delayMs,
    });
  });

  it("shows what was found and names what was not, and is nothing when there is neither", () => {
    const links = [{ text: "Discover", url: "https://kibana/1" }];
    const request = buildRequest(checkoutFinding(), checkout, start + hour, { links });
    const found: SectionEvidence = {
      series: [],
      samples: [
        { at: start, fields: [["message", "card declined"]] },
        { at: start, fields: [] },
      ],
      missing: ["chart: took too long"],
      chart: { name: "backfeed-1.png", png: new Uint8Array() },
      infra: [],
    };
    const text = plainText(evidenceDocument(request, { collectedAt: start, sections: [found] }));
    for (const part of [
      "attached as backfeed-1.png",
      "message=card declined",
      "Discover (https://kibana/1)",
      "took too long",
    ])
      expect(text).to.include(part);
    const nothing = { ...found, samples: [], missing: [], chart: undefined };
    const bare = buildRequest(checkoutFinding(), checkout, start + hour);
    expect(evidenceDocument(bare, { collectedAt: start, sections: [nothing] })).to.deep.equal([]);
  });
});
