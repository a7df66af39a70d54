import type { Alert } from "../../model/alert.ts";
import type { MeasuredWindow } from "../../model/baseline.ts";
import type { CreatesCounted } from "../../model/cap.ts";
import type { Finding } from "../../model/finding.ts";
import { labelsKey } from "../../model/labels.ts";
import type { OutboxDraft } from "../../model/outbox.ts";
import type { Storm } from "../../model/storm.ts";
import type { TicketRecord } from "../../model/ticket.ts";
import type { FindingCommit, KnownLabelSet, MeasuredHistory, RuleState, StormRank, TickStore } from "../store.ts";

/** A tick's store without a disk, and handles for who plays what stands around it. */
export interface MemoryTickStore extends TickStore {
  /** What was decided to be sent since it was last asked, each intent once. */
  takeDrafts(): readonly OutboxDraft[];
  /** As delivery does when a ticket was filed. */
  putTicket(record: TicketRecord): void;
}

interface CreateDecided {
  readonly at: number;
  readonly destination: string;
}

/** Longer than 70 lines: the parts of one port, one after another, each short. */
export function createMemoryTickStore(): MemoryTickStore {
  const states = new Map<string, RuleState>();
  const watchedSince = new Map<string, number>();
  const alerts = new Map<string, Alert>();
  const known = new Map<string, Map<string, KnownLabelSet>>();
  /** By rule and signal, then by start. */
  const measured = new Map<string, Map<number, MeasuredWindow>>();
  /** By group key. */
  const findings = new Map<string, Finding>();
  const storms = new Map<string, { readonly storm: Storm; readonly ended: boolean }>();
  const tickets = new Map<string, TicketRecord>();
  const decided = new Set<string>();
  const creates: CreateDecided[] = [];
  let drafts: OutboxDraft[] = [];

  const storedFindings = () => [...findings.values()].sort(byScore);
  const membersOf = (id: string) => storedFindings().filter(({ memory }) => memory.storm?.id === id);

  function putFindings(commits: readonly FindingCommit[]): void {
    for (const { finding, outbox } of commits) {
      findings.set(finding.groupKey, finding);
      for (const draft of outbox) {
        if (decided.has(draft.idempotencyKey)) continue;
        decided.add(draft.idempotencyKey);
        drafts.push(draft);
        if (draft.action.kind !== "create") continue;
        const { tracker, project = "" } = draft.action.route;
        creates.push({ at: draft.createdAt, destination: `${tracker}/${project}` });
      }
    }
  }

  function putStorm(commit: { readonly storm: Storm; readonly findings: readonly FindingCommit[] } | undefined): void {
    if (commit === undefined) return;
    storms.set(commit.storm.id, { storm: commit.storm, ended: false });
    putFindings(commit.findings);
  }

  return {
    takeDrafts() {
      const taken = drafts;
      drafts = [];
      return taken;
    },
    putTicket(record) {
      const before = tickets.get(record.findingId);
      if (before === undefined || before.generation <= record.generation) tickets.set(record.findingId, record);
    },

    state: {
      openInstance: async (instance) => instance,
      ruleStates: async () => new Map(states),
      watchedSince: async (ruleIds) =>
        new Map(
          ruleIds.flatMap((id) => {
            const since = watchedSince.get(id);
            return since === undefined ? [] : [[id, since] as const];
          }),
        ),
      alerts: async (except) => [...alerts.values()].filter(({ fingerprint }) => except?.has(fingerprint) !== true),
      knownLabelSets: async (ruleIds) => ruleIds.flatMap((id) => [...(known.get(id)?.values() ?? [])]),
      measuredWindows: async ({ ruleId, signal, since }) =>
        [...(measured.get(`${ruleId} ${signal}`)?.values() ?? [])]
          .filter(({ from }) => from >= since)
          .sort((a, b) => a.from - b.from),
      findings: async (groupKeys) =>
        new Map(
          groupKeys.flatMap((key) => {
            const finding = findings.get(key);
            return finding === undefined ? [] : [[key, finding] as const];
          }),
        ),
      async createsSince(since) {
        const counted = new Map<string, CreatesCounted>();
        for (const { at, destination } of creates) {
          if (at < since) continue;
          const { count = 0, oldestAt = at } = counted.get(destination) ?? {};
          counted.set(destination, { count: count + 1, oldestAt: Math.min(oldestAt, at) });
        }
        return counted;
      },
      waiting: async (limit) =>
        storedFindings()
          .filter(({ decision }) => decision.reason === "over_cap")
          .slice(0, limit),
      quietUntold: async (limit) =>
        storedFindings()
          .filter(
            ({ decision, memory, state }) => state === "quiet" && (decision.reason === "silenced" || memory.closeOwed),
          )
          .sort((a, b) => a.changedAt - b.changedAt || (a.id < b.id ? -1 : 1))
          .slice(0, limit),
      async commitTick(commit) {
        putStorm(commit.storm);
        for (const rule of commit.rules) {
          const { state } = rule;
          if (!watchedSince.has(state.ruleId)) watchedSince.set(state.ruleId, commit.tick);
          states.set(state.ruleId, state);
          for (const alert of rule.alertsChanged) alerts.set(alert.fingerprint, alert);
          for (const fingerprint of rule.alertsEnded) alerts.delete(fingerprint);
          for (const seen of rule.labelSetsSeen) knownOf(known, seen.ruleId).set(labelsKey(seen.labels), seen);
          for (const labels of rule.labelSetsForgotten) knownOf(known, state.ruleId).delete(labelsKey(labels));
          if (rule.measured !== undefined) putMeasured(measured, state.ruleId, rule.measured);
          putFindings(rule.findings);
        }
        return [];
      },
      async commitFindings(commits, storm) {
        putStorm(storm);
        putFindings(commits);
      },
      async recordTick() {
        // For pages, which there are none of.
      },
    },

    storms: {
      living: async () =>
        [...storms.values()]
          .filter(({ ended }) => !ended)
          .map(({ storm }) => storm)
          .sort((a, b) => b.openedAt - a.openedAt),
      members: async (id, limit) => membersOf(id).slice(0, limit),
      ticketed: async (id, limit) =>
        membersOf(id)
          .filter((finding) => tickets.has(finding.id))
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .slice(0, limit),
      memberCount: async (id) => membersOf(id).length,
      worst: async (id, limit) => membersOf(id).slice(0, limit).map(rankOf),
      wished: async (after, until) =>
        [...findings.values()]
          .filter(({ memory: { storm, wishedAt } }) => storm === undefined && isWithin(wishedAt, after, until))
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .map((finding) => ({
            ...rankOf(finding),
            isOpen: finding.state === "open" || finding.state === "regressed",
          })),
      async end(storm, at) {
        storms.set(storm.id, { storm: { ...storm, endedAt: at }, ended: true });
      },
    },

    // Everything is delivered at once.
    outbox: { openOf: async () => [] },
    tickets: {
      ofFindings: async (ids) =>
        new Map(
          ids.flatMap((id) => {
            const record = tickets.get(id);
            return record === undefined ? [] : [[id, record] as const];
          }),
        ),
    },
    silences: { active: async () => [] },
    deploys: { known: async () => new Set(), ofService: async () => [] },
  };
}

function knownOf(known: Map<string, Map<string, KnownLabelSet>>, ruleId: string): Map<string, KnownLabelSet> {
  let sets = known.get(ruleId);
  if (sets === undefined) {
    sets = new Map();
    known.set(ruleId, sets);
  }
  return sets;
}

function putMeasured(
  measured: Map<string, Map<number, MeasuredWindow>>,
  ruleId: string,
  { signal, windows }: MeasuredHistory,
): void {
  const key = `${ruleId} ${signal}`;
  let stored = measured.get(key);
  if (stored === undefined) {
    stored = new Map();
    measured.set(key, stored);
  }
  for (const window of windows) stored.set(window.from, window);
}

function isWithin(at: number | undefined, after: number, until: number): boolean {
  return at !== undefined && at > after && at <= until;
}

function byScore(a: Finding, b: Finding): number {
  return scoreOf(b) - scoreOf(a) || (a.id < b.id ? -1 : 1);
}

function scoreOf({ priority }: Finding): number {
  return priority?.score ?? 0;
}

function rankOf(finding: Finding): StormRank {
  const { id, groupKey, priority } = finding;
  return { id, groupKey, score: scoreOf(finding), band: priority?.band ?? "None" };
}
