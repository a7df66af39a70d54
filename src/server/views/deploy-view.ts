import { z } from "zod";
import { type Deploy, deployOrigins, type SuspectDeploy, type SuspectDeploys } from "../../model/deploy.ts";
import type { Document } from "../../model/document.ts";
import { instant } from "./common.ts";
import { documentView, viewDocument } from "./document-view.ts";

/** Texts may be hostile: whoever shows them escapes them. */
export const deployView = z.object({
  service: z.string(),
  environment: z.string().optional(),
  version: z.string(),
  commit: z.string().optional(),
  author: z.string().optional(),
  url: z.string().optional().meta({ description: "http or https." }),
  startedAt: instant.optional(),
  at: instant,
  outcome: z.enum(["started", "succeeded", "failed"]),
  origin: z.enum(deployOrigins),
  receivedAt: instant,
});

const suspectView = deployView.extend({
  beforeMs: z.number().meta({ description: "From the deploy to the onset; under 0 by the skew of two clocks." }),
  underWay: z.boolean().meta({ description: "It had begun and not ended when the finding began." }),
  again: z.boolean().meta({ description: "This version ran earlier already: most likely a rollback." }),
  before: z
    .object({
      version: z.string(),
      ranMs: z.number(),
      watchedMs: z.number().meta({ description: "How much of that the rule is known to have watched." }),
      episodes: z.number().meta({ description: "Of this finding in that time." }),
      same: z.boolean(),
    })
    .optional()
    .meta({ description: "The version before; missing where no deploy before is known." }),
});

export const suspectDeploysView = z.object({
  services: z.array(z.string()),
  onset: instant,
  windowMs: z.number(),
  suspects: z.array(suspectView).meta({ description: "Newest first, at most five." }),
  more: z.number(),
  last: deployView.optional().meta({ description: "The last one before the onset, where none is a suspect." }),
  text: documentView.meta({ description: "The same in the ticket's words." }),
});

export function viewDeploy(deploy: Deploy): z.infer<typeof deployView> {
  const { service, environment, version, commit, author, url, startedAt, at, outcome, origin, receivedAt } = deploy;
  return { service, environment, version, commit, author, url, startedAt, at, outcome, origin, receivedAt };
}

export function viewSuspectDeploys(judged: {
  readonly deploys: SuspectDeploys;
  readonly text: Document;
}): z.infer<typeof suspectDeploysView> {
  const { services, onset, windowMs, suspects, more, last } = judged.deploys;
  return {
    services: [...services],
    onset,
    windowMs,
    suspects: suspects.map(viewSuspect),
    more,
    last: last && viewDeploy(last.deploy),
    text: viewDocument(judged.text),
  };
}

function viewSuspect({ deploy, beforeMs, underWay, again, before }: SuspectDeploy): z.infer<typeof suspectView> {
  return { ...viewDeploy(deploy), beforeMs, underWay, again, before: before && { ...before } };
}
