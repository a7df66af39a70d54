import type { Facts } from "../facts.ts";
import { bounded } from "./bounded.ts";
import { delivered } from "./delivered.ts";
import { notSeeing } from "./not-seeing.ts";
import { nothingLost } from "./nothing-lost.ts";
import { oneTicket } from "./one-ticket.ts";
import { outcomes } from "./outcomes.ts";
import { peopleWin } from "./people-win.ts";
import { recorded } from "./recorded.ts";
import { secrets } from "./secrets.ts";

const checks = { oneTicket, nothingLost, recorded, notSeeing, peopleWin, outcomes, delivered, bounded, secrets };

/** What a run shows to be wrong, by the invariant that it breaks; empty when all holds. */
export function brokenInvariants(facts: Facts): readonly string[] {
  const broken = Object.entries(checks).flatMap(([name, check]) => check(facts).map((text) => `${name}: ${text}`));
  const double = facts.violations.map(
    ({ operation, message }) => `jira: the double is at fault in ${operation}: ${message}`,
  );
  return [...broken, ...double, ...facts.crashes.map((text) => `crash: ${text}`)];
}
