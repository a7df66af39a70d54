import type { Clock } from "../../support/clock.ts";
import type { JiraAddress } from "./address.ts";
import { createClient, type Flavour, type JiraClient } from "./client.ts";
import { type Markup, markupOf } from "./markup.ts";
import type { Urgency } from "./pace.ts";
import type { Account } from "./schemas.ts";
import type { JiraTransport } from "./transport.ts";

/** A Jira that we know and that knows us. */
export interface Jira {
  readonly client: JiraClient;
  readonly flavour: Flavour;
  readonly markup: Markup;
  readonly account: Account;
  /** Opens a ticket, for people. */
  browseUrl(key: string): string;
}

/** Learns once what kind of Jira it is, where its pages are and who we are; a failure is not remembered. */
export function createSession(options: {
  address: JiraAddress;
  transport: JiraTransport;
  deployment: Flavour | "auto";
  siteUrl: string | undefined;
  clock: Pick<Clock, "now">;
  redact: (text: string) => string;
}): (signal: AbortSignal, urgency: Urgency) => Promise<Jira> {
  const { address, transport, deployment, siteUrl, clock, redact } = options;
  let known: Readonly<Record<Urgency, Jira>> | undefined;
  let namesAccount = false;

  return async (signal, urgency) => {
    if (known !== undefined) return known[urgency];
    const clientOf = (flavour: Flavour, turn = urgency): JiraClient =>
      createClient({ address, transport, flavour, clock, redact, namesAccount: () => namesAccount, urgency: turn });
    // Both kinds answer this on version 2, the only question asked before the kind is known.
    const info = await clientOf("datacenter").serverInfo(signal);
    const flavour = deployment === "auto" ? flavourOf(info.deploymentType) : deployment;
    // The gateway and the site's own address lead to one Jira with one limit. A copy of a Data Center may still call itself the original.
    if (flavour === "cloud") transport.alsoAt(info.baseUrl);
    const client = clientOf(flavour);
    const { account, named } = await client.myself(signal);
    // A gateway that takes the header off every answer must not make each of them look anonymous: the answer to "who am I",
    // which nobody gets anonymously, shows whether the header is to be expected.
    namesAccount = flavour === "cloud" && named;
    const site = (siteUrl ?? (URL.canParse(info.baseUrl) ? info.baseUrl : address.base)).replace(/\/+$/, "");
    const markup = markupOf(flavour);
    const browseUrl = (key: string): string => `${site}/browse/${encodeURIComponent(key)}`;
    const jiraOf = (turn: Urgency): Jira => ({ client: clientOf(flavour, turn), flavour, markup, account, browseUrl });
    known = { create: jiraOf("create"), deliver: jiraOf("deliver"), background: jiraOf("background") };
    return known[urgency];
  };
}

function flavourOf(deploymentType: string | undefined): Flavour {
  return deploymentType?.toLowerCase() === "cloud" ? "cloud" : "datacenter";
}
