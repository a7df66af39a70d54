import type { Alert } from "../model/alert.ts";
import type { MeasuredWindow } from "../model/baseline.ts";
import type { CreatesCounted } from "../model/cap.ts";
import type { DecisionReason } from "../model/decision.ts";
import type { Deploy } from "../model/deploy.ts";
import type { Evidence, EvidenceRequest, Proof } from "../model/evidence.ts";
import type { Finding, FindingEvent } from "../model/finding.ts";
import type { Labels } from "../model/labels.ts";
import type { LocalTicket } from "../model/local-ticket.ts";
import type { OutboxDraft, OutboxEntry, OutboxState } from "../model/outbox.ts";
import type { Band } from "../model/priority.ts";
import type { ReceivedAlert } from "../model/raised-alert.ts";
import type { Silence } from "../model/silence.ts";
import type { Storm } from "../model/storm.ts";
import type { Learned, Template } from "../model/template.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { TicketEdit, WebhookHint } from "../model/ticket-life.ts";

/*
 * The ports by need, and what passes through them. Longer than 400 lines: most of it says what an adapter must hold to, and
 * whoever writes one reads it as a whole.
 */

/** What is remembered of a rule between ticks. */
export interface RuleState {
  readonly ruleId: string;
  /** The id its alerts' identity is made of. */
  readonly identity: string;
  /** The newest tick that needs no further evaluation. */
  readonly watermark: number;
  /** Since when every evaluation has failed. */
  readonly failingSince: number | undefined;
  readonly lastFailure: string | undefined;
  /** `Rule.shape` of the last commit, to see when a rule became another. */
  readonly shape: string;
  /** How far a rule of the form `new` has got; undefined until it has learned. */
  readonly learned?: Learned | undefined;
}

/** A label set that a rule has seen; `seenAt` may lag by up to a hundredth of the rule's `knownForMs`. */
export interface KnownLabelSet {
  readonly ruleId: string;
  readonly labels: Labels;
  readonly seenAt: number;
  /** Of a rule of the form `new`: the tick it was first seen at; undefined for what was learned. */
  readonly firstSeenAt?: number;
  /** Of a log message pattern. */
  readonly template?: Template;
}

/** What a rule measured, to be compared with later. */
export interface MeasuredHistory {
  /** Names what the numbers are of: of another signal nothing is compared with them. */
  readonly signal: string;
  /** How long after its start a window is of use. */
  readonly keepForMs: number;
  /** Oldest first. */
  readonly windows: readonly MeasuredWindow[];
}

/** How many label sets of one rule at one tick had each verdict and each outcome. */
export interface RuleTickCounts {
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Groups beyond `max_groups`. */
  readonly notEvaluated: number;
}

export interface FindingCommit {
  readonly finding: Finding;
  readonly events: readonly FindingEvent[];
  readonly outbox: readonly OutboxDraft[];
}

/** All that one tick changed for one rule; stored under a savepoint of its own. */
export interface RuleCommit {
  readonly state: RuleState;
  readonly alertsChanged: readonly Alert[];
  /** Fingerprints of alerts that became inactive. */
  readonly alertsEnded: readonly string[];
  readonly labelSetsSeen: readonly KnownLabelSet[];
  readonly labelSetsForgotten: readonly Labels[];
  /** What it measured that is not stored yet; a window that is there already is replaced. */
  readonly measured?: MeasuredHistory | undefined;
  /** Undefined where the tick keeps those it has. */
  readonly counts: RuleTickCounts | undefined;
  /** Findings whose worst alert is this rule's. */
  readonly findings: readonly FindingCommit[];
}

export interface TickCommit {
  readonly schedule: string;
  readonly tick: number;
  readonly rules: readonly RuleCommit[];
  /** Stored with the first rules: what is decided of the others refers to it. */
  readonly storm?: StormCommit | undefined;
}

/** A storm that opened or changed, and findings that are in it although they were not decided now. */
export interface StormCommit {
  readonly storm: Storm;
  readonly findings: readonly FindingCommit[];
}

export interface TickRecord {
  readonly schedule: string;
  readonly tick: number;
  readonly kind: "evaluated" | "skipped";
  readonly startedAt: number;
  readonly durationMs: number;
  readonly rules: number;
  readonly counts: RuleTickCounts;
}

/** A finding as it is when somebody wants it filed anew. */
export interface RefileRequest {
  readonly finding: Finding;
  /** The record of the highest generation. */
  readonly ticket: TicketRecord | undefined;
  /** Entries that are not done or dropped. */
  readonly open: readonly OutboxEntry[];
}

/** What becomes of it. Its alerts, rules and state stay as they are. */
export interface Refiled {
  readonly finding: Finding;
  readonly event: FindingEvent;
  /** Entries that are dropped, and the note they get. */
  readonly drop: readonly OutboxEntry[];
  readonly note: string;
}

/** What a tick reads before it judges, and the one transaction it ends with. */
export interface StateStore {
  /**
   * Gives the instance name that identities are made of: the first one ever stored.
   * Throws `configuration` when the store belongs to an instance that is neither this one nor in `formerly`.
   */
  openInstance(instance: string, formerly: readonly string[]): Promise<string>;
  ruleStates(): Promise<ReadonlyMap<string, RuleState>>;
  /** Since when rules are known to have been evaluated, by their identity; without those that never were. */
  watchedSince(ruleIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Every alert that is not inactive, without those of the fingerprints in `except`. */
  alerts(except?: ReadonlySet<string>): Promise<readonly Alert[]>;
  knownLabelSets(ruleIds: readonly string[]): Promise<readonly KnownLabelSet[]>;
  /** What a rule measured of one signal in windows that began since an instant, oldest first. */
  measuredWindows(request: {
    readonly ruleId: string;
    readonly signal: string;
    readonly since: number;
  }): Promise<readonly MeasuredWindow[]>;
  findings(groupKeys: readonly string[]): Promise<ReadonlyMap<string, Finding>>;
  /** Creates decided since an instant, counted by tracker and project (`tracker/project`). */
  createsSince(since: number): Promise<ReadonlyMap<string, CreatesCounted>>;
  /** Findings whose new ticket waits for a cap, the highest score first. */
  waiting(limit: number): Promise<readonly Finding[]>;
  /** Quiet findings of which that is not told, since they were silenced, or whose ticket is still to be closed; longest so first. */
  quietUntold(limit: number): Promise<readonly Finding[]>;
  /** Rules that could not be stored, with the reason; the others are. At most 100 rules a transaction. */
  commitTick(commit: TickCommit): Promise<readonly { ruleId: string; message: string }[]>;
  /** What was decided between ticks: findings, events and outbox entries in one transaction, all or none. */
  commitFindings(commits: readonly FindingCommit[], storm?: StormCommit): Promise<void>;
  recordTick(record: TickRecord): Promise<void>;
  /**
   * Reads, judges and writes in one transaction; nothing is stored when `judge` throws. Throws `not_found`. The caller
   * sees to it that no tick reads the finding before this and writes it after.
   */
  refile(findingId: string, now: number, judge: (request: RefileRequest) => Refiled): Promise<Finding>;
}

/** What of a finding counts when the worst of a storm are chosen. */
export interface StormRank {
  readonly id: string;
  readonly groupKey: string;
  readonly score: number;
  readonly band: Band;
}

/** One that wished for a ticket a short while ago. */
export interface StormWish extends StormRank {
  /** Whether it is open or regressed: neither over, nor left alone as somebody decided. */
  readonly isOpen: boolean;
}

/** Storms, and the findings that are in them. They are written by `commitTick` and `commitFindings`. */
export interface StormStore {
  /** Those that are not over, the newest first. */
  living(): Promise<readonly Storm[]>;
  /** Its findings, the highest score first. */
  members(id: string, limit: number): Promise<readonly Finding[]>;
  /** Those of its findings that have or had a ticket. */
  ticketed(id: string, limit: number): Promise<readonly Finding[]>;
  memberCount(id: string): Promise<number>;
  /** The same as `members` without their bodies. */
  worst(id: string, limit: number): Promise<readonly StormRank[]>;
  /** Findings of no storm for which a ticket was first wished for in (after, until]. */
  wished(after: number, until: number): Promise<readonly StormWish[]>;
  /** It is over, and is not asked for again. */
  end(storm: Storm, at: number): Promise<void>;
}

export interface OutboxStore {
  /**
   * Takes due entries for a worker: pending or unknown ones whose time has come and whose lease, if any, is over;
   * an expired `sending` comes back as `unknown`, one lost create more and no looks yet. Creates first, then by rank,
   * then oldest; never two of one finding, whose entries go in the order they were decided.
   */
  claim(request: { now: number; owner: string; leaseMs: number; limit: number }): Promise<readonly OutboxEntry[]>;
  /** Before the bytes of a create leave, once per claim. False when the lease was lost or is over, or it is sent already. */
  markSending(id: string, request: { owner: string; now: number; leaseMs: number }): Promise<boolean>;
  /**
   * Ends one attempt. False when the lease was lost. A change of the finding's ticket record (by `TicketStore.change`'s
   * rules) and the event are stored in the same transaction.
   */
  settle(
    id: string,
    outcome: {
      owner: string;
      state: Exclude<OutboxState, "sending">;
      now: number;
      nextAttemptAt?: number;
      attempts?: number;
      looks?: number;
      lostCreates?: number;
      note?: string;
      ticket?: { readonly generation: number; readonly change: (record: TicketRecord) => TicketRecord };
      event?: FindingEvent;
    },
  ): Promise<boolean>;
  /**
   * Ends every lease: for a process that has just taken the place of the only one that could hold any. What it finds under way is
   * due at `until`; a create that may have left at once, as `unknown`, since it is looked for over a time of its own. Gives how
   * many leases there were.
   */
  releaseLeases(request: { readonly now: number; readonly until: number }): Promise<number>;
  /** An operator's wish: due at once, attempts counted anew. Throws `not_found`, or `conflict` when it is done. */
  retry(id: string, now: number): Promise<OutboxEntry>;
  get(id: string): Promise<OutboxEntry | undefined>;
  /** Entries of a finding that are not done or dropped. */
  openOf(findingIds: readonly string[]): Promise<readonly OutboxEntry[]>;
  counts(): Promise<Readonly<Record<OutboxState, number>>>;
  /** When the oldest entry that is not done or dropped was created. */
  oldestOpen(): Promise<number | undefined>;
  /** When the next entry is due, so that the worker can sleep. */
  nextDue(): Promise<number | undefined>;
}

/** What becomes of a ticket record, and what is told of it. */
export interface TicketChange {
  readonly record: TicketRecord;
  readonly events?: readonly FindingEvent[];
  readonly edits?: readonly TicketEdit[];
}

/** Finding's id and generation: one record. */
export type TicketRecordKey = Pick<TicketRecord, "findingId" | "generation">;

export interface TicketStore {
  /** Stores a new ticket's record. What is there already is changed by `change`, since it has two writers. */
  put(record: TicketRecord): Promise<void>;
  /**
   * Reads, changes and writes one record, with its events and edits, in one transaction: delivery and reconcile both
   * write, so neither writes back what it read before. Gives the record as it is then; undefined where there is none.
   * Nothing is written when `change` gives undefined.
   */
  change(
    key: TicketRecordKey,
    change: (record: TicketRecord) => TicketChange | undefined,
  ): Promise<TicketRecord | undefined>;
  /** The record of the highest generation. */
  ofFinding(findingId: string): Promise<TicketRecord | undefined>;
  ofFindings(findingIds: readonly string[]): Promise<ReadonlyMap<string, TicketRecord>>;
  byKey(key: string): Promise<TicketRecord | undefined>;
  /** By the tracker's ids, of each finding the highest generation alone. Two findings may share an issue that people made of two. */
  byIssueIds(tracker: string, issueIds: readonly string[]): Promise<readonly TicketRecord[]>;
  /**
   * Those worth looking at: of each finding the highest generation, open, or closed or gone after `endedAfter`, and not
   * looked at since `lookedBefore`; a look later than `lookedAfter` was by a clock that was put back since, and counts for
   * nothing. What was not looked at for longest comes first; what was never, before all.
   */
  live(request: {
    readonly tracker: string;
    readonly lookedBefore: number;
    readonly lookedAfter: number;
    readonly endedAfter: number;
    readonly limit: number;
  }): Promise<readonly TicketRecord[]>;
  /** Notes when these were looked at, whatever came of it; a time to come puts the next look off. */
  looked(keys: readonly TicketRecordKey[], at: number): Promise<void>;
  /** Records of the highest generation whose finding is to be decided again by now, the most overdue first. */
  due(now: number, limit: number): Promise<readonly TicketRecord[]>;
  /** Records whose next look for duplicates (`nextSweepAt`) is due, the most overdue first. */
  unswept(request: {
    readonly tracker: string;
    readonly now: number;
    readonly limit: number;
  }): Promise<readonly TicketRecord[]>;
  /** What people changed on a finding's tickets, newest first. */
  edits(findingId: string, limit: number): Promise<readonly TicketEdit[]>;
  /** Up to which instant of its own a tracker's changes have been asked for. */
  reconciledTo(tracker: string): Promise<number | undefined>;
  setReconciledTo(tracker: string, instant: number): Promise<void>;
}

export interface StoredHint extends WebhookHint {
  readonly id: string;
}

/** What trackers' webhooks brought, until reconcile has looked. Losing one costs only time: polling sees the same. */
export interface WebhookInbox {
  /**
   * Stores a hint; it is on the disk when this resolves. `repeated` when the tracker delivered it before. Throws `limit`
   * when 10,000 wait already: then the sender is to try again later.
   */
  receive(hint: WebhookHint): Promise<"stored" | "repeated">;
  /** What waits, oldest first. */
  pending(tracker: string, limit: number): Promise<readonly StoredHint[]>;
  /** They have been looked at. Kept for a while, to know repetitions. */
  done(ids: readonly string[], now: number): Promise<void>;
}

export interface EvidenceStore {
  /** Once per outbox entry: a second attempt finds what the first collected. */
  put(outboxId: string, findingId: string, request: EvidenceRequest, evidence: Evidence): Promise<void>;
  ofEntry(outboxId: string): Promise<Evidence | undefined>;
  /** Of a finding's newest ticket: what it was filed with, or its newest episode told with, and the sections of rules that joined it since. */
  newest(findingId: string): Promise<Proof | undefined>;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opaque; give it back as `cursor` for what follows. Undefined on the last page. */
  readonly next: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

/**
 * What people read: lists, newest or worst first. Findings: open and regressed ones before others, by band, by score, by
 * last change. Throws `invalid_request` for a cursor that is none of ours.
 */
export interface HistoryStore {
  findings(
    request: PageRequest & {
      state?: Finding["state"];
      band?: string;
      rule?: string;
      /** Why the last decision said nothing. */
      reason?: DecisionReason;
      /** Id of the storm they belong to. */
      storm?: string;
    },
  ): Promise<Page<Finding>>;
  /** How many findings there are whose last decision said nothing for one of these reasons. */
  countByReason(reasons: readonly DecisionReason[]): Promise<ReadonlyMap<string, number>>;
  finding(id: string): Promise<Finding | undefined>;
  /** Looks among living alerts and those of stored findings. */
  findingByFingerprint(fingerprint: string): Promise<Finding | undefined>;
  events(findingId: string): Promise<readonly FindingEvent[]>;
  outbox(request: PageRequest & { state?: OutboxState; finding?: string }): Promise<Page<OutboxEntry>>;
  tickets(request: PageRequest): Promise<Page<TicketRecord>>;
  ticks(request: PageRequest & { schedule?: string }): Promise<Page<TickRecord>>;
  /** Counts of one rule, newest first. */
  ruleTicks(ruleId: string, limit: number): Promise<readonly (RuleTickCounts & { tick: number })[]>;
  /** Adds an operator's action to a finding's timeline. */
  addEvent(findingId: string, event: FindingEvent): Promise<void>;
}

export interface SilenceStore {
  /** Throws `limit` when 1,000 hold or are to hold already. */
  add(silence: Omit<Silence, "id" | "endedAt">): Promise<Silence>;
  /** Ends it now. Throws `not_found`, or `conflict` when it is over. */
  end(id: string, now: number): Promise<Silence>;
  /** Those that hold at an instant, past ones included. */
  active(at: number): Promise<readonly Silence[]>;
  /** Newest first. */
  list(request: PageRequest): Promise<Page<Silence>>;
}

/** Deploys that were told of. At most 20,000 are kept: beyond that the oldest go. */
export interface DeployStore {
  /**
   * Stores a deploy, or what is new of one that is known; it is on the disk when this resolves. `dropped`: how many of the
   * oldest had to go for it.
   */
  receive(deploy: Deploy): Promise<{
    readonly outcome: "stored" | "changed" | "repeated";
    readonly dropped: number;
  }>;
  /** Of which of these services a deploy is known, as `serviceKey` gives them. */
  known(services: readonly string[]): Promise<ReadonlySet<string>>;
  /** Those that had begun by an instant, newest first, at most 200. */
  ofService(service: string, until: number): Promise<readonly Deploy[]>;
  /** Newest first. */
  list(request: PageRequest & { service?: string }): Promise<Page<Deploy>>;
}

/** Alerts that other systems raise, by their label sets. At most 10,000 are kept; of those that ended the longest unheard go. */
export interface ReceivedAlertStore {
  /**
   * Reads, changes and writes what is known of these alerts in one transaction; it is on the disk when this resolves.
   * `dropped`: how many that ended had to go for it. Throws `limit` when 10,000 fire.
   */
  hear(
    labelSets: readonly Labels[],
    change: (known: ReceivedAlert | undefined, labels: Labels) => ReceivedAlert,
  ): Promise<{ readonly dropped: number }>;
  all(): Promise<readonly ReceivedAlert[]>;
}

/** The rows of the embedded backlog. */
export interface LocalTicketStore {
  /** Gives the ticket its number within the project (`LOCAL-7`, default project `LOCAL`) and stores it in one transaction. */
  create(ticket: Omit<LocalTicket, "number" | "id" | "key">, project?: string): Promise<LocalTicket>;
  byId(id: string): Promise<LocalTicket | undefined>;
  byKey(key: string): Promise<LocalTicket | undefined>;
  byLabel(label: string): Promise<readonly LocalTicket[]>;
  /** Tickets that changed at or after an instant, the oldest change first, at most `limit`. */
  changedSince(since: number, limit: number): Promise<readonly LocalTicket[]>;
  /** Tickets by their id, lowest first, behind the id given: to go through all of them. At most `limit`. */
  after(id: string | undefined, limit: number): Promise<readonly LocalTicket[]>;
  /** Reads, changes and writes in one transaction. Throws `not_found`. */
  change(id: string, change: (ticket: LocalTicket) => LocalTicket): Promise<LocalTicket>;
  list(request: PageRequest & { statusCategory?: string }): Promise<Page<LocalTicket>>;
  attachment(ticketId: string, name: string): Promise<{ contentType: string; bytes: Uint8Array } | undefined>;
  putAttachment(ticketId: string, name: string, contentType: string, bytes: Uint8Array): Promise<void>;
}

/** What ticks read and write. The rest of a store serves delivery, learning and pages. */
export interface TickStore {
  readonly state: Omit<StateStore, "refile">;
  readonly storms: StormStore;
  readonly outbox: Pick<OutboxStore, "openOf">;
  readonly tickets: Pick<TicketStore, "ofFindings">;
  readonly silences: Pick<SilenceStore, "active">;
  readonly deploys: Pick<DeployStore, "known" | "ofService">;
}

export interface Store extends TickStore {
  readonly state: StateStore;
  readonly storms: StormStore;
  readonly outbox: OutboxStore;
  readonly tickets: TicketStore;
  readonly inbox: WebhookInbox;
  readonly evidence: EvidenceStore;
  readonly history: HistoryStore;
  readonly silences: SilenceStore;
  readonly deploys: DeployStore;
  readonly receivedAlerts: ReceivedAlertStore;
  readonly localTickets: LocalTicketStore;
  /**
   * Deletes what is older than its time: ticks, counts and hints that were looked at; evidence; finished outbox entries;
   * events of closed findings, people's edits, silences and storms that are over; deploys; measured windows that are of no
   * use any more at `now`, and received alerts that nobody has spoken of for 30 days. Gives how many rows, bounded per
   * call.
   */
  retain(before: {
    ticks: number;
    evidence: number;
    outbox: number;
    events: number;
    deploys: number;
    now: number;
  }): Promise<number>;
  /** A cheap read, for readiness. Throws `unavailable`, also when what was opened is no longer where it was. */
  ping(): Promise<void>;
  /**
   * Aborts when the store is first seen not to be the one that was opened (its file was deleted or replaced): nothing that is
   * written is remembered any more, and every write throws `unavailable` until the program is started again.
   */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}
