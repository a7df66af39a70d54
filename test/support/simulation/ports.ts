import type { Source } from "../../../src/sources/source.ts";
import type {
  DeployStore,
  EvidenceStore,
  HistoryStore,
  LocalTicketStore,
  OutboxStore,
  ReceivedAlertStore,
  SilenceStore,
  StateStore,
  Store,
  StormStore,
  TicketStore,
  WebhookInbox,
} from "../../../src/store/store.ts";
import type { Tracker } from "../../../src/trackers/tracker.ts";

/** A call's number within its method, and which side of it: `store.state.commitTick#3 before`. */
export type KillPoint = string;

/** Asked before and after each call; one that never resolves is a process that no longer runs. */
export type Gate = (point: KillPoint) => Promise<void>;

type MethodsOf<Port> = {
  [Name in keyof Port]-?: Port[Name] extends (...given: never[]) => unknown ? Name : never;
}[keyof Port];
type MethodList<Port> = Readonly<Record<MethodsOf<Port>, true>>;

// Each list holds exactly the methods of its interface: the type check refuses one more or one less.
const state: MethodList<StateStore> = {
  openInstance: true,
  ruleStates: true,
  watchedSince: true,
  alerts: true,
  knownLabelSets: true,
  measuredWindows: true,
  findings: true,
  createsSince: true,
  waiting: true,
  quietUntold: true,
  commitTick: true,
  commitFindings: true,
  recordTick: true,
  refile: true,
};
const outbox: MethodList<OutboxStore> = {
  claim: true,
  markSending: true,
  settle: true,
  releaseLeases: true,
  retry: true,
  get: true,
  openOf: true,
  counts: true,
  oldestOpen: true,
  nextDue: true,
};
const tickets: MethodList<TicketStore> = {
  put: true,
  change: true,
  ofFinding: true,
  ofFindings: true,
  byKey: true,
  byIssueIds: true,
  live: true,
  looked: true,
  due: true,
  unswept: true,
  edits: true,
  reconciledTo: true,
  setReconciledTo: true,
};
const inbox: MethodList<WebhookInbox> = { receive: true, pending: true, done: true };
const evidence: MethodList<EvidenceStore> = { put: true, ofEntry: true, newest: true };
const history: MethodList<HistoryStore> = {
  findings: true,
  countByReason: true,
  finding: true,
  findingByFingerprint: true,
  events: true,
  outbox: true,
  tickets: true,
  ticks: true,
  ruleTicks: true,
  addEvent: true,
};
const silences: MethodList<SilenceStore> = { add: true, end: true, active: true, list: true };
const deploys: MethodList<DeployStore> = { receive: true, known: true, ofService: true, list: true };
const receivedAlerts: MethodList<ReceivedAlertStore> = { hear: true, all: true };
const localTickets: MethodList<LocalTicketStore> = {
  create: true,
  byId: true,
  byKey: true,
  byLabel: true,
  changedSince: true,
  after: true,
  change: true,
  list: true,
  attachment: true,
  putAttachment: true,
};
const storms: MethodList<StormStore> = {
  living: true,
  members: true,
  ticketed: true,
  memberCount: true,
  worst: true,
  wished: true,
  end: true,
};
const store: MethodList<Store> = { retain: true, ping: true, close: true };
const source: MethodList<Source> = {
  answer: true,
  samples: true,
  messages: true,
  series: true,
  lines: true,
  check: true,
  close: true,
};
const tracker: MethodList<Tracker> = {
  find: true,
  create: true,
  read: true,
  comment: true,
  keepComment: true,
  setPriority: true,
  transition: true,
  attach: true,
  linkBack: true,
  readMany: true,
  editedByOthers: true,
  changedSince: true,
  labelled: true,
  ours: true,
  changeLabels: true,
  writeField: true,
  link: true,
  adopt: true,
  reopen: true,
  check: true,
  close: true,
};

/** The parts of the store, so that a new one is missed here. */
type SubPort = {
  [Name in keyof Store]-?: Store[Name] extends ((...given: never[]) => unknown) | AbortSignal ? never : Name;
}[keyof Store];
type AllPorts = Record<`store.${SubPort}` | "store" | "source" | "tracker", Readonly<Record<string, true>>>;

/** Every method of every port of `src`, by the port's name. */
export const portMethods = {
  "store.state": state,
  "store.storms": storms,
  "store.outbox": outbox,
  "store.tickets": tickets,
  "store.inbox": inbox,
  "store.evidence": evidence,
  "store.history": history,
  "store.silences": silences,
  "store.deploys": deploys,
  "store.receivedAlerts": receivedAlerts,
  "store.localTickets": localTickets,
  store,
  source,
  tracker,
} as const satisfies AllPorts;
export type PortName = keyof typeof portMethods;

/** Wraps ports so that each call of each listed method passes the gate; counts, besides, every call that arrives at all. */
export class WatchedPorts {
  /** Calls that arrived at a port, by method, whether they have kill points or not. */
  readonly arrived = new Map<string, number>();
  /** Calls that passed the gate. */
  readonly gated = new Map<string, number>();
  /** The ports as the adapters made them. */
  readonly raw = new Map<PortName, object>();
  readonly #gate: Gate;

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  store(raw: Store): Store {
    return this.#watch("store", {
      ...raw,
      state: this.#watch("store.state", raw.state),
      outbox: this.#watch("store.outbox", raw.outbox),
      tickets: this.#watch("store.tickets", raw.tickets),
      inbox: this.#watch("store.inbox", raw.inbox),
      evidence: this.#watch("store.evidence", raw.evidence),
      history: this.#watch("store.history", raw.history),
      silences: this.#watch("store.silences", raw.silences),
      localTickets: this.#watch("store.localTickets", raw.localTickets),
    });
  }

  source(raw: Source): Source {
    return this.#watch("source", raw);
  }

  tracker(raw: Tracker): Tracker {
    return this.#watch("tracker", raw);
  }

  #watch<Port extends object>(name: PortName, raw: Port): Port {
    this.raw.set(name, raw);
    return this.#gated(name, this.#counted(name, raw));
  }

  /** Knows no list: whatever is called is counted. */
  #counted<Port extends object>(name: PortName, port: Port): Port {
    return overFunctions(port, (method, call) => (...given) => {
      count(this.arrived, `${name}.${method}`);
      return call(...given);
    });
  }

  /** Goes by the lists above: a method that is missing there has no kill points. */
  #gated<Port extends object>(name: PortName, port: Port): Port {
    const listed: object = portMethods[name];
    return overFunctions(port, (method, call) => {
      if (!Object.hasOwn(listed, method)) return call;
      const key = `${name}.${method}`;
      const gated = async <Value>(work: () => Value): Promise<Awaited<Value>> => {
        const point = `${key}#${count(this.gated, key)}`;
        await this.#gate(`${point} before`);
        try {
          return await work();
        } finally {
          await this.#gate(`${point} after`);
        }
      };
      if (!iterables.has(key)) return (...given) => gated(() => call(...given));
      return (...given) => eachStep(call(...given) as AsyncIterable<unknown>, gated);
    });
  }
}

type Call = (...given: unknown[]) => unknown;

/** Methods that give one thing after another: each step is a call. */
const iterables: ReadonlySet<string> = new Set(["tracker.ours"]);

async function* eachStep<Value>(
  all: AsyncIterable<Value>,
  gated: <Answer>(work: () => Answer) => Promise<Awaited<Answer>>,
): AsyncIterable<Value> {
  const steps = all[Symbol.asyncIterator]();
  for (;;) {
    const step = await gated(() => steps.next());
    if (step.done === true) return;
    yield step.value;
  }
}

function overFunctions<Port extends object>(port: Port, over: (method: string, call: Call) => Call): Port {
  const kept = new Map<string | symbol, Call>();
  return new Proxy(port, {
    get: (target, key, receiver) => {
      const value: unknown = Reflect.get(target, key, receiver);
      if (typeof value !== "function" || typeof key === "symbol") return value;
      const known = kept.get(key) ?? over(key, value.bind(target) as Call);
      kept.set(key, known);
      return known;
    },
  });
}

function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1;
  counts.set(key, next);
  return next;
}
