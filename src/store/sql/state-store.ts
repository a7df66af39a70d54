import { type Kysely, sql } from "kysely";
import type { Labels } from "../../model/labels.ts";
import type { Template } from "../../model/template.ts";
import { BackfeedError } from "../../support/errors.ts";
import { isMapping } from "../../support/mapping.ts";
import type { KnownLabelSet, RuleState, StateStore, TickRecord } from "../store.ts";
import { decode, decodeText, encode, keyNumber, keyText, type Shape, unreadable } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { fixedQuery } from "./fixed-query.ts";
import { inChunks } from "./in-chunks.ts";
import { decodeMeasured, measuredRows } from "./measured-rows.ts";
import { refile } from "./refile.ts";
import { readAlert, readFinding, readTick } from "./rows.ts";
import type { Tables } from "./schema.ts";
import { type RuleFailure, TickWriter } from "./tick-writer.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

const rulesPerTransaction = 100;

/** What a tick reads and how it ends. A tick's transactions are of 100 rules: between two of them others get their turn. */
export function createStateStore(options: { connections: Connections; unreadable: UnreadableRows }): StateStore {
  const { connections, unreadable: rows } = options;
  let writer: TickWriter | undefined;
  return {
    openInstance: (instance, formerly) =>
      connections.writeDurably((database) => openInstance(database, instance, formerly)),

    ruleStates: async () => {
      const stored = await connections.read((database) => allRuleStates(database, {}));
      const states = rows.read(stored, "rule_states", (row) => row.rule_id, readRuleState);
      return new Map(states.map((state) => [state.ruleId, state]));
    },

    watchedSince: async (ruleIds) => {
      const stored = await inChunks(ruleIds, (chunk) =>
        connections.read((database) =>
          database
            .selectFrom("rule_states")
            .select(["rule_id", "watched_since"])
            .where("rule_id", "in", chunk)
            .execute(),
        ),
      );
      return new Map(
        stored.flatMap(({ rule_id, watched_since }) => (watched_since === null ? [] : [[rule_id, watched_since]])),
      );
    },

    alerts: async (except) => {
      const all = await connections.read((database) => allAlerts(database, {}));
      const stored = except === undefined ? all : all.filter(({ fingerprint }) => !except.has(fingerprint));
      return rows.read(stored, "alerts", (row) => row.fingerprint, readAlert);
    },

    knownLabelSets: async (ruleIds) => {
      const stored = await inChunks(ruleIds, (chunk) =>
        connections.read((database) =>
          database.selectFrom("known_label_sets").selectAll().where("rule_id", "in", chunk).execute(),
        ),
      );
      return rows.read(stored, "known_label_sets", (row) => `${row.rule_id} ${row.hash}`, readKnownLabelSet);
    },

    measuredWindows: async (request) => {
      const stored = await connections.read((database) => measuredRows(database, request));
      return rows.read(
        stored,
        "measured_windows",
        (row) => `${request.ruleId} ${row.started_at}`,
        (row) => ({ from: row.started_at, values: decodeMeasured(row.body, `${request.ruleId} ${row.started_at}`) }),
      );
    },

    findings: async (groupKeys) => {
      const stored = await inChunks(groupKeys, (chunk) =>
        connections.read((database) =>
          database.selectFrom("findings").select(["id", "body"]).where("group_key", "in", chunk).execute(),
        ),
      );
      const findings = rows.read(stored, "findings", (row) => row.id, readFinding);
      return new Map(findings.map((finding) => [finding.groupKey, finding]));
    },

    createsSince: async (since) => {
      const counted = await connections.read((database) => createsByDestination(database, { since }));
      return new Map(
        counted.map((row) => [row.destination ?? "", { count: Number(row.creates), oldestAt: Number(row.oldest) }]),
      );
    },

    waiting: async (limit) => {
      const stored = await connections.read((database) => findingsOverCap(database, { limit }));
      const findings = rows.read(stored, "findings", (row) => row.id, readFinding);
      return findings.filter(({ decision }) => decision.reason === "over_cap");
    },

    quietUntold: async (limit) => {
      const stored = await connections.read((database) => quietSilenced(database, { limit }));
      return rows.read(stored, "findings", (row) => row.id, readFinding);
    },

    commitTick: async (commit) => {
      const failures: RuleFailure[] = [];
      for (let from = 0; from < commit.rules.length; from += rulesPerTransaction) {
        const rules = commit.rules.slice(from, from + rulesPerTransaction);
        const failed = await connections.exclusively((database) => {
          writer ??= new TickWriter({ database, unreadable: rows });
          return writer.write(commit, rules, from === 0 ? commit.storm : undefined);
        });
        failures.push(...failed);
      }
      return failures;
    },

    commitFindings: (commits, storm) =>
      connections.exclusively((database) => {
        writer ??= new TickWriter({ database, unreadable: rows });
        writer.writeFindings(commits, storm);
      }),

    refile: (findingId, now, judge) =>
      connections.writeDurably((database) => refile(database, { findingId, now, judge })),

    recordTick: (given) =>
      connections.write(async (database) => {
        const key = { schedule: keyText(given.schedule, "schedule"), tick: keyNumber(given.tick, "tick") };
        const stored = await database
          .selectFrom("ticks")
          .selectAll()
          .where("schedule", "=", key.schedule)
          .where("tick", "=", key.tick)
          .execute();
        const [before] = rows.read(stored, "ticks", ({ schedule, tick }) => `${schedule} ${tick}`, readTick);
        const body = encode(before === undefined ? given : joinTicks(before, given));
        await database
          .insertInto("ticks")
          .values({ ...key, body })
          .onConflict((conflict) => conflict.columns(["schedule", "tick"]).doUpdateSet({ body }))
          .execute();
      }),
  };
}

/** Rules of one schedule need not agree: what one was judged at, catching up did not reach for another. */
function joinTicks(before: TickRecord, given: TickRecord): TickRecord {
  const judged = given.kind === "evaluated" ? given : before;
  const skipped = (given.kind === "skipped" ? given : before).counts.outcomes["skipped_ticks"];
  if (judged.kind === "skipped" || skipped === undefined) return given;
  const outcomes = { ...judged.counts.outcomes, skipped_ticks: skipped };
  return { ...judged, counts: { ...judged.counts, outcomes } };
}

const allRuleStates = fixedQuery((database, _values: Record<never, never>) =>
  database.selectFrom("rule_states").selectAll(),
);

const allAlerts = fixedQuery((database, _values: Record<never, never>) =>
  database.selectFrom("alerts").select(["fingerprint", "body"]),
);

const findingsOverCap = fixedQuery((database, { limit }: { limit: number }) =>
  database
    .selectFrom("findings")
    .select(["id", "body"])
    .where("reason", "=", "over_cap")
    .orderBy("score", "desc")
    .orderBy("id")
    .limit(limit),
);

const quietSilenced = fixedQuery((database, { limit }: { limit: number }) =>
  database
    .selectFrom("findings")
    .select(["id", "body"])
    .where("reason", "in", ["silenced", "close_owed"])
    .where("state", "=", "quiet")
    .orderBy("changed_at")
    .orderBy("id")
    .limit(limit),
);

const createsByDestination = fixedQuery((database, { since }: { since: number }) =>
  database
    .selectFrom("outbox")
    .select(({ fn }) => ["destination", fn.countAll<number>().as("creates"), fn.min("created_at").as("oldest")])
    .where("kind", "=", sql.lit("create"))
    .where("created_at", ">=", since)
    .groupBy("destination"),
);

/** The first name is kept for ever, since identities are made of it; the newest tells whose store it is. */
async function openInstance(database: Kysely<Tables>, instance: string, formerly: readonly string[]): Promise<string> {
  const rows = await database.selectFrom("meta").selectAll().where("key", "in", ["first", "instance"]).execute();
  const stored = new Map(rows.map((row) => [row.key, decodeText(row.value, "meta", row.key)]));
  const first = stored.get("first") ?? instance;
  const names = [first, stored.get("instance") ?? instance];
  if (!names.some((name) => name === instance || formerly.includes(name))) {
    throw new BackfeedError(
      "configuration",
      `the store belongs to the instance ${JSON.stringify(names[1])}, not to ${JSON.stringify(instance)}: name another store, or list ${JSON.stringify(names[1])} in instance_formerly when this one was renamed`,
    );
  }
  for (const [key, value] of [
    ["first", first],
    ["instance", instance],
  ] as const) {
    await database
      .insertInto("meta")
      .values({ key, value: JSON.stringify(value) })
      .onConflict((conflict) => conflict.column("key").doUpdateSet((row) => ({ value: row.ref("excluded.value") })))
      .execute();
  }
  return first;
}

function readRuleState(row: Tables["rule_states"]): RuleState {
  return {
    ruleId: row.rule_id,
    identity: row.identity,
    watermark: row.watermark,
    failingSince: row.failing_since ?? undefined,
    lastFailure: row.last_failure === null ? undefined : decodeText(row.last_failure, "rule_states", row.rule_id),
    shape: row.shape,
    ...(row.learned_to === null ? {} : { learned: { to: row.learned_to, fullSince: row.full_since ?? undefined } }),
  };
}

function readKnownLabelSet(row: Tables["known_label_sets"]): KnownLabelSet {
  const labels: unknown = JSON.parse(row.labels);
  if (!isLabels(labels)) throw unreadable("known_label_sets", `${row.rule_id} ${row.hash}`, "it holds no labels");
  const template = row.template === null ? undefined : readTemplate(row.template, `${row.rule_id} ${row.hash}`);
  return {
    ruleId: row.rule_id,
    labels,
    seenAt: row.seen_at,
    ...(row.first_seen_at === null ? {} : { firstSeenAt: row.first_seen_at }),
    ...(template === undefined ? {} : { template }),
  };
}

const templateShape: Shape<Template> = { id: "string", first: "string", position: "number", words: "array" };

function readTemplate(body: string, key: string): Template {
  const template = decode<Template>(body, templateShape, "known_label_sets", key);
  if (template.words.every((word) => typeof word === "string")) return template;
  throw unreadable("known_label_sets", key, "its pattern has other things than words");
}

function isLabels(value: unknown): value is Labels {
  return isMapping(value) && Object.values(value).every((label) => typeof label === "string");
}
