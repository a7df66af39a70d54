import type { FakeState } from "../unit/server/fake-program.ts";
import {
  alert,
  events,
  evidence,
  evidenceRequest,
  finding,
  findingId,
  localTicket,
  now,
  outboxEntry,
  png,
  rule,
  silence,
  ticketRecord,
} from "../unit/server/fixtures.ts";

const minute = 60_000;

export const script = "<script>window.hacked = true; alert(1)</script>";
export const image = '<img src=x onerror="window.hacked = true; alert(2)">';
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant to look like one.
const markdown = "**bold** [click](javascript:alert(3)) `code` {{7*7}} ${7*7} {code}x{code}";
export const rightToLeft = "\u202Egnp.exe \u2067مرحبا\u2069 \u200B";
export const longTitle = `${"wide".repeat(1_250)} ${"long words ".repeat(455)}`;

/** Hostile text wherever text can be, and one finding in each state. */
export function hostileSeed(state: FakeState): void {
  const hostile = `${script}${image} ${markdown} ${rightToLeft}`;
  state.findings = [
    finding(),
    finding({
      id: findingId(2),
      title: hostile,
      owner: image,
      groupLabels: { "service.name": script, [image]: rightToLeft },
      ruleIds: [script],
      state: "regressed",
      flapping: true,
      worst: alert({ labels: { path: hostile }, verdict: { kind: "failed", events: 0, detail: script } }),
      decision: { action: "none", reason: "dry_run", would: { action: "create", reason: "new_finding" }, at: now },
      priority: {
        score: 59,
        band: "Medium",
        parts: [{ name: "reach", points: 0, text: hostile, measured: false }],
        adjustment: { kind: "cap", band: "Medium", text: hostile },
      },
    }),
    finding({ id: findingId(3), title: longTitle, state: "quiet", impact: undefined, priority: undefined }),
  ];
  state.tickets = [
    ticketRecord(),
    ticketRecord({
      findingId: findingId(2),
      ref: { id: "1", key: "LOCAL-1", url: "javascript:alert(4)" },
      tracker: script,
      dropped: [hostile],
    }),
  ];
  state.events.set(findingId(1), events());
  state.events.set(findingId(2), [{ at: now, kind: "operator", code: script, text: hostile }]);
  state.evidence.set(findingId(1), { request: evidenceRequest(), evidence: evidence() });
  state.evidence.set(findingId(2), {
    request: evidenceRequest({
      source: script,
      links: [
        { text: hostile, url: "javascript:alert(5)" },
        { text: "data", url: `data:text/html,${script}` },
        { text: image, url: "https://evil.example.com/?q=<script>" },
      ],
    }),
    evidence: evidence({ missing: [hostile], samples: [{ at: now, fields: [[script, hostile]] }] }),
  });
  state.outbox = [outboxEntry(), outboxEntry({ id: "ob-2", findingId: findingId(2), note: hostile })];
  state.silences = [
    silence({ id: "2", matchers: { host: image }, ruleId: undefined, author: hostile, reason: script }),
    silence({ endedAt: now - 60_000 }),
  ];
  const window = { reason: hostile, schedule: "0 2 * * 6 Europe/Berlin", durationMs: 2 * 3_600_000 };
  const next = { from: now + 86_400_000, until: now + 93_600_000 };
  state.maintenance = [
    {
      ...window,
      name: "weekly-patching",
      rules: ["checkout-*"],
      where: {},
      on: { from: now, until: now + 60_000 },
      next,
    },
    { ...window, name: "backup", rules: [], where: { host: [image, longTitle] }, on: undefined, next },
  ];
  state.localTickets = [
    localTicket({
      summary: hostile,
      document: [
        ...localTicket().document,
        { kind: "heading", text: hostile },
        { kind: "paragraph", content: [{ kind: "link", text: hostile, url: "javascript:alert(6)" }] },
        { kind: "table", header: [script], rows: [[[{ kind: "code", text: hostile }]]] },
        { kind: "code", text: `${script}\n${longTitle}` },
      ],
      comments: [
        {
          marker: "m",
          at: now,
          author: script,
          document: [{ kind: "list", items: [[{ kind: "text", text: hostile }]] }],
        },
      ],
      links: [{ globalId: "g", url: "vbscript:x", title: hostile }],
      history: [{ at: now - minute, author: image, text: hostile }],
    }),
  ];
  state.attachments.set("1/chart-1a2b.png", { contentType: "image/png", bytes: png });
  state.rules = [
    rule(),
    rule({
      id: script,
      why: hostile,
      runbook: "javascript:alert(7)",
      owner: image,
      failingSince: now - 60 * minute,
      lastFailure: hostile,
    }),
  ];
  state.faults = [
    { file: script, line: 3, column: 5, ruleId: image, severity: "error", message: hostile, fix: markdown },
  ];
}
