import { formatLabels, type Labels, labelsKey, pickLabels } from "../../model/labels.ts";
import type { AlertsMeasure, Answer, Observation, Query, Question, Sample, SampleRequest } from "../../model/query.ts";
import type { RaisedAlert, ReceivedAlert } from "../../model/raised-alert.ts";
import { severities } from "../../model/rule.ts";
import type { Window } from "../../model/time.ts";
import { cutCodePoints } from "../../support/clean-text.ts";
import { asBackfeedError, BackfeedError } from "../../support/errors.ts";
import type { Source } from "../source.ts";
import { type AlertPolicy, groupNames, ownerOf, severityOf } from "./alert-policy.ts";
import { matchesQuery } from "./match-alerts.ts";

export interface AlertmanagerSourceOptions {
  readonly name: string;
  /** All that is remembered of alerts. */
  readonly alerts: () => Promise<readonly ReceivedAlert[]>;
  readonly policy: AlertPolicy;
}

/**
 * What of an alert is known at one instant. `unseen`: its sender has not spoken of it for longer than it should take to.
 * `before`: it had not begun.
 */
type Seen = "firing" | "clear" | "unseen" | "before";

interface SeenAlert {
  readonly alert: ReceivedAlert;
  readonly seen: Exclude<Seen, "before">;
}

/**
 * The alerts that Alertmanager and Grafana sent, as a source: what was received is in the store, and is judged at ticks as any
 * other data. An alert fires from its start until its end was told; not being told of is no end.
 */
export function createAlertmanagerSource({ name, alerts, policy }: AlertmanagerSourceOptions): Source {
  return {
    name,
    async answer({ questions, probes }) {
      let known: readonly ReceivedAlert[];
      try {
        known = await alerts();
      } catch (thrown) {
        const failure = { code: "internal", message: asBackfeedError(thrown).message, retryable: true } as const;
        return {
          answers: questions.map(() => ({ kind: "failed", failure })),
          probes: probes.map(() => ({ kind: "failed", failure })),
          requests: 1,
        };
      }
      const heardAt = known.reduce((latest, { words }) => Math.max(latest, words.heardAt), 0);
      return {
        answers: questions.map((question) => answerOne(question, known, heardAt, policy)),
        probes: probes.map(() => ({ kind: "answered", any: known.length > 0 })),
        requests: 1,
      };
    },
    async samples(request) {
      return samplesOf(request, await alerts());
    },
    messages: () =>
      Promise.reject(new BackfeedError("refused", `source ${name} has no log messages`, { retryable: false })),
    // Of an alert no more is known than its last stretch: nothing that could be drawn as a line.
    series: () => Promise.resolve([]),
    lines: () =>
      Promise.reject(new BackfeedError("refused", `source ${name} has no lines to draw`, { retryable: false })),
    check: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}

function answerOne(
  { query, window, mustAnswer }: Question,
  known: readonly ReceivedAlert[],
  heardAt: number,
  policy: AlertPolicy,
): Answer {
  const { measure } = query;
  if (measure.kind !== "alerts") {
    const message = `received alerts have no \`${measure.kind}\`: they fire or do not`;
    return { kind: "failed", failure: { code: "refused", message, retryable: false } };
  }
  const asked = known.flatMap((alert): SeenAlert[] => {
    if (!matchesQuery(alert.labels, query)) return [];
    const seen = seenAt(alert, window, heardAt, policy);
    return seen === "before" ? [] : [{ alert, seen }];
  });
  const observations = [...groupsOf(asked, query, measure).values()].map(({ labels, group }) =>
    observe(labels, group, policy),
  );
  return limited(observations, query.maxGroups, mustAnswer);
}

/**
 * A stretch that ended within the window still fired in it: nothing that began and ended between two ticks is missed. What
 * ended is clear while anything is heard at all: of a sender that fell silent nobody knows what else it would say.
 */
function seenAt(
  { words, changedAt }: ReceivedAlert,
  { from, to }: Window,
  heardAt: number,
  { seenForMs }: AlertPolicy,
): Seen {
  if (words.since >= to) return "before";
  if (words.until === undefined) return to - words.heardAt <= seenForMs ? "firing" : "unseen";
  if (words.until > from) return "firing";
  return to - Math.max(changedAt, heardAt) <= seenForMs ? "clear" : "unseen";
}

interface Group {
  readonly labels: Labels;
  readonly group: readonly SeenAlert[];
}

/** An alert without one of the labels of `by` belongs to no group; without `by` there is one group, also of no alerts. */
function groupsOf(asked: readonly SeenAlert[], { by }: Query, { each }: AlertsMeasure): ReadonlyMap<string, Group> {
  const groups = new Map<string, { labels: Labels; group: SeenAlert[] }>();
  if (!each && by.length === 0) groups.set("{}", { labels: {}, group: [] });
  for (const one of asked) {
    const labels = each ? one.alert.labels : pickLabels(one.alert.labels, by);
    if (!each && Object.keys(labels).length < by.length) continue;
    const key = labelsKey(labels);
    const found = groups.get(key);
    if (found === undefined) groups.set(key, { labels, group: [one] });
    else found.group.push(one);
  }
  return groups;
}

/**
 * How many fire. What is unseen counts as it was said last while others of its group are seen firing; alone, it is no
 * measurement.
 */
function observe(labels: Labels, group: readonly SeenAlert[], policy: AlertPolicy): Observation {
  const firing = group.filter(({ seen }) => seen === "firing");
  const unseen = group.filter(({ seen, alert }) => seen === "unseen" && alert.words.until === undefined);
  const clear = group.some(({ seen }) => seen === "clear");
  const [worst] = (firing.length > 0 ? firing : group).map(({ alert }) => alert).sort(worseFirst(policy));
  const isMeasured = firing.length > 0 || (unseen.length === 0 && clear);
  return {
    labels,
    value: isMeasured ? (firing.length === 0 ? 0 : firing.length + unseen.length) : undefined,
    events: 0,
    ...(worst === undefined ? {} : { raised: raisedOf(worst, policy) }),
  };
}

function raisedOf(alert: ReceivedAlert, policy: AlertPolicy): RaisedAlert {
  const { labels, words } = alert;
  return {
    words,
    severity: severityOf(labels, policy),
    owner: ownerOf(labels, policy),
    groupedBy: groupNames(alert, policy),
  };
}

/** By severity, then the oldest, then by labels: a total order. */
function worseFirst(policy: AlertPolicy) {
  const rank = ({ labels }: ReceivedAlert) => severities.indexOf(severityOf(labels, policy));
  return (a: ReceivedAlert, b: ReceivedAlert) =>
    rank(b) - rank(a) || a.words.since - b.words.since || (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1);
}

/** The largest, and those that must be there. */
function limited(observations: readonly Observation[], most: number, mustAnswer: readonly Labels[]): Answer {
  if (observations.length <= most) return { kind: "answered", observations, notAnswered: 0 };
  const must = new Set(mustAnswer.map(labelsKey));
  const ranked = [...observations].sort(
    (a, b) =>
      Number(must.has(labelsKey(b.labels))) - Number(must.has(labelsKey(a.labels))) || (b.value ?? 0) - (a.value ?? 0),
  );
  return { kind: "answered", observations: ranked.slice(0, most), notAnswered: observations.length - most };
}

/** The alerts themselves, those that began last first. */
function samplesOf(
  { query, labels, window, limit, fields, maxValueLength }: SampleRequest,
  known: readonly ReceivedAlert[],
): readonly Sample[] {
  const wanted = Object.entries(labels);
  const cut = (text: string) => cutCodePoints(text, maxValueLength);
  return known
    .filter(
      ({ labels: own, words }) =>
        matchesQuery(own, query) &&
        wanted.every(([name, value]) => own[name] === value) &&
        words.since < window.to &&
        (words.until ?? window.to) > window.from,
    )
    .sort((a, b) => b.words.since - a.words.since)
    .slice(0, limit)
    .map(({ labels: own, words: { since, summary, description } }): Sample => {
      const all: Readonly<Record<string, string | undefined>> = { ...own, summary, description };
      const shown: readonly (readonly [string, string | undefined])[] =
        fields.length > 0
          ? fields.map((name) => [name, Object.hasOwn(all, name) ? all[name] : undefined] as const)
          : [
              ["alert", formatLabels(own)],
              ["summary", summary],
            ];
      return {
        at: since,
        fields: shown.flatMap(([name, value]) => (value === undefined ? [] : [[name, cut(value)] as const])),
      };
    });
}
