import type { Answer, HistoryBatch, PastAnswers, ProbeAnswer, Query, QueryFailure } from "../../model/query.ts";
import type { Rule } from "../../model/rule.ts";
import type { Window } from "../../model/time.ts";
import { asError } from "../../sources/query-failure.ts";
import type { Source } from "../../sources/source.ts";
import { BackfeedError } from "../../support/errors.ts";
import { canonicalJson } from "../../support/hashing.ts";

/** Ticks at which one query may be refused; more are a rule that does not work, and no past. */
const mostRefusals = 50;

/** What many ticks will ask, read at once. */
export interface PastRead {
  /** By query, then by window. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<string, Answer>>;
  /** By target, then by window. */
  readonly probes: ReadonlyMap<string, ReadonlyMap<string, ProbeAnswer>>;
}

export interface PastCost {
  /** Requests (or scans) for many windows at once. */
  readonly batched: number;
  /** Requests of single ticks, for what cannot be read at once. */
  readonly single: number;
  /** Questions of ticks that were answered from what was read at once. */
  readonly fromBatches: number;
  /** Questions of ticks that were asked by themselves. */
  readonly alone: number;
}

/** A source as replays ask it. */
export interface PastSource {
  /** For ticks: answers from what `use` was given, and asks the rest as a tick does. */
  readonly source: Source;
  /** Reads many windows. Throws BackfeedError when the source cannot answer now. */
  read(batch: HistoryBatch, signal: AbortSignal): Promise<PastRead>;
  use(reads: readonly PastRead[]): void;
  /** Why what ticks saw since is not the past: the source failed today, or refuses a query again and again. */
  problem(): { readonly error: BackfeedError; readonly query: Query | undefined } | undefined;
  cost(): PastCost;
}

/** Makes a source answer ticks of the past from batches. A source that only answers window by window is asked so. */
export function createPastSource(source: Source): PastSource {
  let used: readonly PastRead[] = [];
  let problem: { readonly error: BackfeedError; readonly query: Query | undefined } | undefined;
  const refusals = new Map<string, number>();
  const cost = { batched: 0, single: 0, fromBatches: 0, alone: 0 };

  const learn = (failure: QueryFailure, query: Query | undefined) => {
    const key = query === undefined ? "" : queryKey(query);
    const times = (refusals.get(key) ?? 0) + 1;
    refusals.set(key, times);
    // A tick would ask again later. What the source says of today is nothing of the past.
    if (failure.retryable || times > mostRefusals) problem ??= { error: asError(failure), query };
  };
  const known = ({ query, window }: { query: Query; window: Window }) => {
    const key = queryKey(query);
    const at = windowKey(window);
    for (const { answers } of used) {
      const answer = answers.get(key)?.get(at);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
  const knownProbe = ({ target, window }: { target: string; window: Window }) => {
    const at = windowKey(window);
    for (const { probes } of used) {
      const answer = probes.get(target)?.get(at);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };

  return {
    source: {
      ...source,
      name: source.name,
      samples: (request, signal) => source.samples(request, signal),
      messages(request, signal) {
        cost.single += 1;
        return source.messages(request, signal);
      },
      series(request, signal) {
        cost.single += 1;
        return source.series(request, signal);
      },
      lines(request, signal) {
        cost.single += 1;
        return source.lines(request, signal);
      },
      check: (queries, signal) => source.check(queries, signal),
      close: () => source.close(),
      async answer(batch, signal) {
        // What was there at any time of a window is not in what was read of its end.
        const found = batch.questions.map((question) => (question.anyTime === true ? undefined : known(question)));
        const foundProbes = batch.probes.map(knownProbe);
        const questions = batch.questions.filter((_, place) => found[place] === undefined);
        const probes = batch.probes.filter((_, place) => foundProbes[place] === undefined);
        cost.fromBatches += batch.questions.length + batch.probes.length - questions.length - probes.length;
        cost.alone += questions.length + probes.length;
        const isAll = questions.length + probes.length === 0 && isPlain(batch);
        const asked = isAll
          ? { answers: [], probes: [], requests: 0 }
          : await source.answer({ ...batch, questions, probes }, signal);
        cost.single += asked.requests;
        for (const [place, answer] of asked.answers.entries()) {
          if (answer.kind === "failed") learn(answer.failure, questions[place]?.query);
        }
        for (const answer of asked.probes) if (answer.kind === "failed") learn(answer.failure, undefined);
        return { ...asked, answers: merged(found, asked.answers), probes: merged(foundProbes, asked.probes) };
      },
    },
    async read(batch, signal) {
      if (source.history === undefined) return { answers: new Map(), probes: new Map() };
      const { answers, probes, requests } = await source.history(batch, signal);
      cost.batched += requests;
      return {
        answers: new Map(
          batch.questions.map(({ query, windows }, place) => [queryKey(query), byWindow(answers[place], windows)]),
        ),
        probes: new Map(batch.probes.map(({ target, windows }, place) => [target, byWindow(probes[place], windows)])),
      };
    },
    use(reads) {
      used = reads;
    },
    problem: () => problem,
    cost: () => ({ ...cost }),
  };
}

/** Throws what a source said of today: a failed query says something of today and nothing of the past: no ticket of it may be shown. */
export function failIfNotThePast(past: ReadonlyMap<string, PastSource>, rules: readonly Rule[]): void {
  for (const [name, source] of past) {
    const problem = source.problem();
    if (problem === undefined) continue;
    const { error, query } = problem;
    const rule =
      query === undefined ? undefined : rules.find(({ signal }) => queryKey(signal.query) === queryKey(query));
    const whose = rule === undefined ? `the source ${name}` : `the query of ${rule.id} (source ${name})`;
    throw new BackfeedError(error.kind, `${whose} fails: ${error.message}`, { cause: error });
  }
}

/** Nothing but questions and probes: whatever else a form of `when` asks of a tick is asked by itself. */
function isPlain(batch: object): boolean {
  return Object.entries(batch).every(
    ([name, part]) => name === "questions" || name === "probes" || (Array.isArray(part) && part.length === 0),
  );
}

/** Throws when the source cannot answer now; what it refuses is left to ticks, which tell at which of them. */
function byWindow<Part>(past: PastAnswers<Part> | undefined, windows: readonly Window[]): ReadonlyMap<string, Part> {
  if (past?.kind === "failed" && past.failure.retryable) throw asError(past.failure);
  const found = new Map<string, Part>();
  if (past?.kind !== "answered") return found;
  for (const [place, window] of windows.entries()) {
    const part = past.windows[place];
    if (part !== undefined) found.set(windowKey(window), part);
  }
  return found;
}

/** The known ones with the asked ones in the gaps. */
function merged<Part>(known: readonly (Part | undefined)[], asked: readonly Part[]): readonly Part[] {
  let next = 0;
  return known.flatMap((part) => {
    const each = part ?? asked[next++];
    return each === undefined ? [] : [each];
  });
}

const keys = new WeakMap<Query, string>();

/** Equal for equal queries. */
export function queryKey(query: Query): string {
  let key = keys.get(query);
  if (key === undefined) {
    key = canonicalJson(query);
    keys.set(query, key);
  }
  return key;
}

/** A tick's windows are one object wherever they are equal: nearly always it is the one of the question before. */
let latest: { readonly window: Window; readonly key: string } | undefined;

export function windowKey(window: Window): string {
  if (latest?.window !== window) latest = { window, key: `${window.from} ${window.to}` };
  return latest.key;
}
