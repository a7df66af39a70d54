import { Button, Group, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { LocalTicketEdit } from "../../model/local-ticket.ts";
import type { LocalTicketAnswer, TicketDetail } from "../api/answers.ts";
import { useTicketAct } from "../api/queries.ts";
import { Problem } from "./problem.tsx";

const priorities = ["Highest", "High", "Medium", "Low"] as const;
/** As the API takes them. */
const longest = { summary: 250, assignee: 100, labels: 2_000, comment: 20_000, key: 80 };

/** What people do on a local ticket: move it, close it as a duplicate, edit its fields. */
export function TicketActs({ local, targets }: { local: LocalTicketAnswer; targets: TicketDetail["transitions"] }) {
  const [asking, setAsking] = useState<"edit" | "duplicate">();
  const act = useTicketAct(local.key);
  const moving = act.isPending && act.variables.act === "transitions" ? act.variables.body.to : undefined;
  const done = { onSuccess: () => setAsking(undefined) };
  const cancel = () => setAsking(undefined);
  return (
    <>
      <Group gap="xs" mt="xs" component="section" aria-label="Change the ticket">
        {targets.map(({ to }) => (
          <Button
            key={to}
            size="xs"
            variant="default"
            loading={moving === to}
            disabled={act.isPending}
            onClick={() => act.mutate({ act: "transitions", body: { to } })}
          >
            Move to {to}
          </Button>
        ))}
        {asking === undefined && (
          <>
            <Button size="xs" variant="default" onClick={() => setAsking("duplicate")}>
              Duplicate of…
            </Button>
            <Button size="xs" variant="default" onClick={() => setAsking("edit")}>
              Edit…
            </Button>
          </>
        )}
      </Group>
      {asking === "edit" && (
        <EditForm
          local={local}
          pending={act.isPending}
          cancel={cancel}
          submit={(body) => act.mutate({ act: "edit", body }, done)}
        />
      )}
      {asking === "duplicate" && (
        <DuplicateForm
          pending={act.isPending}
          cancel={cancel}
          submit={(of) => act.mutate({ act: "duplicate", body: { of } }, done)}
        />
      )}
      <Problem error={act.error} />
    </>
  );
}

interface FormProps<Wish> {
  readonly pending: boolean;
  submit(wish: Wish): void;
  cancel(): void;
}

function EditForm({ local, pending, submit, cancel }: FormProps<LocalTicketEdit> & { local: LocalTicketAnswer }) {
  // What the ticket said when the form was opened: only what differs from it is sent.
  const [before] = useState(local);
  const [summary, setSummary] = useState(before.summary);
  const [priority, setPriority] = useState<LocalTicketAnswer["priority"]>(before.priority);
  const [assignee, setAssignee] = useState(before.assignee ?? "");
  const [labels, setLabels] = useState(before.labels.join(" "));
  const edit = editOf(before, { summary, priority, assignee, labels });
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (Object.keys(edit).length > 0 && summary.trim() !== "") submit(edit);
  };
  return (
    <form className="ticket-form" onSubmit={send} aria-label="Edit the ticket">
      <TextInput
        label="Summary"
        size="xs"
        maxLength={longest.summary}
        value={summary}
        onChange={(event) => setSummary(event.currentTarget.value)}
      />
      <div className="ticket-form-row">
        <NativeSelect
          label="Priority"
          size="xs"
          data={[...priorities]}
          value={priority}
          onChange={({ currentTarget: { value } }) => setPriority(priorities.find((one) => one === value) ?? priority)}
        />
        <TextInput
          label="Assignee"
          placeholder="nobody"
          size="xs"
          maxLength={longest.assignee}
          value={assignee}
          onChange={(event) => setAssignee(event.currentTarget.value)}
        />
      </div>
      <TextInput
        label="Labels"
        description="With blanks between them. A label such as backfeed-snooze-7d is an order."
        size="xs"
        maxLength={longest.labels}
        value={labels}
        onChange={(event) => setLabels(event.currentTarget.value)}
      />
      <FormButtons label="Save" pending={pending} cancel={cancel} usable={Object.keys(edit).length > 0} />
      <p className="dimmed">What you change here is yours from then on: Backfeed does not write it over.</p>
    </form>
  );
}

function editOf(
  before: LocalTicketAnswer,
  after: Pick<LocalTicketAnswer, "summary" | "priority"> & { readonly assignee: string; readonly labels: string },
): LocalTicketEdit {
  const labels = after.labels.split(/\s+/).filter((label) => label !== "");
  const addLabels = labels.filter((label) => !before.labels.includes(label));
  const removeLabels = before.labels.filter((label) => !labels.includes(label));
  const assignee = after.assignee.trim() || undefined;
  return {
    ...(after.summary.trim() === before.summary ? {} : { summary: after.summary }),
    ...(after.priority === before.priority ? {} : { priority: after.priority }),
    ...(assignee === before.assignee ? {} : { assignee: assignee ?? null }),
    ...(addLabels.length === 0 ? {} : { addLabels }),
    ...(removeLabels.length === 0 ? {} : { removeLabels }),
  };
}

function DuplicateForm({ pending, submit, cancel }: FormProps<string>) {
  const [of, setOf] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (of.trim() !== "") submit(of.trim());
  };
  return (
    <form className="ticket-form" onSubmit={send} aria-label="Close as a duplicate">
      <TextInput
        label="The ticket that goes on"
        description="This one is closed as its duplicate, and its finding goes on with that one."
        placeholder="LOCAL-7"
        size="xs"
        maxLength={longest.key}
        value={of}
        onChange={(event) => setOf(event.currentTarget.value)}
      />
      <FormButtons label="Close as duplicate" pending={pending} cancel={cancel} usable={of.trim() !== ""} />
    </form>
  );
}

/** Adds a comment; what was written stays in the field until it was taken. */
export function CommentForm({ ticketKey }: { ticketKey: string }) {
  const [text, setText] = useState("");
  const act = useTicketAct(ticketKey);
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") act.mutate({ act: "comments", body: { text } }, { onSuccess: () => setText("") });
  };
  return (
    <form className="ticket-form" onSubmit={send} aria-label="Add a comment">
      <Textarea
        label="Your comment"
        size="xs"
        rows={3}
        maxLength={longest.comment}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <FormButtons label="Comment" pending={act.isPending} usable={text.trim() !== ""} />
      <Problem error={act.error} />
    </form>
  );
}

function FormButtons(props: { label: string; pending: boolean; usable: boolean; cancel?: () => void }) {
  const { label, pending, usable, cancel } = props;
  return (
    <Group gap="xs">
      <Button type="submit" size="xs" loading={pending} disabled={!usable}>
        {label}
      </Button>
      {cancel !== undefined && (
        <Button size="xs" variant="default" onClick={cancel}>
          Cancel
        </Button>
      )}
    </Group>
  );
}
