import { ticketLifeContract } from "./ticket-life.contract.ts";
import { trackerContract } from "./tracker.contract.ts";
import { jiraSubject } from "./tracker-jira-subject.ts";

for (const deployment of ["cloud", "datacenter"] as const) {
  trackerContract({ name: `jira ${deployment}`, create: () => jiraSubject(deployment) });
  ticketLifeContract({ name: `jira ${deployment}`, peopleFile: true, create: () => jiraSubject(deployment) });
}
