import type { Deploy, SuspectDeploys } from "../../../src/model/deploy.ts";
import type { Evidence, EvidenceRequest } from "../../../src/model/evidence.ts";
import type { Finding, FindingEvent } from "../../../src/model/finding.ts";
import type { LocalTicket } from "../../../src/model/local-ticket.ts";
import type { OutboxEntry } from "../../../src/model/outbox.ts";
import type { Silence } from "../../../src/model/silence.ts";
import type { TicketRecord } from "../../../src/model/ticket.ts";
import type { MaintenanceListing, RuleFault, RuleListing, ServerProgram } from "../../../src/server/program.ts";
import type { LocalTicketStore, Page, PageRequest, TickRecord } from "../../../src/store/store.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { localPeople } from "../../../src/trackers/local/people.ts";
import { suspectText } from "../../../src/triage/describe-deploys.ts";
import { now } from "./fixtures.ts";

/** What the fake program knows; a test changes it as it likes. */
export interface FakeState {
  findings: Finding[];
  events: Map<string, FindingEvent[]>;
  tickets: TicketRecord[];
  localTickets: LocalTicket[];
  outbox: OutboxEntry[];
  silences: Silence[];
  deploys: Deploy[];
  suspects: SuspectDeploys | undefined;
  maintenance: MaintenanceListing[];
  evidence: Map<string, { request: EvidenceRequest; evidence: Evidence }>;
  rules: RuleListing[];
  faults: RuleFault[];
  ticks: TickRecord[];
  attachments: Map<string, { contentType: string; bytes: Uint8Array }>;
  ready: { store: boolean; rules: boolean };
  /** Thrown by every read of findings and by a run. */
  failure: Error | undefined;
  woken: number;
}

export function emptyState(): FakeState {
  return {
    findings: [],
    events: new Map(),
    tickets: [],
    localTickets: [],
    outbox: [],
    silences: [],
    deploys: [],
    suspects: undefined,
    maintenance: [],
    evidence: new Map(),
    rules: [],
    faults: [],
    ticks: [],
    attachments: new Map(),
    ready: { store: true, rules: true },
    failure: undefined,
    woken: 0,
  };
}

/** A program over plain lists, with cursors that count. */
export function fakeProgram(state: FakeState): ServerProgram {
  const check = () => {
    if (state.failure !== undefined) throw state.failure;
  };
  const byKey = <Item>(items: readonly Item[], matches: (item: Item) => boolean) =>
    Promise.resolve(items.find(matches));

  const backlog = localPeople({
    tickets: rowsOf(state),
    clock: new ManualClock(now),
    labelPrefix: "backfeed",
  });

  return {
    history: {
      async findings({ state: wanted, band, rule, reason, storm, ...request }) {
        check();
        const matching = state.findings.filter(
          (finding) =>
            (wanted === undefined || finding.state === wanted) &&
            (band === undefined || finding.priority?.band === band) &&
            (rule === undefined || finding.ruleIds.includes(rule)) &&
            (reason === undefined || finding.decision.reason === reason) &&
            (storm === undefined || finding.memory.storm?.id === storm),
        );
        return page(matching, request);
      },
      async countByReason(reasons) {
        const count = (reason: string) => state.findings.filter(({ decision }) => decision.reason === reason).length;
        return new Map(reasons.map((reason) => [reason, count(reason)] as const));
      },
      async finding(id) {
        check();
        return state.findings.find((finding) => finding.id === id);
      },
      findingByFingerprint: (print) => byKey(state.findings, ({ worst }) => worst.fingerprint === print),
      events: async (id) => state.events.get(id) ?? [],
      outbox: async ({ state: wanted, finding, ...request }) =>
        page(
          state.outbox.filter(
            (entry) =>
              (wanted === undefined || entry.state === wanted) &&
              (finding === undefined || entry.findingId === finding),
          ),
          request,
        ),
      tickets: async (request) => page(state.tickets, request),
      ticks: async ({ schedule, ...request }) =>
        page(
          state.ticks.filter((tick) => schedule === undefined || tick.schedule === schedule),
          request,
        ),
      ruleTicks: async () => [],
      async addEvent(id, event) {
        state.events.set(id, [...(state.events.get(id) ?? []), event]);
      },
    },
    outbox: {
      get: (id) => byKey(state.outbox, (entry) => entry.id === id),
      async retry(id, now) {
        const entry = state.outbox.find((candidate) => candidate.id === id);
        if (entry === undefined)
          throw new BackfeedError("not_found", "there is no such outbox entry", { facts: { id } });
        if (entry.state === "done") throw new BackfeedError("conflict", "the entry is done", { facts: { id } });
        const due: OutboxEntry = { ...entry, state: "pending", attempts: 0, nextAttemptAt: now };
        state.outbox = state.outbox.map((candidate) => (candidate === entry ? due : candidate));
        return due;
      },
    },
    silences: {
      async add(draft) {
        check();
        const silence = { ...draft, id: `${state.silences.length + 1}`, endedAt: undefined };
        state.silences.unshift(silence);
        return silence;
      },
      async end(id, now) {
        const silence = state.silences.find((candidate) => candidate.id === id);
        if (silence === undefined) throw new BackfeedError("not_found", "there is no such silence", { facts: { id } });
        if (silence.endedAt !== undefined) throw new BackfeedError("conflict", "it is over", { facts: { id } });
        const ended = { ...silence, endedAt: now };
        state.silences = state.silences.map((candidate) => (candidate === silence ? ended : candidate));
        return ended;
      },
      list: async (request) => page(state.silences, request),
    },
    deploys: {
      list: async (request) =>
        page(
          state.deploys.filter(({ service }) => request.service === undefined || service === request.service),
          request,
        ),
    },
    deploysOf: async () => state.suspects && { deploys: state.suspects, text: suspectText(state.suspects) },
    async refile(id, { by, at }) {
      const finding = state.findings.find((candidate) => candidate.id === id);
      if (finding === undefined) throw new BackfeedError("not_found", "there is no such finding", { facts: { id } });
      if (!state.tickets.some(({ findingId, generation }) => findingId === id && generation === finding.generation)) {
        throw new BackfeedError("conflict", "there is nothing to file anew", { facts: { id } });
      }
      const refiled = { ...finding, generation: finding.generation + 1 };
      state.findings = state.findings.map((candidate) => (candidate === finding ? refiled : candidate));
      const event: FindingEvent = { at, kind: "operator", code: "finding_refiled", text: `${by} filed it anew` };
      state.events.set(id, [...(state.events.get(id) ?? []), event]);
      return refiled;
    },
    evidence: { newest: async (id) => state.evidence.get(id) },
    tickets: {
      ofFinding: (id) => byKey(state.tickets, (record) => record.findingId === id),
      ofFindings: async (ids) =>
        new Map(
          state.tickets.filter(({ findingId }) => ids.includes(findingId)).map((record) => [record.findingId, record]),
        ),
      byKey: (key) => byKey(state.tickets, ({ ref }) => ref.key === key),
    },
    localTickets: {
      ...backlog,
      byKey: (key) => byKey(state.localTickets, (ticket) => ticket.key === key),
      attachment: async (id, name) => state.attachments.get(`${id}/${name}`),
      transition: backlog.move,
      comment: backlog.addComment,
    },
    rules: async () => ({ rules: state.rules, faults: state.faults }),
    maintenance: () => state.maintenance,
    ruleIds: async () => state.rules.map(({ id }) => id),
    async runRule(ruleId) {
      check();
      if (!state.rules.some(({ id }) => id === ruleId)) {
        throw new BackfeedError("not_found", "there is no such rule", { facts: { rule: ruleId } });
      }
      return {
        ruleId,
        ticks: 1,
        tick: 0,
        counts: { verdicts: { clear: 1 }, outcomes: {}, notEvaluated: 0 },
        findings: [],
      };
    },
    wakeOutbox: () => {
      state.woken += 1;
    },
    readiness: async () => state.ready,
  };
}

function page<Item>(items: readonly Item[], { limit, cursor }: PageRequest): Page<Item> {
  const from = cursor === undefined ? 0 : Number(cursor);
  if (!Number.isInteger(from))
    throw new BackfeedError("invalid_request", "the cursor is none of ours", { facts: { at: "cursor" } });
  const to = from + limit;
  return { items: items.slice(from, to), next: to < items.length ? `${to}` : undefined };
}

/** What of the embedded backlog's rows its people need. */
function rowsOf(state: FakeState): Pick<LocalTicketStore, "byKey" | "change"> {
  return {
    byKey: async (key) => state.localTickets.find((ticket) => ticket.key === key),
    async change(id, change) {
      const before = state.localTickets.find((ticket) => ticket.id === id);
      if (before === undefined) throw new BackfeedError("not_found", "there is no such ticket", { facts: { id } });
      const after = change(before);
      state.localTickets = state.localTickets.map((ticket) => (ticket === before ? after : ticket));
      return after;
    },
  };
}
