import type { ServiceConfig } from "../config/types.ts";
import type { Query } from "../model/query.ts";
import type { InfraSignal, Rule } from "../model/rule.ts";
import type { TicketRoute } from "../model/ticket.ts";
import { renderInfra } from "../rules/infra.ts";
import { sampleText } from "../rules/templates.ts";
import type { QueryFault } from "../sources/source.ts";
import { openSqlStore } from "../store/sql/open-sql-store.ts";
import { systemClock } from "../support/clock.ts";
import { asBackfeedError } from "../support/errors.ts";
import { silentLogger } from "../support/logging.ts";
import { createMetrics } from "../support/metrics.ts";
import { createRedactor } from "../support/redaction.ts";
import type { Fault, Path } from "../support/yaml/fault.ts";
import { badPart } from "../triage/impact.ts";
import { createSources, createTrackers } from "./adapters.ts";
import { projectKey } from "./create-budget.ts";
import { ownersOf } from "./owner-faults.ts";
import { type Place, Places } from "./places.ts";
import { createVoice } from "./voice.ts";

export interface OnlineReport {
  readonly faults: readonly Fault[];
  /** Sources and trackers that did not answer; what they would have said is not known. */
  readonly unreachable: readonly { readonly name: string; readonly message: string }[];
}

/** `check --online`: what only the outside systems can say of rules and configuration. Changes nothing anywhere. */
export async function onlineFaults(
  config: ServiceConfig,
  rules: readonly Rule[],
  signal: AbortSignal,
): Promise<OnlineReport> {
  const redactor = createRedactor(config.redaction);
  const metrics = createMetrics({
    vocabulary: { verdicts: [], decisions: [], reasons: [], outboxStates: [], failureCodes: [] },
    processMetrics: false,
  });
  const parts = { config, clock: systemClock, logger: silentLogger, metrics, redactor };
  const store = await openSqlStore({ url: "sqlite::memory:" });
  const sources = createSources(parts, store);
  const trackers = createTrackers(parts, store);
  const places = new Places(config.baseDirectory);
  const faults: Fault[] = [];
  const unreachable: { name: string; message: string }[] = [];
  try {
    for (const [name, source] of sources) {
      const byQuery = queriesOf(name, rules);
      await answering(name, unreachable, async () => {
        faults.push(
          ...sourceFaults({ config, name, places }, byQuery, await source.check([...byQuery.keys()], signal)),
        );
      });
    }
    for (const [name, tracker] of trackers.all) {
      const owners = new Map([...routesOf(config, rules)].filter(([route]) => route.tracker === name));
      await answering(name, unreachable, async () => {
        for (const { severity, message, fix, route } of await tracker.check([...owners.keys()], signal)) {
          const owner = route === undefined ? undefined : owners.get(route);
          const at = places.ofOwner(config.ownersFile, owner) ?? places.of(config.file, ["trackers", name]);
          faults.push({ ...at, message, fix: fix ?? "", severity });
        }
      });
    }
    return { faults, unreachable };
  } finally {
    await Promise.all([...sources.values(), ...trackers.all.values()].map((each) => each.close()));
    await store.close();
  }
}

async function answering(
  name: string,
  unreachable: { name: string; message: string }[],
  ask: () => Promise<void>,
): Promise<void> {
  try {
    await ask();
  } catch (thrown) {
    unreachable.push({ name, message: asBackfeedError(thrown).message });
  }
}

/** What a query is part of. */
interface Asker {
  readonly rule: Rule;
  /** In the rule. */
  readonly part: Path;
}

/** Every query that a tick would ask one source for a rule, and that its ticket would, with what it is part of. */
function queriesOf(source: string, rules: readonly Rule[]): ReadonlyMap<Query, Asker> {
  const byQuery = new Map<Query, Asker>();
  for (const rule of rules) {
    for (const query of rule.signal.source === source ? tickQueries(rule) : []) {
      byQuery.set(query, { rule, part: ["signal"] });
    }
    for (const [position, infra] of rule.evidence.infra.entries()) {
      if (infra.source !== source) continue;
      byQuery.set(exampleQuery(infra, rule), { rule, part: ["evidence", "infra", position] });
    }
  }
  return byQuery;
}

function tickQueries({ signal: { query }, impact: { usersField } }: Rule): readonly Query[] {
  if (usersField === undefined) return [query];
  return [query, { ...badPart(query), measure: { kind: "unique", field: usersField } }];
}

/** With label values that may never occur. */
function exampleQuery(infra: InfraSignal, { signal }: Rule): Query {
  const labels = Object.fromEntries(signal.by.map((name) => [name, "example"]));
  const query = renderInfra(infra, sampleText(labels));
  if (!("promql" in query)) return query;
  // A chart may have many lines, where a rule has one series for each of its alerts.
  const measure = { kind: "promql", expression: `count(${query.promql}\n)`, isShare: false } as const;
  return { target: "", where: {}, filters: [], measure, by: [], maxGroups: 1 };
}

/** Said of several rules in the same words, it is the source that it is about: told once, where that is configured. */
function sourceFaults(
  { config, name, places }: { readonly config: ServiceConfig; readonly name: string; readonly places: Places },
  byQuery: ReadonlyMap<Query, Asker>,
  found: readonly QueryFault[],
): readonly Fault[] {
  const rulesOf = new Map<string, Set<Rule>>();
  for (const { message, query, inFilter } of found) {
    if (inFilter === true) continue;
    const rule = byQuery.get(query)?.rule;
    if (rule !== undefined) rulesOf.set(message, (rulesOf.get(message) ?? new Set()).add(rule));
  }
  const told = new Set<string>();
  return found.flatMap((fault): Fault[] => {
    const { rule, part } = byQuery.get(fault.query) ?? { rule: undefined, part: [] };
    const rules = rulesOf.get(fault.message)?.size ?? 0;
    if (rule === undefined || told.has(`${rules > 1 ? "" : rule.id} ${fault.message}`)) return [];
    told.add(`${rules > 1 ? "" : rule.id} ${fault.message}`);
    if (rules <= 1) {
      const placed = ruleFault(places.ofSignal(rule, part, fault.inFilter === true), rule, fault);
      // A chart that cannot be had is named on the ticket and stops nothing.
      return [part[0] === "evidence" ? { ...placed, severity: "warning" } : placed];
    }
    const { message, severity } = fault;
    const fix = fault.fix ?? `look at \`sources.${name}\`: ${rules} rules ask it and all are told this`;
    return [{ ...places.of(config.file, ["sources", name]), message, fix, severity }];
  });
}

function ruleFault(place: Place, rule: Rule, { message, fix, severity }: QueryFault): Fault {
  return {
    ...place,
    ruleId: rule.id,
    message,
    fix: fix ?? "compare the rule with what the source holds",
    severity,
  };
}

/** Where the rules' tickets would go, each place once, with whose it is: of every owner that a rule or an override names. */
function routesOf(config: ServiceConfig, rules: readonly Rule[]): ReadonlyMap<TicketRoute, string> {
  const voice = createVoice(config, silentLogger, (text) => text);
  const routes = new Map<string, readonly [TicketRoute, string]>();
  for (const rule of rules) {
    for (const owner of ownersOf(rule)) {
      const labels = Object.fromEntries(rule.signal.by.map((name) => [name, "example"]));
      const route = voice.exampleRoute(rule, owner, labels);
      const key = `${projectKey(route)} ${JSON.stringify(route)}`;
      if (!routes.has(key)) routes.set(key, [route, Object.hasOwn(config.owners, owner) ? owner : "default"]);
    }
  }
  return new Map(routes.values());
}
