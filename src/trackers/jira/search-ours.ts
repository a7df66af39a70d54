import { ticketLabel } from "../../model/identity.ts";
import type { TicketIdentity, TicketSnapshot } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import { mostAtOnce, readSnapshot, readSnapshots, searchPage, snapshotOf } from "./read-snapshot.ts";
import type { Jira } from "./session.ts";

/** Pages of one question; what is behind them is asked for next time, or said to be too many. */
const mostChangedPages = 40;
const mostPages = 2_000;
/** How far Jira's clock may stand from ours, and one minute because JQL knows no seconds. */
const marginMinutes = 5 + 1;
// JQL's relative dates: further back than any ticket of ours.
const mostMinutes = 10 * 366 * 24 * 60;

/** Every issue that we adopted carries it, since JQL cannot ask for a property, and its creator is a person. */
export function adoptedLabel(labelPrefix: string): string {
  return `${labelPrefix}-adopted`;
}

/**
 * Issues that our account made, or that we adopted, and that changed at or after an instant; the oldest change first, at most
 * `limit`. Relative minutes, because JQL reads a date in the account's own time zone. Each is read from the issue itself where
 * that costs one request for many (Cloud), so only which issues these are is the index's word.
 */
export async function changedIssues(
  jira: Jira,
  options: { since: number; limit: number; now: number; labelPrefix: string; signal: AbortSignal },
): Promise<readonly TicketSnapshot[]> {
  const { since, limit, now, labelPrefix, signal } = options;
  const minutes = Math.min(Math.max(Math.ceil((now - since) / 60_000), 0) + marginMinutes, mostMinutes);
  const mine = `(creator = currentUser() OR labels = "${adoptedLabel(labelPrefix)}")`;
  const jql = `${mine} AND updated >= "-${minutes}m" ORDER BY updated ASC`;
  const changed = new Map<string, TicketSnapshot>();
  let after: string | number | undefined;
  for (let page = 0; page < mostChangedPages && changed.size < limit; page++) {
    const found = await snapshotPage(jira, { jql, after, signal });
    for (const snapshot of found.snapshots) {
      if ((snapshot.updatedAt ?? now) >= since) changed.set(snapshot.ref.id, snapshot);
    }
    after = found.after;
    if (after === undefined) break;
  }
  const at = ({ updatedAt }: TicketSnapshot): number => updatedAt ?? now;
  return [...changed.values()].sort((a, b) => at(a) - at(b)).slice(0, limit);
}

/** Ids of issues with one of these labels, whoever made them: a page of what the index knows. */
export async function labelledIssues(
  jira: Jira,
  options: { labels: readonly string[]; limit: number; signal: AbortSignal },
): Promise<readonly string[]> {
  const { labels, limit, signal } = options;
  if (labels.length === 0) return [];
  if (labels.some((label) => !/^[a-z0-9-]{1,255}$/.test(label))) {
    throw new BackfeedError("internal", "a label has characters that JQL would read");
  }
  const jql = `labels in (${labels.map((label) => `"${label}"`).join(", ")}) ORDER BY created ASC`;
  const size = Math.min(limit, mostAtOnce);
  const { issues } = await jira.client.search({ jql, after: undefined, size }, signal);
  return issues.map(({ id }) => id);
}

/**
 * Every issue with our label and our property, page by page in the order in which they were made: what our account made, and
 * what we adopted. Throws `limit` behind 100,000 issues.
 */
export async function* ownIssues(
  jira: Jira,
  options: { labelPrefix: string; signal: AbortSignal },
): AsyncIterable<TicketSnapshot & { readonly identity: TicketIdentity }> {
  const { labelPrefix, signal } = options;
  const made = "(creator = currentUser() AND labels is not EMPTY)";
  const jql = `(${made} OR labels = "${adoptedLabel(labelPrefix)}") ORDER BY created ASC, key ASC`;
  const told = new Set<string>();
  let after: string | number | undefined;
  for (let page = 0; page < mostPages; page++) {
    const found = await snapshotPage(jira, { jql, after, signal });
    for (const snapshot of [...found.snapshots].sort(byId)) {
      if (told.has(snapshot.ref.id) || !snapshot.labels.some((label) => isOurLabel(label, labelPrefix))) continue;
      told.add(snapshot.ref.id);
      const identity = await askIdentity(jira, snapshot, signal);
      const isOurs = identity !== undefined && snapshot.labels.includes(ticketLabel(labelPrefix, identity.groupKey));
      if (isOurs) yield { ...snapshot, identity };
    }
    after = found.after;
    if (after === undefined) {
      // "None" must not come from having been logged out meanwhile.
      if (told.size === 0) await jira.client.myself(signal);
      return;
    }
  }
  throw new BackfeedError("limit", `more than ${mostPages * mostAtOnce} issues were made by our account`);
}

interface SnapshotPage {
  readonly snapshots: readonly TicketSnapshot[];
  readonly after: string | number | undefined;
}

async function snapshotPage(
  jira: Jira,
  options: { jql: string; after: string | number | undefined; signal: AbortSignal },
): Promise<SnapshotPage> {
  const { jql, after, signal } = options;
  if (jira.flavour === "datacenter") {
    const page = await searchPage(jira, { jql, after, signal });
    return { snapshots: page.issues.map((issue) => snapshotOf(jira, issue)), after: page.after };
  }
  const query = { jql, after, size: mostAtOnce, fields: ["id"] };
  const { issues, nextPageToken } = await jira.client.search(query, signal);
  const read = await readSnapshots(jira, { ids: issues.map(({ id }) => id), certain: false, signal });
  return { snapshots: [...read.values()], after: nextPageToken ?? undefined };
}

/** Data Center shows a property with one issue, not with many. */
async function askIdentity(
  jira: Jira,
  { ref, identity }: TicketSnapshot,
  signal: AbortSignal,
): Promise<TicketIdentity | undefined> {
  if (jira.flavour === "cloud" || identity !== undefined) return identity;
  return (await readSnapshot(jira, { issueId: ref.id, signal }))?.identity;
}

function isOurLabel(label: string, labelPrefix: string): boolean {
  return label.startsWith(`${labelPrefix}-`) && /^[0-9a-f]{16}$/.test(label.slice(labelPrefix.length + 1));
}

function byId(a: TicketSnapshot, b: TicketSnapshot): number {
  return BigInt(a.ref.id) < BigInt(b.ref.id) ? -1 : 1;
}
