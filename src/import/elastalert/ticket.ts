import { cleanText } from "../../support/clean-text.ts";
import type { ImportContext } from "../imported.ts";
import { liquidText, named } from "../words.ts";
import { type Settings, text, texts } from "./settings.ts";

export interface TicketParts {
  readonly owner: string | undefined;
  readonly ticket: Readonly<Record<string, unknown>>;
}

/** What keeps ElastAlert from filing the same thing twice, which we never do. */
const bumping = [
  "jira_bump_tickets",
  "jira_bump_in_statuses",
  "jira_bump_not_in_statuses",
  "jira_bump_only",
  "jira_bump_after_inactivity",
  "jira_max_age",
  "jira_ignore_in_title",
];

/** The settings of its Jira alerter: what belongs to the rule's `ticket`, and what to the owner or the tracker. */
export function ticketOf(settings: Settings, context: ImportContext): TicketParts {
  const { notes } = settings;
  const owner = ownerOf(settings, context);
  const issueType = settings.take("jira_issuetype", text, "the name of an issue type");
  const labels = labelsOf(settings);
  const components = [
    ...(settings.take("jira_components", texts, "names of components") ?? []),
    ...(settings.take("jira_component", texts, "the name of a component") ?? []),
  ];
  const fields: Record<string, unknown> =
    components.length === 0 ? {} : { components: components.map((name) => ({ name: liquidText(name) })) };
  for (const key of settings.takeAll((name) => /^jira_customfield_\d+$/.test(name))) {
    const value = settings.raw(key);
    fields[key.slice("jira_".length)] = typeof value === "string" ? liquidText(value) : value;
    notes.differs(
      [key],
      "the value goes to Jira as it stands here; `backfeed check --online` says whether the field takes it",
    );
  }
  if (issueType !== undefined) notes.exact(["jira_issuetype"], "`ticket.issue_type`");
  if (components.length > 0)
    notes.exact([settings.has("jira_components") ? "jira_components" : "jira_component"], "`ticket.fields.components`");
  sayRest(settings);
  const ticket = {
    ...(issueType === undefined ? {} : { issue_type: issueType }),
    ...(labels.length === 0 ? {} : { labels }),
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
  };
  return { owner, ticket };
}

/** Who files in the project, when exactly one does; else what the rule calls its owner, when there is one of that name. */
function ownerOf(settings: Settings, { owner: asked, owners }: ImportContext): string | undefined {
  const { notes } = settings;
  const project = settings.take("jira_project", text, "a project's key");
  const named = settings.take("owner", text, "a name");
  const inProject = [...owners]
    .filter(([, { project: own }]) => project !== undefined && own === project)
    .map(([name]) => name);
  const chosen =
    asked ?? (named !== undefined && owners.has(named) ? named : inProject.length === 1 ? inProject[0] : undefined);
  if (project !== undefined) {
    if (chosen !== undefined && inProject.includes(chosen))
      notes.exact(["jira_project"], `the project of the owner \`${chosen}\``);
    else
      notes.differs(
        ["jira_project"],
        `the owner says in which project it is filed, and \`${chosen ?? "default"}\` does not say ${JSON.stringify(project)}: add it to the owners file, or choose another with --owner`,
      );
  }
  if (named !== undefined && chosen !== named)
    notes.differs(["owner"], `there is no owner ${JSON.stringify(named)} in the owners file, or another was asked for`);
  return chosen;
}

/** Jira's labels hold no white space. */
function labelsOf(settings: Settings): readonly string[] {
  const written = [
    ...(settings.take("jira_labels", texts, "labels") ?? []),
    ...(settings.take("jira_label", texts, "a label") ?? []),
  ];
  const labels = written
    .map((label) => cleanText(label, { maxLength: 200, singleLine: true }).replace(/\s+/g, "-"))
    .filter((label) => label !== "");
  const key = settings.has("jira_labels") ? "jira_labels" : "jira_label";
  if (labels.length > 0) settings.notes.exact([key], "`ticket.labels`");
  if (written.some((label) => /\s/.test(label.trim())))
    settings.notes.differs([key], "white space in a label is `-`: Jira takes none");
  if (labels.length > 20)
    settings.notes.differs([key], `a ticket has at most 20 labels of a rule: ${labels.length - 20} are left out`);
  return labels.slice(0, 20).map(liquidText);
}

function sayRest(settings: Settings): void {
  const { notes } = settings;
  const say = (keys: readonly string[], words: string) => {
    const taken = settings.takeAll((key) => keys.includes(key));
    if (taken[0] !== undefined) notes.differs([taken[0]], `${named(taken)}: ${words}`);
  };
  say(
    bumping,
    "not needed, since a problem has one ticket for all its life; `ticket.on_return`, `return_within` and `on_wont_do` say what happens when it is back",
  );
  say(
    ["jira_server", "jira_account_file"],
    "the tracker of the service configuration says where Jira is and who signs in; no credentials are read",
  );
  say(["jira_assignee"], "the owner says who gets the ticket: write `assignee` in the owners file");
  say(["jira_priority"], "the priority is scored from what is measured; `severity` is the rule's part of it");
  say(["jira_transition_to"], "`ticket.on_return` and `on_quiet` say which way a ticket goes");
  say(["jira_watchers"], "watchers are not set");
  say(["jira_description"], "the description is the evidence that was measured");
  const others = settings.takeAll((key) => key.startsWith("jira_"));
  if (others[0] !== undefined)
    notes.refusePart(
      [others[0]],
      `${named(others)}: write the field under \`ticket.fields\` by its id, such as \`customfield_10010\``,
    );
}
