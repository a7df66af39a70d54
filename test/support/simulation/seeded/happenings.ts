import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";
import { BackfeedError } from "../../../../src/support/errors.ts";
import { letPersonAct } from "./people.ts";
import { type Happening, minute, type PlannedEvent } from "./plan.ts";
import type { Simulation } from "./simulation.ts";

/** Makes one planned event happen; whatever ends by itself is given its end. Counts what really took place. */
export async function begin(event: PlannedEvent, run: Simulation): Promise<void> {
  tell(event, await happen(event, run), run);
}

function tell(event: PlannedEvent, said: string | true | undefined, run: Simulation): void {
  if (said === undefined) return;
  const { at: _at, ...happening } = event;
  run.trace.say(typeof said === "string" ? said : JSON.stringify(happening));
  run.trace.count(`fault:${event.kind === "person" ? `person ${event.action.does}` : event.kind}`);
}

/** Ends every trouble, and has an operator ask once more for what waits for one. */
export async function heal(run: Simulation): Promise<void> {
  run.trace.say("all is healed");
  run.disarm();
  run.weather.clear();
  run.offsetMs = 0;
  run.jira.faults.clear();
  run.jira.faults.decide = undefined;
  run.jira.renewToken();
  run.jira.index.lag = 0;
  run.jira.index.visible = () => true;
  run.jira.index.flush();
  run.life?.endTwin();
  await run.start();
  // Entries that are on their way may yet be parked: they are asked for again some time later.
  for (const after of [25, 45]) run.at(run.time.now() + after * minute, () => retryParked(run).then(() => undefined));
}

/** Undefined when there was nothing it could happen to; words when the event alone does not say it. */
async function happen(event: PlannedEvent, run: Simulation): Promise<string | true | undefined> {
  const { jira, weather, time, life } = run;
  const later = (minutes: number, end: () => void | Promise<void>) => run.at(time.now() + minutes * minute, end);
  switch (event.kind) {
    case "problem":
      return true;
    case "outage":
      weather.outage = event.code;
      later(event.minutes, () => {
        weather.outage = undefined;
      });
      return true;
    case "partial":
    case "refusal": {
      const set = event.kind === "partial" ? weather.partial : weather.refused;
      set.add(event.rule);
      later(event.minutes, () => void set.delete(event.rule));
      return true;
    }
    case "stall":
      weather.stalled = true;
      later(event.minutes, () => {
        weather.stalled = false;
      });
      return true;
    case "slowSource":
      weather.slowMs = event.seconds * 1_000;
      later(event.minutes, () => {
        weather.slowMs = 0;
      });
      return true;
    case "sourceThrows":
      weather.throws += event.times;
      return true;
    case "trackerFault": {
      const { fault, operation, times, skip } = event;
      jira.faults.push({ ...fault, times, skip, ...(operation === undefined ? {} : { operation }) });
      return true;
    }
    case "refusedCreate":
      jira.faults.push({ kind: "serverError", status: 400, operation: "createIssue", times: event.times });
      return true;
    case "slowAnswer":
      jira.faults.push({
        kind: "hold",
        operation: event.operation,
        stage: event.stage,
        get until() {
          return new Promise<void>((resolve) => time.after(event.seconds * 1_000, resolve));
        },
      });
      return true;
    case "jiraDown":
      jira.faults.decide = () => ({ kind: "resetBefore" });
      later(event.minutes, () => {
        jira.faults.decide = undefined;
      });
      return true;
    case "storm429":
      jira.faults.decide = () => ({ kind: "rateLimited", retryAfter: event.retryAfter });
      later(event.minutes, () => {
        jira.faults.decide = undefined;
      });
      return true;
    case "tokenExpired":
      jira.expireToken();
      later(event.minutes, () => jira.renewToken());
      return true;
    case "indexLag":
      jira.index.lag = event.lagSeconds * 1_000;
      later(event.minutes, () => {
        jira.index.lag = 5_000;
      });
      return true;
    case "hiddenFromSearch":
      for (const { id } of jira.issues()) jira.index.hide(id, event.searches);
      return true;
    case "kill":
      run.arm(event.afterPoints, event.downMinutes * minute);
      return undefined;
    case "restart":
      return restart(event.downMinutes, run);
    case "secondInstance":
      return secondInstance(run);
    case "twinWorker":
      life?.beginTwin();
      later(event.minutes, () => run.life?.endTwin());
      return true;
    case "clockJump":
      run.offsetMs = event.offsetMinutes * minute;
      later(event.minutes, () => {
        run.offsetMs = 0;
      });
      return true;
    case "ruleChange":
      return run.changeRule(event.rule, event.change) ? true : undefined;
    case "silence":
      return silence(event, run);
    case "refile":
      // Not waited for: it has its turn after a tick at work, and that may be waiting for time to go by.
      void refile(event.finding, run).then(
        (said) => tell(event, said, run),
        (thrown) => run.crashes.push(`refile: ${String(thrown)}`),
      );
      return undefined;
    case "retryParked":
      return (await retryParked(run)) > 0 ? true : undefined;
    case "person":
      return person(event, run);
  }
}

async function restart(downMinutes: number, run: Simulation): Promise<true | undefined> {
  const { life } = run;
  if (life === undefined) return undefined;
  await life.end((ms) => run.pass(ms));
  // A kill may have come before its end.
  if (run.life !== life) return true;
  run.life = undefined;
  run.at(run.time.now() + downMinutes * minute, () => run.start());
  return true;
}

/** Somebody starts the program once more: it must see that it may not. */
async function secondInstance(run: Simulation): Promise<true | undefined> {
  if (run.life === undefined) return undefined;
  try {
    const store = await openSqlStore({ url: `sqlite:${run.path}` });
    await store.close();
    run.crashes.push("a second instance was let at the store of the first");
  } catch (thrown) {
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "conflict") throw thrown;
  }
  return true;
}

async function silence(
  { rule: ruleId, minutes, untilWorse }: Extract<Happening, { kind: "silence" }>,
  run: Simulation,
): Promise<true | undefined> {
  const { life } = run;
  if (life === undefined) return undefined;
  const now = life.clock.now();
  const reason = "we know, and work on it";
  const silenced = { matchers: {}, ruleId, author: "operator", reason, untilWorse, createdAt: now };
  await life.store.silences.add({ ...silenced, startsAt: now, endsAt: now + minutes * minute });
  return true;
}

async function refile(index: number, run: Simulation): Promise<string | undefined> {
  const { life } = run;
  const findings = (await life?.store.history.findings({ limit: 100 }))?.items ?? [];
  const finding = findings[index % Math.max(1, findings.length)];
  if (life === undefined || finding === undefined) return undefined;
  try {
    if (!(await life.refile(finding.id, "operator"))) return undefined;
    return `an operator wants ${finding.problem} filed anew`;
  } catch (thrown) {
    // Not for every finding: the reason is told to the operator.
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "conflict") throw thrown;
    return undefined;
  }
}

async function retryParked(run: Simulation): Promise<number> {
  const { life } = run;
  if (life === undefined) return 0;
  const { items } = await life.store.history.outbox({ limit: 100, state: "parked" });
  for (const { id } of items) await life.store.outbox.retry(id, life.clock.now());
  if (items.length > 0) run.trace.say(`an operator has ${items.length} parked entries tried again`);
  return items.length;
}

async function person(
  event: Extract<Happening, { kind: "person" }>,
  { jira, trace, life }: Simulation,
): Promise<string | undefined> {
  const findings = ((await life?.store.history.findings({ limit: 100 }))?.items ?? []).map(({ id }) => id).sort();
  try {
    return letPersonAct({ jira, name: event.name, issue: event.issue, action: event.action, findings });
  } catch (thrown) {
    // The workflow offers no such step from where the issue is.
    trace.say(`a person could not ${event.action.does}: ${String(thrown)}`);
    return undefined;
  }
}
