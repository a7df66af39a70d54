import { type Finding, isOngoing } from "../model/finding.ts";
import { type Band, compareBands, type Priority } from "../model/priority.ts";
import type { Storm } from "../model/storm.ts";
import type { TicketRef } from "../model/ticket.ts";
import { canonicalJson, sha256 } from "../support/hashing.ts";
import { worstFirst } from "./rank.ts";

/** Findings that a parent lists; the others are counted. */
export const mostListed = 20;
/** Facts in common that are told. */
const mostShared = 4;

export interface ListedFinding {
  readonly id: string;
  readonly title: string;
  readonly score: number;
  readonly band: Band;
  readonly isBad: boolean;
  /** Its own ticket, or that one was decided. */
  readonly ticket: TicketRef | "on_its_way" | undefined;
  readonly page: string | undefined;
}

/** A label and value that most findings of a storm have. */
export interface SharedLabel {
  readonly name: string;
  readonly value: string;
  readonly count: number;
}

/** What a storm's parent tells. */
export interface StormDigest {
  readonly storm: Storm;
  readonly total: number;
  /** How many of them were read to find what is bad and what they share: all, but for a limit of 10,000. */
  readonly read: number;
  readonly bad: number;
  /** The worst first. */
  readonly listed: readonly ListedFinding[];
  readonly shared: readonly SharedLabel[];
  /** Of the worst of them. */
  readonly priority: Priority | undefined;
  /** Stands for all of this that is worth writing the list again. */
  readonly hash: string;
}

export interface StormMembers {
  readonly storm: Storm;
  /** The worst first. */
  readonly findings: readonly Finding[];
  readonly total: number;
  readonly pageOf: (findingId: string) => string | undefined;
  /** Of those that are listed. */
  readonly tickets: ReadonlyMap<string, TicketRef>;
}

/** Of a storm's findings: how many, which are the worst, what they have in common. Pure. */
export function digestStorm({ storm, findings, total, pageOf, tickets }: StormMembers): StormDigest {
  const ranked = rankMembers(findings);
  const listed = ranked.slice(0, mostListed).map(
    (finding): ListedFinding => ({
      id: finding.id,
      title: finding.title,
      score: finding.priority?.score ?? 0,
      band: finding.priority?.band ?? "None",
      isBad: isBadIn(storm, finding),
      ticket: tickets.get(finding.id) ?? (finding.memory.createdAt === undefined ? undefined : "on_its_way"),
      page: pageOf(finding.id),
    }),
  );
  const bad = findings.filter((finding) => isBadIn(storm, finding)).length;
  const shared = sharedLabels(findings);
  const worst = [...ranked].find((finding) => isBadIn(storm, finding)) ?? ranked[0];
  // By id: equals that change places with each event are no news.
  const told = [...listed]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, band, isBad, ticket }) => [id, band, isBad, typeof ticket === "object" && ticket.key]);
  return {
    storm,
    total,
    read: findings.length,
    bad,
    listed,
    shared,
    priority: worst?.priority,
    hash: sha256(canonicalJson({ total, bad, told })).slice(0, 16),
  };
}

/** By band, then score: as the list of findings has them. */
export function rankMembers(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort(
    (a, b) =>
      compareBands(b.priority?.band ?? "None", a.priority?.band ?? "None") ||
      worstFirst({ finding: a, score: a.priority?.score ?? 0 }, { finding: b, score: b.priority?.score ?? 0 }),
  );
}

/** In an episode that belongs to the storm: what comes back after its hour is another matter. */
export function isBadIn(storm: Storm, finding: Pick<Finding, "episode">): boolean {
  return isOngoing(finding) && finding.episode.startedAt < storm.takesUntil;
}

/** That one rule saw them tells less than where they are. */
function isRule({ name }: SharedLabel): number {
  return Number(name === "rule");
}

/** What a person looks at first: the same host, service or index. At least half must share it, two at the least. */
function sharedLabels(findings: readonly Finding[]): readonly SharedLabel[] {
  const counts = new Map<string, SharedLabel>();
  for (const { worst } of findings) {
    for (const [name, value] of [...Object.entries(worst.labels), ["rule", worst.ruleId] as const]) {
      const key = JSON.stringify([name, value]);
      counts.set(key, { name, value, count: (counts.get(key)?.count ?? 0) + 1 });
    }
  }
  const enough = Math.max(2, findings.length / 2);
  return [...counts.values()]
    .filter(({ count }) => count >= enough)
    .sort((a, b) => b.count - a.count || isRule(a) - isRule(b) || (a.name < b.name ? -1 : 1))
    .slice(0, mostShared);
}
