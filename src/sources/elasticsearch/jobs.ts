import { type Labels, labelsKey } from "../../model/labels.ts";
import type { Answer, Observation, ProbeAnswer, Query, QueryFailure } from "../../model/query.ts";
import { chooseGroups } from "../choose-groups.ts";
import { fail } from "../query-failure.ts";
import { type Asked, type AskedProbe, type Member, type Search, searchAlone } from "./plan.ts";
import { exactClause } from "./query-parts.ts";
import {
  type Bucket,
  bucketsByText,
  nothing,
  readMeasure,
  readPage,
  readTerms,
  type SearchResult,
  totalOf,
} from "./read-search.ts";
import { type BodySettings, collectMetrics, groupingOf, probeBody, searchBody } from "./search-body.ts";

/** One search to send, and what to do with its answer. Both may give further jobs. */
export interface Job {
  readonly target: string;
  readonly body: string;
  /** It broke a whole request before: it gets one of its own. */
  readonly apart: boolean;
  settle(result: SearchResult): readonly Job[];
  /** `whole`: the request failed, not this search in it. */
  fail(failure: QueryFailure, whole: boolean): readonly Job[];
}

/** Queries that were refused: asked alone from then on, so that they do not take others with them every tick. */
export interface Refused {
  /** Refused within an answered request. */
  readonly alone: WeakSet<Query>;
  /** They made Elasticsearch refuse the whole request. */
  readonly apart: WeakSet<Query>;
}

export interface JobContext {
  readonly settings: BodySettings;
  readonly refused: Refused;
  answer(asked: Asked, answer: Answer): void;
  answerProbe(probe: AskedProbe, answer: ProbeAnswer): void;
}

/** Groups are looked at up to here; a rule may ask for 10,000. */
const mostGroups = 10_000;
/** Label sets looked up in one follow-up search of several fields (Lucene allows 1,024 clauses at least). */
const mostClauses = 500;

/** A search that answers its members, page by page where it must, then whatever is missing. */
export function searchJob(context: JobContext, search: Search): Job {
  const query = search.members[0]?.asked.question.query;
  const by = search.members[0]?.parts.by ?? [];
  const grouping = groupingOf(by, query?.maxGroups ?? 1);
  if (grouping === "composite") return pageJob(context, search, undefined, []);
  const metrics = collectMetrics(search.members);
  return {
    target: search.target,
    apart: query !== undefined && context.refused.apart.has(query),
    body: searchBody(search, metrics, context.settings),
    fail: (failure, whole) => failSearch(context, search, failure, whole),
    settle(result) {
      const jobs: Job[] = [];
      const families = search.family === undefined ? undefined : bucketsByText(result.aggregations?.["f"]);
      for (const member of search.members) {
        const bucket = member.value === undefined ? undefined : families?.get(member.value);
        const from = families === undefined ? result.aggregations : bucket;
        if (grouping === "terms") jobs.push(...settleTerms(context, member, from?.["g"], metrics.nameOf(member)));
        else {
          const { measure } = member.asked.question.query;
          const events = families === undefined ? totalOf(result) : (bucket?.doc_count ?? 0);
          const name = metrics.nameOf(member);
          const { window } = search;
          const measured =
            families !== undefined && bucket === undefined
              ? nothing(measure)
              : readMeasure(from, { measure, name, events, window });
          settleMember(context, member, {
            kind: "answered",
            observations: [{ labels: {}, ...measured }],
            notAnswered: 0,
          });
        }
      }
      return jobs;
    },
  };
}

function settleTerms(context: JobContext, member: Member, aggregation: unknown, name: string): readonly Job[] {
  const { query, window, mustAnswer } = member.asked.question;
  const field = query.by[0] ?? "";
  // A family's value without any event has no bucket: it has no groups either.
  const { groups, othersEvents, isExact } =
    aggregation === undefined ? { groups: [], othersEvents: 0, isExact: true } : readTerms(aggregation, field);
  const observations = groups.map(({ labels, bucket }) => observe(member, labels, bucket, name));
  const finish = (found: readonly Observation[], others: number): readonly Job[] => {
    const chosen = chooseGroups({ observations: found, mustAnswer, maxGroups: query.maxGroups });
    const notAnswered = chosen.notAnswered + (isExact && others > 0 ? 1 : 0);
    settleMember(context, member, { kind: "answered", observations: chosen.observations, notAnswered });
    return [];
  };
  // Nearly always: every group is there.
  if (othersEvents === 0) return finish(observations, 0);
  const seen = new Set(observations.map((observation) => labelsKey(observation.labels)));
  const missing = mustAnswer.filter((labels) => !seen.has(labelsKey(labels)));
  if (missing.length === 0 && isExact) return finish(observations, othersEvents);
  // Shards left out groups: the counts of those that win are asked for again, now exactly, with those that must be there.
  const kept = isExact ? [] : chooseGroups({ observations, mustAnswer, maxGroups: query.maxGroups + 1 }).observations;
  const texts = new Set([...kept.map(({ labels }) => labels), ...missing].map((labels) => labels[field] ?? ""));
  const alone = searchAlone(member.asked, member.parts);
  const metrics = collectMetrics(alone.members);
  return [
    {
      target: alone.target,
      apart: false,
      body: searchBody(alone, metrics, context.settings, { include: [...texts] }),
      fail: (failure) => failSearch(context, alone, failure, false),
      settle(result) {
        const again = readTerms(result.aggregations?.["g"], field).groups.map(({ labels, bucket }) =>
          observe(member, labels, bucket, metrics.nameOf(member)),
        );
        const asked = new Set(again.map((observation) => labelsKey(observation.labels)));
        const added = again.filter((observation) => !seen.has(labelsKey(observation.labels)));
        const before = observations.filter((observation) => !asked.has(labelsKey(observation.labels)));
        const others = othersEvents - added.reduce((total, observation) => total + observation.events, 0);
        return finish([...again, ...before], others);
      },
    },
  ];

  function observe(of: Member, labels: Observation["labels"], bucket: Bucket, metric: string): Observation {
    const { measure } = of.asked.question.query;
    return { labels, ...readMeasure(bucket, { measure, name: metric, events: bucket.doc_count, window }) };
  }
}

/** One page of a composite aggregation, after those that came before. */
function pageJob(context: JobContext, search: Search, after: unknown, before: readonly Page[]): Job {
  const metrics = collectMetrics(search.members);
  const first = search.members[0];
  const query = first?.asked.question.query;
  return {
    target: search.target,
    apart: query !== undefined && context.refused.apart.has(query),
    body: searchBody(search, metrics, context.settings, { after }),
    fail: (failure, whole) => failSearch(context, search, failure, whole),
    settle(result) {
      const page = readPage(result.aggregations?.["g"], query?.by ?? [], first?.parts.by ?? []);
      const pages = [...before, page];
      const seen = pages.reduce((total, { groups }) => total + groups.length, 0);
      const isLast = page.after === undefined || page.groups.length === 0;
      if (!isLast && seen <= mostGroups) return [pageJob(context, search, page.after, pages)];
      const groups = pages.flatMap((some) => some.groups);
      return search.members.flatMap((member) =>
        settlePages(context, member, { groups, isAll: isLast, name: metrics.nameOf(member) }),
      );
    },
  };
}

type Page = ReturnType<typeof readPage>;

function settlePages(
  context: JobContext,
  member: Member,
  { groups, isAll, name }: { groups: Page["groups"]; isAll: boolean; name: string },
): readonly Job[] {
  const { query, window, mustAnswer } = member.asked.question;
  const { measure, maxGroups, by } = query;
  const observe = (some: Page["groups"], metric: string): Observation[] =>
    some.map(({ labels, bucket }) => ({
      labels,
      ...readMeasure(bucket, { measure, name: metric, events: bucket.doc_count, window }),
    }));
  const finish = (observations: readonly Observation[]): readonly Job[] => {
    const chosen = chooseGroups({ observations, mustAnswer, maxGroups });
    settleMember(context, member, { kind: "answered", ...chosen });
    return [];
  };
  const observations = observe(groups, name);
  const seen = new Set(observations.map((observation) => labelsKey(observation.labels)));
  const missing = isAll ? [] : mustAnswer.filter((labels) => !seen.has(labelsKey(labels)));
  if (missing.length === 0) return finish(observations);

  const alone = searchAlone(member.asked, member.parts);
  const metrics = collectMetrics(alone.members);
  const lookUp = (start: number, before: readonly Observation[]): readonly Job[] => {
    const part = missing.slice(start, start + mostClauses);
    if (part.length === 0) return finish([...before, ...observations]);
    const wanted = new Set(part.map(labelsKey));
    const settle = (result: SearchResult): readonly Job[] => {
      const page = readPage(result.aggregations?.["g"], by, member.parts.by);
      const found = page.groups.filter(({ labels }) => wanted.has(labelsKey(labels)));
      return lookUp(start + mostClauses, [...before, ...observe(found, metrics.nameOf(member))]);
    };
    const body = searchBody(alone, metrics, context.settings, { clause: anyOf(part, member) });
    return [
      {
        target: alone.target,
        apart: false,
        body,
        settle,
        fail: (failure) => failSearch(context, alone, failure, false),
      },
    ];
  };
  return lookUp(0, []);
}

/** A clause that lets through the events of some label sets. */
function anyOf(sets: readonly Labels[], { asked, parts }: Member): string {
  const should = sets.map((labels) => {
    const clauses = asked.question.query.by.map((label, index) =>
      exactClause(parts.by[index]?.name ?? label, [labels[label] ?? ""]),
    );
    return `{"bool":{"filter":[${clauses.join(",")}]}}`;
  });
  return `{"bool":{"minimum_should_match":1,"should":[${should.join(",")}]}}`;
}

function settleMember({ answer, refused }: JobContext, { asked }: Member, given: Answer): void {
  refused.alone.delete(asked.question.query);
  refused.apart.delete(asked.question.query);
  answer(asked, given);
}

/** What Elasticsearch refuses for several together it may grant some of them: each is asked alone. */
function failSearch(context: JobContext, search: Search, failure: QueryFailure, whole: boolean): readonly Job[] {
  const { members } = search;
  const isTheirs = failure.code === "refused" || failure.code === "too_many_groups";
  if (isTheirs && members.length > 1) {
    return members.map(({ asked, parts }) => searchJob(context, searchAlone(asked, parts)));
  }
  for (const { asked } of members) {
    if (isTheirs) context.refused[whole ? "apart" : "alone"].add(asked.question.query);
    context.answer(asked, { kind: "failed", failure });
  }
  return [];
}

export function probeJob(context: JobContext, asked: AskedProbe): Job {
  const { target, window } = asked.probe;
  return {
    target,
    apart: false,
    body: probeBody(window, context.settings),
    fail(failure) {
      context.answerProbe(asked, { kind: "failed", failure });
      return [];
    },
    settle(result) {
      context.answerProbe(asked, { kind: "answered", any: totalOf(result) > 0 });
      return [];
    },
  };
}

/** Fails whom the answer of a search did not have the right form for. */
export function unreadable(message: string): QueryFailure {
  return fail("internal", true, `Elasticsearch's answer could not be read: ${message}`);
}
