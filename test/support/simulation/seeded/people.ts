import type { JiraDouble } from "../../jira/start-jira-double.ts";
import { hiddenProject, type PersonAction } from "./plan.ts";

export interface PersonDoes {
  readonly jira: JiraDouble;
  readonly name: "alice" | "bob";
  /** Counts through the issues that exist. */
  readonly issue: number;
  readonly action: PersonAction;
  /** Ids of the findings that there are. */
  readonly findings: readonly string[];
}

/** What was done to which issue, in words; undefined when there was nothing to do it to. */
export function letPersonAct({ jira, name, issue: index, action, findings }: PersonDoes): string | undefined {
  const issues = jira.issues();
  const issue = issues[index % Math.max(1, issues.length)];
  if (issue === undefined) return undefined;
  const person = jira.person(name);
  const { id, key } = issue;
  const ours = ((issue.fields["labels"] ?? []) as string[]).find((label) => /^backfeed-[0-9a-f]{16}$/.test(label));
  switch (action.does) {
    case "edit":
      person.edit(id, { [action.field]: action.value });
      return `${name} sets ${action.field} of ${key} to ${JSON.stringify(action.value)}`;
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
    case "hide":
      if (issue.projectKey === hiddenProject) return `${name} moves it back to ${person.move(id, "OPS")}`;
      return `${name} moves ${key} out of reach, to ${person.move(id, hiddenProject)}`;
    case "adopt": {
      const finding = findings[action.finding % Math.max(1, findings.length)];
      if (finding === undefined) return undefined;
      const own = person.file("OPS", "somebody noticed it before");
      person.addLabel(own, `backfeed-adopt-${finding}`);
      return `${name} wants ${own} to be the ticket of a finding`;
    }
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
