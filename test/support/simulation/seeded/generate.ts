import { type Happening, type PersonAction, type Plan, type PlannedEvent, stepMs } from "./plan.ts";
import { Random } from "./random.ts";
import { type RuleSketch, type TemplateName, templates } from "./rules.ts";
import { disaster, worsening } from "./stories.ts";
import { trackerTroubles } from "./trouble.ts";

const minute = 60_000;
const hour = 60 * minute;

/** The plan of a seed: always the same one. Cloud and Data Center take turns; one run in four is judged by Atlassian's documents. */
export function generatePlan(seed: number): Plan {
  const random = new Random(seed);
  const rules = makeRules(random);
  const activeMs = random.int(4, 9) * (hour / 2);
  const events: PlannedEvent[] = [];
  const add = (at: number, happening: Happening) => events.push({ at, ...happening });
  const addAll = (at: number, happenings: readonly Happening[]) => {
    for (const each of happenings) add(at, each);
  };
  const anyTime = () => random.int(0, activeMs / minute) * minute + random.int(0, 59) * 1_000;

  for (const rule of rules) {
    for (const at of problemTimes(rule, activeMs, random)) {
      add(at, problem(rule, random));
      // Death comes more often where something is at stake.
      if (random.chance(0.2)) add(at + stepMs + random.int(0, 3) * stepMs - 1, kill(random, 60));
    }
  }
  if (random.chance(0.2)) events.push(...disaster(rules, activeMs, random));
  if (random.chance(0.2)) events.push(...worsening(rules, activeMs, random));
  const deployment = seed % 2 === 0 ? "cloud" : "datacenter";
  const moods: readonly (() => void)[] = [
    () => add(anyTime(), sourceTrouble(rules, random)),
    () => addAll(anyTime(), trackerTroubles(deployment, random)),
    () => addAll(anyTime(), trackerTroubles(deployment, random)),
    () => add(anyTime(), programTrouble(random)),
    () => add(anyTime(), users(rules, random)),
    () => add(anyTime(), people(random)),
    () => add(anyTime(), people(random)),
    () => add(anyTime(), people(random)),
  ];
  for (let left = random.int(4, 24); left > 0; left -= 1) random.pick(moods)();
  return {
    seed,
    deployment,
    validates: seed % 8 < 2,
    rules,
    limits: {
      ...(random.chance(0.2)
        ? { perRun: random.int(1, 2), perDay: random.int(2, 5), perDayPerProject: random.int(2, 5) }
        : { perRun: 10, perDay: 50, perDayPerProject: 25 }),
      storm: random.chance(0.3) ? random.int(2, 4) : 20,
    },
    ...hearing(random),
    activeMs,
    // What begins after the healing would not be healed.
    events: events.filter(({ at }) => at < activeMs).sort((a, b) => a.at - b.at),
  };
}

/** How soon is heard what people do: where webhooks tell of it, tickets are read more rarely. */
function hearing(random: Random): Pick<Plan, "webhooks" | "learnEveryMinutes"> {
  const webhooks = random.weighted({ none: 3, prompt: 2, troubled: 3 });
  return { webhooks, learnEveryMinutes: random.pick(webhooks === "none" ? [5, 10, 15] : [20, 30]) };
}

/** Short where the defaults are days, so that a run of hours sees their ends. */
function ticketPolicy(random: Random): RuleSketch["ticket"] {
  return {
    onQuiet: random.weighted({ comment: 4, transition: 2, none: 1 }),
    onReturn: random.weighted({ reopen: 4, new_linked: 1, comment: 1 }),
    onWontDo: random.weighted({ suppress: 4, new_linked: 1 }),
    doneGraceMs: random.pick([0, 10, 10, 30]) * minute,
    returnWithinMs: random.pick([10 * minute, 30 * minute, 30 * 24 * hour]),
    suppressForMs: random.pick([30 * minute, hour, 90 * 24 * hour]),
    verifyForMs: random.pick([20 * minute, 40 * minute, 7 * 24 * hour]),
  };
}

function makeRules(random: Random): readonly RuleSketch[] {
  const names = Object.keys(templates) as TemplateName[];
  const chosen = names.filter((name) => name === "errors" || random.chance(0.6));
  const pace = random.weighted({ slow: 6, mixed: 3, fast: 1 });
  const steps = { slow: [10], mixed: [5, 10], fast: [5] } as const;
  return chosen.map((template) => ({
    id: template,
    template,
    severity: template === "noise" ? "info" : random.pick(["low", "warning", "high", "critical"] as const),
    everyMinutes: random.pick(steps[pace]),
    forMinutes: random.pick([0, 0, 5, 10]),
    untilMinutes: random.pick([0, 5, 10, 20]),
    mode: random.weighted({ file: 12, report: 1, dry_run: 1 }),
    ticket: ticketPolicy(random),
    explains: template === "jobs" && random.chance(0.5) ? ["errors", "latency"] : [],
    wording: 0,
    threshold: template === "errors" ? 10 : 20,
    grouped: true,
  }));
}

/** When the problems of a rule begin; noise has them all the time. */
function problemTimes(rule: RuleSketch, activeMs: number, random: Random): readonly number[] {
  const count = rule.template === "noise" ? random.int(0, 14) : random.int(0, 4);
  return Array.from({ length: count }, () => Math.floor((random.next() * activeMs) / stepMs) * stepMs);
}

function problem(rule: RuleSketch, random: Random): Happening {
  const series = random.int(0, templates[rule.template].series.length - 1);
  const minutes = random.weighted({ short: 4, middle: 4, long: 2, endless: 1 });
  const length = { short: [5, 15], middle: [15, 60], long: [60, 240], endless: [600, 600] }[minutes];
  const [least = 5, most = 5] = length;
  const isErrors = rule.template === "errors";
  // Well over the threshold, between it and clear, or nothing at all.
  const level = random.weighted({ bad: 10, worse: 4, between: 2, nothing: 2 });
  const levels = isErrors
    ? { bad: 6, worse: 12, between: 0, nothing: 0 }
    : { bad: 40, worse: 400, between: 15, nothing: 0 };
  const flaps = rule.untilMinutes >= 10 && random.chance(0.15);
  return {
    kind: "problem",
    rule: rule.id,
    series,
    minutes: flaps ? 12 * rule.everyMinutes : random.int(least / 5, most / 5) * 5,
    level: flaps ? levels.worse : level === "nothing" ? "nothing" : levels[level],
    flaps,
  };
}

function kill(random: Random, mostPoints: number): Happening {
  const downMinutes = random.weighted({ none: 4, short: 4, long: 1 });
  const down = { none: 0, short: random.int(1, 25), long: random.int(50, 100) }[downMinutes];
  return { kind: "kill", afterPoints: random.int(1, mostPoints), downMinutes: down };
}

function sourceTrouble(rules: readonly RuleSketch[], random: Random): Happening {
  const rule = random.pick(rules).id;
  const minutes = random.int(1, 8) * 5;
  switch (random.weighted({ outage: 3, partial: 2, refusal: 1, stall: 2, slowSource: 1, sourceThrows: 1 })) {
    case "outage": {
      const code = random.pick(["timeout", "unreachable", "overloaded", "unauthorized"] as const);
      return { kind: "outage", minutes: random.chance(0.2) ? minutes * 3 : minutes, code };
    }
    case "partial":
      return { kind: "partial", minutes, rule };
    case "refusal":
      return { kind: "refusal", minutes, rule };
    case "stall":
      return { kind: "stall", minutes };
    case "slowSource":
      return { kind: "slowSource", minutes, seconds: random.int(10, 400) };
    case "sourceThrows":
      return { kind: "sourceThrows", times: random.int(1, 3) };
  }
}

function programTrouble(random: Random): Happening {
  switch (random.weighted({ kill: 12, restart: 3, secondInstance: 1, twinWorker: 6, clockJump: 3 })) {
    case "kill":
      return kill(random, 300);
    case "restart":
      return { kind: "restart", downMinutes: random.int(0, 30) };
    case "secondInstance":
      return { kind: "secondInstance" };
    case "twinWorker":
      return { kind: "twinWorker", minutes: random.int(10, 180) };
    case "clockJump":
      return { kind: "clockJump", offsetMinutes: random.int(-40, 40), minutes: random.int(5, 60) };
  }
}

function users(rules: readonly RuleSketch[], random: Random): Happening {
  const rule = random.pick(rules).id;
  switch (random.weighted({ ruleChange: 6, silence: 4, refile: 2, retryParked: 3 })) {
    case "ruleChange": {
      const to = random.weighted({ threshold: 2, title: 1, severity: 4, mode: 1, group: 1, removed: 1, loaded: 2 });
      if (to === "threshold") return { kind: "ruleChange", rule, change: { to, threshold: random.pick([5, 10, 30]) } };
      if (to === "severity") {
        return { kind: "ruleChange", rule, change: { to, severity: random.pick(["info", "low", "critical"]) } };
      }
      if (to === "mode") return { kind: "ruleChange", rule, change: { to, mode: random.pick(["file", "report"]) } };
      return { kind: "ruleChange", rule, change: { to } };
    }
    case "silence":
      return { kind: "silence", rule, minutes: random.int(5, 120), untilWorse: random.chance(0.5) };
    case "refile":
      return { kind: "refile", finding: random.int(0, 9) };
    case "retryParked":
      return { kind: "retryParked" };
  }
}

function people(random: Random): Happening {
  return { kind: "person", issue: random.int(0, 9), name: random.pick(["alice", "bob"]), action: personAction(random) };
}

function personAction(random: Random): PersonAction {
  const does = random.weighted({
    edit: 6,
    addLabel: 1,
    removeOurLabel: 1,
    command: 2,
    adopt: 1,
    hide: 1,
    move: 1,
    close: 5,
    start: 1,
    reopen: 2,
    delete: 1,
    merge: 1,
    comment: 1,
  });
  switch (does) {
    case "edit": {
      const field = random.pick(["priority", "priority", "summary", "description", "assignee"] as const);
      const values = { priority: random.pick(["Lowest", "Low", "High", "Highest"]), assignee: "bob" };
      return { does, field, value: field in values ? values[field as keyof typeof values] : "in a person's words" };
    }
    case "addLabel":
      return { does, label: "team-b" };
    case "command":
      return { does, command: random.pick(["snooze-1h", "snooze-1h", "refile", "snooze-for-ever"] as const) };
    case "adopt":
      return { does, finding: random.int(0, 9) };
    case "move":
      return { does, project: random.pick(["APP", "OPS"] as const) };
    case "close": {
      const resolution = random.pick(["Done", "Done", "Done", "Duplicate", "Cannot Reproduce"]);
      return random.chance(0.3) ? { does, status: "Won't Do" } : { does, status: "Done", resolution };
    }
    default:
      return { does };
  }
}
