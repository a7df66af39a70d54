import type { Finding } from "../model/finding.ts";
import { groupKey, shortKey } from "../model/identity.ts";
import type { Storm, StormMembership } from "../model/storm.ts";
import type { TicketRef, TicketRoute } from "../model/ticket.ts";
import type { StormCommit } from "../store/store.ts";
import type { StormFacts } from "../triage/decided.ts";
import { judgeStorm, mostChildren, stormWindowMs, takesAt, type Wish, wishedSince } from "../triage/storm.ts";
import { digestStorm, isBadIn, mostListed, rankMembers, type StormDigest } from "../triage/storm-digest.ts";
import { type BuiltInObservation, stormParent } from "./built-in-rules.ts";
import type { TickContext } from "./context.ts";

/** Findings of one storm that are read; more are counted. */
const mostRead = 10_000;
/** A parent's list is written again at most this often. */
const listEveryMs = 15 * 60_000;

/** A finding that would get a new ticket, were it alone. */
export interface Wishing extends Wish {
  readonly finding: Finding;
}

/** What storms mean for the findings of one run. */
export interface StormOutcome {
  readonly commit: StormCommit | undefined;
  factsOf(finding: Finding): StormFacts | undefined;
  /** Since when it wishes for a ticket; undefined for one that does not. */
  wishedAt(findingId: string): number | undefined;
  /** Where parents go that are not filed yet: their place comes before their children's. */
  readonly reserve: readonly TicketRoute[];
}

/** The group key and id of the parent finding of a storm. */
function parentOf(instance: string, id: string): { readonly id: string; readonly groupKey: string } {
  const key = groupKey(instance, stormParent.identity, { storm: id });
  return { id: shortKey(key), groupKey: key };
}

/** Asks the store what `judgeStorm` needs to know, for the findings of one run; inside `concludeLock`. */
export async function judgeStorms(
  findings: readonly Finding[],
  wishes: readonly Wishing[],
  at: number,
  context: TickContext,
): Promise<StormOutcome> {
  const { store, logger, createLimits, instance } = context;
  const memberships = findings.flatMap(({ memory }) => memory.storm ?? []);
  const living = wishes.length === 0 ? [] : await store.storms.living();
  const parentIds = [...memberships.map(({ parentId }) => parentId), ...living.map(({ parentId }) => parentId)];
  const records = parentIds.length === 0 ? new Map() : await store.tickets.ofFindings([...new Set(parentIds)]);
  // Once people have dealt with its parent, what is new is not hidden there.
  const isOpen = ({ parentId }: Storm) => {
    const record = records.get(parentId);
    return record?.closed === undefined && record?.gone === undefined;
  };
  const storm = living.find((each) => takesAt(each, at) && isOpen(each));
  const decided = new Set(findings.map(({ id }) => id));
  const notDecided = <Each extends { readonly id: string }>(others: readonly Each[]) =>
    others.filter(({ id }) => !decided.has(id));
  const recent = wishes.length === 0 ? [] : notDecided(await store.storms.wished(at - stormWindowMs, at));
  const worst = storm === undefined ? [] : notDecided(await store.storms.worst(storm.id, mostChildren + wishes.length));
  const answer = judgeStorm({
    at,
    limit: createLimits.storm,
    wishes,
    recent,
    storm,
    worst,
    parentOf: (id) => parentOf(instance, id),
  });
  const changed = answer.storm;
  if (changed !== undefined && storm === undefined) {
    logger.warn("STORM_OPENED", "more new findings than limits.storm within ten minutes: they get one parent ticket", {
      storm: changed.id,
      finding: changed.parentId,
      findings: answer.seats.size + answer.joined.size,
    });
  }
  const children = [...answer.seats.values()].filter(({ child }) => child);
  const wishedAt = new Map(wishes.map((wish) => [wish.finding.id, wishedSince(wish, at)]));
  return {
    commit: changed && { storm: changed, findings: await joinedFindings(answer.joined, recent, context) },
    factsOf(finding) {
      const seat = answer.seats.get(finding.id);
      const parentId = (seat ?? finding.memory.storm)?.parentId;
      if (parentId === undefined) return undefined;
      const record = records.get(parentId);
      return { seat, parent: record?.gone === undefined ? record?.ref : undefined, listChanged: false };
    },
    wishedAt: (findingId) => wishedAt.get(findingId),
    reserve: await parentsToFile(children, wishes, context),
  };
}

/** Those of the last ten minutes that other runs decided: they are in the storm, and keep what they have. */
async function joinedFindings(
  joined: ReadonlyMap<string, StormMembership>,
  recent: readonly { readonly id: string; readonly groupKey: string }[],
  { store }: TickContext,
): Promise<StormCommit["findings"]> {
  const stored = await store.state.findings(recent.filter(({ id }) => joined.has(id)).map((each) => each.groupKey));
  return [...stored.values()].map((finding) => {
    const storm = joined.get(finding.id);
    return { finding: { ...finding, memory: { ...finding.memory, storm } }, events: [], outbox: [] };
  });
}

async function parentsToFile(
  children: readonly StormMembership[],
  wishes: readonly Wishing[],
  { store, voice, instance }: TickContext,
): Promise<readonly TicketRoute[]> {
  const example = wishes[0]?.finding;
  if (children.length === 0 || example === undefined) return [];
  const keys = [...new Set(children.map(({ id }) => parentOf(instance, id).groupKey))];
  const stored = await store.state.findings(keys);
  return keys
    .filter((key) => stored.get(key)?.memory.createdAt === undefined)
    .map(() => voice.routeOf(stormParent, { ...example, owner: stormParent.limits.owner }));
}

/** What each parent among these findings is to tell now. */
export async function digestsOf(
  findings: readonly Finding[],
  context: TickContext,
): Promise<ReadonlyMap<string, StormDigest>> {
  const parents = new Set(findings.filter(({ problem }) => problem === stormParent.problem).map(({ id }) => id));
  const digests = new Map<string, StormDigest>();
  if (parents.size === 0) return digests;
  for (const storm of await context.store.storms.living()) {
    if (parents.has(storm.parentId)) digests.set(storm.parentId, await readDigest(storm, context));
  }
  return digests;
}

async function readDigest(storm: Storm, { store, voice }: TickContext): Promise<StormDigest> {
  const findings = await store.storms.members(storm.id, mostRead);
  const total = findings.length < mostRead ? findings.length : await store.storms.memberCount(storm.id);
  const listed = rankMembers(findings).slice(0, mostListed);
  const records = await store.tickets.ofFindings(listed.map(({ id }) => id));
  const tickets = new Map<string, TicketRef>();
  for (const { id, generation } of listed) {
    const record = records.get(id);
    if (record?.generation === generation && record.gone === undefined) tickets.set(id, record.ref);
  }
  return digestStorm({ storm, findings, total, tickets, pageOf: voice.pageOf });
}

/** Whether a parent's list says something else than it last did, and was not written a short while ago. */
export function listChanged({ memory }: Finding, digest: StormDigest, at: number): boolean {
  return memory.listed !== digest.hash && at - (memory.summaryAt ?? at) >= listEveryMs;
}

/**
 * The storms that are not over, as what a built-in rule sees: bad while a finding of theirs is, and until there is a
 * parent to tell of them. One that is over, and whose end was told, is closed here.
 */
export async function observeStorms(
  at: number,
  alerting: ReadonlySet<string>,
  { store }: TickContext,
): Promise<readonly BuiltInObservation[]> {
  const storms = await store.storms.living();
  if (storms.length === 0) return [];
  const parents = await store.state.findings(storms.map(({ parentGroupKey }) => parentGroupKey));
  const observations: BuiltInObservation[] = [];
  for (const storm of storms) {
    const members = await store.storms.members(storm.id, mostRead);
    const bad = members.filter((finding) => isBadIn(storm, finding)).length;
    const breached = bad > 0 || !parents.has(storm.parentGroupKey);
    if (!breached && at >= storm.takesUntil && !alerting.has(storm.id)) await store.storms.end(storm, at);
    else observations.push({ labels: { storm: storm.id }, breached, value: bad });
  }
  return observations;
}

/** Findings with a ticket of their own that are to be linked with their storm's, which has come since. */
export async function toBeLinked(context: TickContext): Promise<readonly Finding[]> {
  const { store } = context;
  const storms = await store.storms.living();
  if (storms.length === 0) return [];
  const records = await store.tickets.ofFindings(storms.map(({ parentId }) => parentId));
  const found: Finding[] = [];
  for (const { id, parentId } of storms) {
    const parent = records.get(parentId);
    if (parent === undefined || parent.gone !== undefined) continue;
    const members = await store.storms.ticketed(id, mostRead);
    found.push(
      ...members.filter(({ memory }) => memory.createdAt !== undefined && memory.storm?.linkedTo !== parent.ref.id),
    );
  }
  return found;
}
