import { type Finding, freshMemory, type TriageMemory } from "../model/finding.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { Refiled, RefileRequest } from "../store/store.ts";
import { BackfeedError } from "../support/errors.ts";

/**
 * A finding filed anew on an operator's wish (RULES.md section 4): a generation more and nothing remembered, so that
 * its next tick decides it as one that never had a ticket, but for a link to the old one. That is left as it is; what was
 * still meant for it is dropped. What a storm's ticket tells of, and what another finding explains, gets a first one. Pure. Throws `conflict` when there is nothing to file anew, or when something is on the wire.
 */
export function refile({ finding, ticket, open }: RefileRequest, options: { by: string; at: number }): Refiled {
  const { by, at } = options;
  const facts = { finding: finding.id };
  const onTheWire = open.find(
    ({ state, lease }) => state === "sending" || state === "unknown" || (lease !== undefined && lease.until > at),
  );
  if (onTheWire !== undefined) {
    throw new BackfeedError("conflict", `its ${onTheWire.action.kind} is being delivered: try again when that ended`, {
      facts: { ...facts, entry: onTheWire.id },
    });
  }
  const alone =
    outOfStorm(finding, { by, at }) ?? (open.length === 0 ? thoughExplained(finding, { by, at }) : undefined);
  if (alone !== undefined) return { ...alone, drop: [], note: "" };
  const old = ticket?.generation === finding.generation ? ticket : undefined;
  const parked = open.some(
    ({ state, action, generation }) =>
      state === "parked" && action.kind === "create" && generation === finding.generation,
  );
  if (old === undefined && !parked) {
    throw new BackfeedError("conflict", "it has no ticket and no parked create: there is nothing to file anew", {
      facts,
    });
  }
  const generation = finding.generation + 1;
  const follows = old === undefined ? finding.memory.follows : linkTo(old);
  const instead = old === undefined ? "its ticket could not be filed" : `${old.ref.key} stays as it is`;
  return {
    finding: {
      ...finding,
      generation,
      memory: { ...freshMemory, follows, asked: true, silences: finding.memory.silences },
    },
    event: {
      at,
      kind: "operator",
      code: "finding_refiled",
      text: `${by} filed the finding anew, as ticket ${generation}: ${instead}`,
      facts: { by, generation, ...(old === undefined ? {} : { ticket: old.ref.key }) },
    },
    drop: open,
    note: `overtaken: ${by} filed the finding anew`,
  };
}

/** It is one line on a storm's ticket, and somebody wants one for it alone. */
function outOfStorm(
  finding: Finding,
  { by, at }: { by: string; at: number },
): Pick<Refiled, "finding" | "event"> | undefined {
  const { storm, createdAt } = finding.memory;
  if (storm === undefined || storm.child || createdAt !== undefined) return undefined;
  return {
    finding: { ...finding, memory: { ...finding.memory, asked: true, storm: { ...storm, child: true } } },
    event: {
      at,
      kind: "operator",
      code: "finding_refiled",
      text: `${by} wants a ticket for it alone, beside the one of its storm (finding ${storm.parentId})`,
      facts: { by, generation: finding.generation },
    },
  };
}

/** Another finding's ticket tells of it, and somebody wants one for it alone. */
function thoughExplained(
  finding: Finding,
  { by, at }: { by: string; at: number },
): Pick<Refiled, "finding" | "event"> | undefined {
  const { inhibition, createdAt, asked } = finding.memory;
  if (inhibition === undefined || inhibition.releasedAt !== undefined || createdAt !== undefined || asked)
    return undefined;
  return {
    finding: { ...finding, memory: { ...finding.memory, asked: true } },
    event: {
      at,
      kind: "operator",
      code: "finding_refiled",
      text: `${by} wants a ticket for it alone, although "${inhibition.by.title}" explains it`,
      facts: { by, generation: finding.generation },
    },
  };
}

/** A link to an issue that nobody can open helps nobody. */
function linkTo({ gone, ref }: TicketRecord): TriageMemory["follows"] {
  return gone === undefined ? { ref, because: "refiled" } : undefined;
}
