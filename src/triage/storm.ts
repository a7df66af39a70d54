import type { Finding } from "../model/finding.ts";
import { type Band, compareBands } from "../model/priority.ts";
import type { Storm, StormMembership } from "../model/storm.ts";
import { formatInstant } from "../model/time.ts";
import { worstFirst } from "./rank.ts";

const minuteMs = 60_000;
/** The numbers of RULES.md section 4. */
export const stormWindowMs = 10 * minuteMs;
const takesForMs = 60 * minuteMs;
export const mostChildren = 5;

/** A finding that would get a new ticket now, were it alone. */
export interface Wish {
  readonly finding: Pick<Finding, "id" | "memory" | "episode">;
  readonly score: number;
  readonly band: Band;
}

/** Another finding of the storm, or of the last ten minutes, that is not decided now. */
export interface Other {
  readonly id: string;
  readonly score: number;
  readonly band: Band;
}

/** One that wished for a ticket in the last ten minutes. What is over by now counts, and is told of no more. */
export interface RecentWish extends Other {
  readonly isOpen: boolean;
}

export interface StormQuestion {
  readonly at: number;
  /** More new findings than this within ten minutes are a storm. */
  readonly limit: number;
  readonly wishes: readonly Wish[];
  /** Findings of no storm that first wished for a ticket in the last ten minutes, without those of `wishes`. */
  readonly recent: readonly RecentWish[];
  /** The one that takes findings now. */
  readonly storm: Storm | undefined;
  /** Its worst findings so far, without those of `wishes`. */
  readonly worst: readonly Other[];
  /** Gives a storm that opens now its parent. */
  readonly parentOf: (id: string) => { readonly id: string; readonly groupKey: string };
}

export interface StormAnswer {
  /** As it is to be stored; undefined when nothing of it changed. */
  readonly storm: Storm | undefined;
  /** By the id of a wish: what becomes of it. A wish without a seat is judged as ever. */
  readonly seats: ReadonlyMap<string, StormMembership>;
  /** Those of `recent` that are in the storm that opens now, by their id. */
  readonly joined: ReadonlyMap<string, StormMembership>;
}

/**
 * Which of the findings that would get a ticket are told on a storm's parent instead. Pure. A storm opens when more than
 * `limit` new ones came within ten minutes, and takes new ones for an hour; five at most get a ticket of their own: the
 * worst five of all that are in it, and those that are Highest.
 */
export function judgeStorm(question: StormQuestion): StormAnswer {
  const { at, limit, wishes, recent, worst } = question;
  const held = wishes.filter((wish) => isHeld(wish, at));
  const fresh = wishes.filter((wish) => !isHeld(wish, at) && isNew(wish, at));
  const opens = question.storm === undefined && fresh.length + recent.length > limit;
  const storm = opens ? openStorm(question) : question.storm;
  const joining = storm === undefined ? [] : fresh;
  const joinedBefore = opens ? recent.filter(({ isOpen }) => isOpen) : [];
  const seats = new Map<string, StormMembership>();
  for (const wish of held) seats.set(wish.finding.id, stillHeld(wish, at));
  if (storm === undefined) return { storm: undefined, seats, joined: new Map() };
  for (const wish of joining) seats.set(wish.finding.id, membership(storm, at, wish.band, false));

  const children = new Set(storm.children);
  const inIt = [...held, ...joining].filter(({ finding }) => seats.get(finding.id)?.id === storm.id);
  for (const wish of chooseChildren(inIt, opens ? joinedBefore : worst, children)) {
    children.add(wish.finding.id);
  }
  for (const { finding } of inIt) {
    const seat = seats.get(finding.id);
    if (seat !== undefined && children.has(finding.id)) seats.set(finding.id, { ...seat, child: true });
  }
  const changed = opens || children.size > storm.children.length;
  return {
    storm: changed ? { ...storm, children: [...children] } : undefined,
    seats,
    joined: new Map(joinedBefore.map(({ id, band }) => [id, membership(storm, at, band, false)])),
  };
}

/** Whether a storm takes findings of this tick. Ticks that are caught up come late, and belong to it as well. */
export function takesAt(storm: Storm, at: number): boolean {
  return at < storm.takesUntil && at > storm.openedAt - takesForMs;
}

/** First wished for in these ten minutes: what has waited for a cap for longer is not new. */
function isNew(wish: Wish, at: number): boolean {
  return wishedSince(wish, at) > at - stormWindowMs;
}

/** Since when a ticket of its own is wished for in this episode. */
export function wishedSince(wish: Wish, at: number): number {
  const { memory, episode } = wish.finding;
  if (memory.storm !== undefined && !isHeld(wish, at)) return at;
  return memory.wishedAt !== undefined && memory.wishedAt >= episode.startedAt ? memory.wishedAt : at;
}

/**
 * Its ticket is the storm's for as long as it lasts. After the storm's hour two things end that: it comes back in a new
 * episode, or it becomes Highest, and was not.
 */
function isHeld({ finding, band }: Wish, at: number): boolean {
  const { storm } = finding.memory;
  if (storm === undefined || finding.episode.startedAt > storm.joinedAt) return false;
  return at < storm.until || storm.child || band !== "Highest" || compareBands(band, storm.band) <= 0;
}

function stillHeld({ finding, band }: Wish, at: number): StormMembership {
  const storm = finding.memory.storm as StormMembership;
  const worse = at < storm.until && compareBands(band, storm.band) > 0;
  return worse ? { ...storm, band } : storm;
}

function openStorm({ at, parentOf }: StormQuestion): Storm {
  const id = formatInstant(at);
  const parent = parentOf(id);
  return {
    id,
    parentId: parent.id,
    parentGroupKey: parent.groupKey,
    openedAt: at,
    takesUntil: at + takesForMs,
    children: [],
    endedAt: undefined,
  };
}

function membership(storm: Storm, at: number, band: Band, child: boolean): StormMembership {
  return { id: storm.id, parentId: storm.parentId, joinedAt: at, until: storm.takesUntil, band, child };
}

/** In the order in which they get one: Highest before others, and by score among all that are in the storm. */
function chooseChildren(wishes: readonly Wish[], others: readonly Other[], children: ReadonlySet<string>): Wish[] {
  const ranked = [...wishes].sort(worstFirst);
  const chosen: Wish[] = [];
  for (const [position, wish] of ranked.entries()) {
    if (children.has(wish.finding.id)) continue;
    // What is there already goes before its equals: it may have a ticket.
    const better = others.filter(({ score }) => score >= wish.score).length;
    if (position + better < mostChildren || wish.band === "Highest") chosen.push(wish);
  }
  const isHighest = ({ band }: Wish) => Number(band === "Highest");
  chosen.sort((a, b) => isHighest(b) - isHighest(a));
  return chosen.slice(0, Math.max(0, mostChildren - children.size));
}
