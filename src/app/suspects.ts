import { type DeploySubject, deploySubject } from "../learn/deploy-subject.ts";
import { clockSkewMs, judgeDeploys } from "../learn/suspect-deploys.ts";
import { type Deploy, defaultDeployWindowMs, type SuspectDeploys, serviceKey } from "../model/deploy.ts";
import type { Finding } from "../model/finding.ts";
import type { Rule } from "../model/rule.ts";
import { renderText } from "../rules/templates.ts";
import type { Store, TickStore } from "../store/store.ts";
import type { Logger } from "../support/logging.ts";
import { withIdentities } from "./identities.ts";
import { templateContext } from "./voice.ts";

/** A finding whose suspect deploys are asked for. */
export interface SuspectRequest {
  readonly finding: Finding;
  readonly rule: Rule;
  /** When its ticket was done, where it is. */
  readonly doneAt?: number | undefined;
}

export interface SuspectContext {
  readonly store: Pick<TickStore, "deploys"> & {
    readonly state: Pick<TickStore["state"], "watchedSince" | "ruleStates">;
  };
  readonly logger: Pick<Logger, "warn">;
  readonly redact: (text: string) => string;
}

/**
 * The suspect deploys of findings, by their id; without those of whose service no deploy is known. One read where no
 * deploys are told of at all, else one for each service and onset.
 */
export async function suspectsOf(
  requests: readonly SuspectRequest[],
  context: SuspectContext,
): Promise<ReadonlyMap<string, SuspectDeploys>> {
  const { deploys, state } = context.store;
  const wanted = requests.flatMap((request) => {
    const subject = subjectOf(request, context);
    return subject === undefined || subject.services.length === 0 ? [] : [{ ...request, subject }];
  });
  if (wanted.length === 0) return new Map();
  const known = await deploys.known(wanted.flatMap(({ subject }) => subject.services));
  const concerned = wanted.filter(({ subject }) => subject.services.some((each) => known.has(serviceKey(each))));
  if (concerned.length === 0) return new Map();
  const watched = await state.watchedSince([...new Set(concerned.map(({ rule }) => rule.identity))]);
  const asked = new Map<string, Promise<readonly Deploy[]>>();
  const ofService = (service: string, until: number) => {
    const key = `${until} ${serviceKey(service)}`;
    const answer = asked.get(key) ?? deploys.ofService(service, until);
    asked.set(key, answer);
    return answer;
  };
  const found = new Map<string, SuspectDeploys>();
  for (const { finding, rule, doneAt, subject } of concerned) {
    const until = finding.episode.startedAt + clockSkewMs;
    const keys = [...new Set(subject.services.map(serviceKey))].filter((each) => known.has(each));
    const suspects = judgeDeploys({
      finding,
      subject,
      windowMs: windowOf(rule),
      deploys: (await Promise.all(keys.map((service) => ofService(service, until)))).flat(),
      watchedSince: watched.get(rule.identity),
      doneAt,
    });
    if (suspects !== undefined) found.set(finding.id, suspects);
  }
  return found;
}

/** Of one stored finding, by the rules that are loaded; undefined also where its rule is not. */
export async function suspectsOfStored(
  finding: Finding,
  loaded: readonly Rule[],
  context: SuspectContext & { readonly store: Pick<Store, "deploys" | "state" | "tickets"> },
): Promise<SuspectDeploys | undefined> {
  const { store } = context;
  const named = loaded.find(({ id, formerly }) => [id, ...formerly].includes(finding.worst.ruleId));
  const [rule] = named === undefined ? [] : withIdentities([named], await store.state.ruleStates());
  if (rule === undefined) return undefined;
  const closed = (await store.tickets.ofFinding(finding.id))?.closed;
  const doneAt = closed?.as === "done" ? closed.at : undefined;
  return (await suspectsOf([{ finding, rule, doneAt }], context)).get(finding.id);
}

function windowOf({ evidence: { deploys } }: Rule): number {
  return typeof deploys === "object" ? deploys.windowMs : defaultDeployWindowMs;
}

/** As the rule says, else as the labels do. Undefined where the rule wants no deploys, or its template fails. */
function subjectOf({ finding, rule }: SuspectRequest, { logger, redact }: SuspectContext): DeploySubject | undefined {
  const { deploys } = rule.evidence;
  if (deploys === "none") return undefined;
  const byLabels = deploySubject(finding, rule);
  if (deploys === undefined) return byLabels;
  const render = (template: string) =>
    redact(renderText(template, templateContext(rule, finding.worst, finding.episode))).trim();
  try {
    const service = deploys.service === undefined ? undefined : render(deploys.service);
    const environment = deploys.environment === undefined ? byLabels.environment : render(deploys.environment);
    return {
      services: service === undefined ? byLabels.services : service === "" ? [] : [service],
      environment: environment === "" ? undefined : environment,
    };
  } catch (thrown) {
    const facts = { rule: rule.id };
    logger.warn(
      "DEPLOYS_NOT_MATCHED",
      "which deploys concern a finding cannot be told: the rule's template fails",
      facts,
      thrown,
    );
    return undefined;
  }
}
