import { scheduleKey } from "../model/time.ts";
import type { RuleCatalogue, RuleListing, ServerProgram } from "../server/program.ts";
import { second } from "../support/duration.ts";
import { suspectText } from "../triage/describe-deploys.ts";
import { builtInRules } from "./built-in-rules.ts";
import { withIdentities } from "./identities.ts";
import type { LoadedRules } from "./load-rules.ts";
import { localBacklog } from "./local-backlog.ts";
import { maintenanceListings } from "./maintenance.ts";
import type { Program } from "./program.ts";
import { refileFinding } from "./refile-finding.ts";
import { suspectsOfStored } from "./suspects.ts";

/** Catching up after downtime can take minutes: whoever asks is told so, instead of waiting for an answer that long. */
const runPatienceMs = 5 * second;

/** What the API and the pages see of the running program. */
export function serverProgram(program: Program, catalogue: LoadedRules["catalogue"]): ServerProgram {
  const { store, engine, clock, redactor } = program;
  const storeReady = tellingStore(program);
  return {
    history: store.history,
    outbox: store.outbox,
    evidence: store.evidence,
    silences: {
      list: (request) => store.silences.list(request),
      end: (id, now) => store.silences.end(id, now),
      // What people give as a reason stands in timelines.
      add: (draft) => store.silences.add({ ...draft, reason: redactor.redact(draft.reason) }),
    },
    tickets: store.tickets,
    localTickets: localBacklog(program),
    deploys: store.deploys,
    async deploysOf(finding) {
      const deploys = await suspectsOfStored(finding, engine.loaded().rules, program.context);
      return deploys && { deploys, text: suspectText(deploys) };
    },
    rules: () => listRules(program, catalogue),
    maintenance: (now) => maintenanceListings(program.context.maintenance, now),
    async ruleIds() {
      const loaded = withIdentities(engine.loaded().rules, await store.state.ruleStates());
      return [...loaded, ...builtInRules].flatMap(({ id, identity }) => [...new Set([id, identity])]);
    },
    async runRule(ruleId, signal) {
      const results = await engine.runDue({ until: clock.now(), ruleId, patienceMs: runPatienceMs }, signal);
      const newest = results.at(-1) ?? (await lastTickOf(program, ruleId));
      return {
        ruleId,
        ticks: results.length,
        tick: newest?.tick,
        counts: newest?.counts ?? { verdicts: {}, outcomes: {}, notEvaluated: 0 },
        findings: [...new Set(results.flatMap(({ findings }) => findings.map(({ id }) => id)))],
      };
    },
    refile: (findingId, wish) => refileFinding(findingId, wish, program.context),
    wakeOutbox: () => engine.worker.wake(),
    async readiness() {
      return { store: await storeReady(), rules: catalogue.current().generation > 0 };
    },
  };
}

/** What is there to tell of a rule whose newest tick was judged before. */
async function lastTickOf({ store, engine }: Program, ruleId: string) {
  const [rule] = engine.loaded().rules.filter(({ id }) => id === ruleId);
  if (rule === undefined) return undefined;
  const states = await store.state.ruleStates();
  const identity = (states.get(rule.identity) ?? states.get(rule.id))?.identity ?? rule.identity;
  const [last] = await store.history.ruleTicks(identity, 1);
  return last === undefined ? undefined : { tick: last.tick, counts: last };
}

/** Probes come every few seconds: that the store fails is told when it begins, and why. */
function tellingStore({ store, logger, metrics }: Program): () => Promise<boolean> {
  let told = false;
  return () =>
    store.ping().then(
      () => {
        told = false;
        return true;
      },
      (thrown: unknown) => {
        metrics.recordStoreError();
        // `STORE_NOT_READY`: no load balancer sends anything here any more, and what is written may be lost.
        if (!told) logger.error("STORE_NOT_READY", "the store does not answer, or is not the one opened", {}, thrown);
        told = true;
        return false;
      },
    );
}

async function listRules(program: Program, catalogue: LoadedRules["catalogue"]): Promise<RuleCatalogue> {
  const { faults } = catalogue.current();
  const { rules } = program.engine.loaded();
  const states = await program.store.state.ruleStates();
  const listings = rules.map(async (rule): Promise<RuleListing> => {
    const state = states.get(rule.identity) ?? states.get(rule.id);
    const [lastTick] = await program.store.history.ruleTicks(state?.identity ?? rule.identity, 1);
    return {
      id: rule.id,
      title: rule.title,
      why: rule.why,
      runbook: rule.runbook,
      severity: rule.limits.severity,
      owner: rule.limits.owner,
      mode: program.context.voice.modeOf(rule),
      schedule: scheduleKey(rule.schedule),
      location: rule.location,
      watermark: state?.watermark,
      lastTick,
      failingSince: state?.failingSince,
      lastFailure: state?.lastFailure,
    };
  });
  return { rules: await Promise.all(listings), faults: faults.map((fault) => ({ ...fault, ruleId: fault.ruleId })) };
}
