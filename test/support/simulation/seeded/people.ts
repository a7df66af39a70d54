import type { JiraDouble } from "../../jira/start-jira-double.ts";
import type { PersonAction } from "./plan.ts";

export interface PersonDoes {
  readonly jira: JiraDouble;
  readonly name: "alice" | "bob";
  /** Counts through the issues that exist. */
  readonly issue: number;
  readonly action: PersonAction;
}

/** What was done to which issue, in words; undefined when there was nothing to do it to. */
export function letPersonAct({ jira, name, issue: index, action }: PersonDoes): string | undefined {
  const issues = jira.issues();
  const issue = issues[index % Math.max(1, issues.length)];
  if (issue === undefined) return undefined;
  const person = jira.person(name);
  const { id, key } = issue;
  const ours = ((issue.fields["labels"] ?? []) as string[]).find((label) => /^backfeed-[0-9a-f]{16}$/.test(label));
  switch (action.does) {
    case "edit":
      person.edit(id, { [action.field]: action.value });
      return `${name} sets ${action.field} of ${key}`;
    case "addLabel":
      person.addLabel(id, action.label);
      return `${name} labels ${key} ${action.label}`;
    case "removeOurLabel":
      if (ours === undefined) return undefined;
      person.removeLabel(id, ours);
      return `${name} takes our label off ${key}`;
    case "command":
      person.addLabel(id, `backfeed-${action.command}`);
      return `${name} commands ${action.command} on ${key}`;
    case "move":
      if (issue.projectKey === action.project) return undefined;
      return `${name} moves ${key} to ${person.move(id, action.project)}`;
    case "close":
      person.transition(id, action.status, action.resolution);
      return `${name} closes ${key} as ${action.resolution ?? action.status}`;
    case "start":
      person.transition(id, "In Progress");
      return `${name} starts ${key}`;
    case "reopen":
      person.transition(id, "To Do");
      return `${name} reopens ${key}`;
    case "delete":
      person.delete(id);
      return `${name} deletes ${key}`;
    case "merge": {
      const other = issues.find((each) => each.id !== id);
      if (other === undefined) return undefined;
      person.merge(id, other.id);
      return `${name} merges ${key} into ${other.key}`;
    }
    case "comment":
      person.comment(id, "I look at it.");
      return `${name} comments on ${key}`;
  }
}
