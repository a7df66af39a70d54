import { z } from "zod";
import { text, worded } from "../support/yaml/leaves.ts";

/** One owner as it is written. */
const owner = z
  .strictObject({
    tracker: text("A tracker of the service configuration; default its `tracker`.", {
      most: 63,
      example: "jira",
    }).optional(),
    project: worded("Project key; default the tracker's.", /^[A-Z][A-Z0-9_]{0,254}$/, {
      what: "project key",
      fix: "write the key in capitals",
      example: "PAY",
    }).optional(),
    issue_type: text("Issue type; a rule's own wins.", { most: 100, example: "Bug" }).optional(),
    component: text("Component, by name.", { most: 255, example: "checkout" }).optional(),
    assignee: text("Account id (Cloud) or user name (Data Center).", {
      most: 128,
      example: "5b10ac8d82e05b22cc7d4ef5",
    }).optional(),
    labels: z
      .array(text("Label; may be a template.", { most: 255, example: "team-payments" }))
      .max(20)
      .meta({ description: "Labels beside the rule's.", examples: ["[team-payments]"] })
      .optional(),
    fields: z
      .record(z.string(), z.json())
      .meta({
        description: "Raw field values by field id; text in them may be a template. A rule's own win.",
        examples: ["{ customfield_10010: { value: red } }"],
      })
      .optional(),
  })
  .meta({ description: "Where this owner's tickets go.", examples: ["{ tracker: local }"] });

/** config/owners.yaml: owners by name, `default` for rules that name none. */
export const ownersSchema = z
  .record(
    worded("Owner", /^[a-z0-9][a-z0-9._-]{0,99}$/, {
      what: "name of an owner",
      fix: "use lower-case letters, digits, `-`, `_` and `.`, at most 100",
      example: "payments",
      most: 100,
    }),
    owner,
  )
  .meta({ description: "Owners by name; `default` is required.", examples: ["default: {}"] });

export type OwnersInput = z.output<typeof ownersSchema>;

/** What an editor should complete: as `ownersSchema`, knowing that `default` must be there. */
export const ownersEditorSchema = z.object({ default: owner }).catchall(owner);
