import { judgeRule, type RuleJudgement, type SeenLabels } from "../../src/detect/judge.ts";
import { planTick } from "../../src/detect/plan.ts";
import { readLines } from "../../src/detect/read-lines.ts";
import { labelsKey } from "../../src/model/labels.ts";
import type { Message } from "../../src/model/query.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { Learned } from "../../src/model/template.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { buildRule } from "./rules.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const never = new AbortController().signal;

/** The same numbers in each run: Lehmer's generator with Park and Miller's "minimal standard" (CACM 31, 1988). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const people = ["ann", "bob", "carol", "dave", "eve", "frank", "grace", "heidi"];
const services = ["cart", "checkout", "search", "pay", "mail"];
type Kind = (random: () => number) => string;
const digits = (random: () => number, most: number) => Math.floor(random() * most);
const one = (random: () => number, of: readonly string[]) => of[digits(random, of.length)] ?? "";

/** What services say: a few dozen kinds of messages, each with what differs from one to the next. */
const kinds: readonly Kind[] = [
  (random) => `user ${one(random, people)} logged in from 10.0.${digits(random, 256)}.${digits(random, 256)}`,
  (random) => `payment ${digits(random, 1e9)} refused for ${one(random, people)}: insufficient funds`,
  (random) => `GET /api/${one(random, services)}/${digits(random, 1e6)} took ${digits(random, 5_000)}ms`,
  (random) => `connection to ${one(random, services)}-db:5432 lost after ${digits(random, 1e4)} ms, trying again`,
  (random) => `cache of ${one(random, services)} is ${digits(random, 100)}% full`,
  (random) => `order ${digits(random, 1e9).toString(16).padStart(8, "0")} shipped to ${one(random, people)}`,
  ...services.flatMap((service): Kind[] => [
    (random) => `${service} started in ${digits(random, 9_999)} ms with ${digits(random, 64)} workers`,
    (random) => `${service} gave up on job ${digits(random, 1e6)}: deadline exceeded`,
    (random) => `${service}: retry ${digits(random, 5)} of mail to ${one(random, people)}@example.com`,
  ]),
];

const letters = "abcdefghijklmnopqrstuvwxyz";
const word = (random: () => number) =>
  Array.from({ length: 3 + digits(random, 8) }, () => letters[digits(random, 26)]).join("");

/** Every `randomEvery`-th message is of random words alone, three to nine of them; 0 for none. */
export function* logMessages(count: number, randomEvery: number, random: () => number): Generator<string> {
  for (let number = 1; number <= count; number += 1) {
    const isRandom = randomEvery > 0 && number % randomEvery === 0;
    if (!isRandom) yield (kinds[digits(random, kinds.length)] as Kind)(random);
    else yield Array.from({ length: 3 + digits(random, 7) }, () => word(random)).join(" ");
  }
}

export function patternRule(maxGroups: number): Rule {
  const query = {
    target: "logs",
    where: {},
    filters: [],
    measure: { kind: "count" },
    containing: { field: "message", pieces: [] },
    by: [],
    maxGroups,
  } as const;
  const day = 24 * 60 * minute;
  return buildRule({
    knownForMs: 14 * day,
    signal: { by: ["pattern"], query },
    limits: {
      when: { form: "new", of: { kind: "pattern", field: "message" }, learnedFromMs: 14 * day, settleMs: day },
    },
  });
}

/** A rule over a stream of messages, as the program runs it: read, masked, mined and judged, a tick at a time. */
export class PatternWatch {
  readonly #rule: Rule;
  /** Rows of the store, as text: each tick begins with what is in them alone. */
  #rows = new Map<string, string>();
  #learned: Learned | undefined;
  #ticks = 0;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  /** Ids of the patterns that are known, with what they look like. */
  get patterns(): ReadonlyMap<string, string> {
    const known = [...this.#known().values()].flatMap(({ template }) => template ?? []);
    return new Map(known.map(({ id, words }) => [id, words.join(" ")]));
  }

  async tick(messages: readonly string[]): Promise<RuleJudgement> {
    const at = start + this.#ticks * minute;
    this.#ticks += 1;
    const [plan] = planTick({
      tick: at,
      rules: [this.#rule],
      timings: new Map([["logs", { delayMs: 0, staleAfterMs: undefined }]]),
      alerts: new Map(),
      newRules: new Set(this.#learned === undefined ? [this.#rule.id] : []),
    });
    const [planned] = plan?.rules ?? [];
    if (plan === undefined || planned === undefined) throw new Error("no plan");
    const lines = [];
    for (const [position, reading] of plan.readings.entries()) {
      const said = position === planned.messages?.current ? messages : [];
      const newest = said.map((text, index): Message => ({ at: at - said.length + index, text }));
      lines.push(await readLines(reading, sourceOf(newest), never));
    }
    const answered = {
      kind: "answered",
      observations: [{ labels: {}, value: messages.length, events: messages.length }],
      notAnswered: 0,
    } as const;
    const judgement = judgeRule({
      planned,
      answer: { answers: plan.batch.questions.map(() => answered), probes: [], requests: 1 },
      lines,
      tick: { at, previousAt: at - minute },
      alerts: [],
      known: this.#known(),
      learned: this.#learned,
      instance: "test",
    });
    for (const entry of judgement.seen) this.#rows.set(labelsKey(entry.labels), JSON.stringify(entry));
    for (const labels of judgement.forgotten) this.#rows.delete(labelsKey(labels));
    this.#learned = judgement.learned ?? this.#learned;
    return judgement;
  }

  #known(): ReadonlyMap<string, SeenLabels> {
    return new Map(Array.from(this.#rows, ([key, row]) => [key, JSON.parse(row) as SeenLabels]));
  }
}

function sourceOf(messages: readonly Message[]): Source {
  const source = createScriptedSource({ name: "logs", script: {} });
  return { ...source, messages: () => Promise.resolve({ messages, more: false }) };
}
