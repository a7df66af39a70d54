import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { FindingDetail, SilenceRequest } from "../api/answers.ts";
import { useRefile, useSilence } from "../api/queries.ts";
import { Panel } from "./panel.tsx";
import { Problem } from "./problem.tsx";

const dayMs = 86_400_000;
const longestReason = 500;

/** What an operator can do about a finding: have nothing told of it for a day, or have it filed anew. */
export function OperatorPanel({ detail }: { detail: FindingDetail }) {
  const [asking, setAsking] = useState<"silence" | "refile">();
  const silence = useSilence();
  const refile = useRefile(detail.finding.id);
  const done = { onSuccess: () => setAsking(undefined) };
  return (
    <Panel title="For operators">
      {asking === undefined && (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => setAsking("silence")}>
            Silence for 24 h…
          </Button>
          {canBeRefiled(detail) && (
            <Button size="xs" variant="default" onClick={() => setAsking("refile")}>
              File anew…
            </Button>
          )}
        </Group>
      )}
      {asking === "silence" && (
        <SilenceForm
          pending={silence.isPending}
          submit={(reason) => silence.mutate(silencesOf(detail, reason, Date.now() + dayMs), done)}
          cancel={() => setAsking(undefined)}
        />
      )}
      {asking === "refile" && (
        <>
          <p>The finding gives up its ticket, which stays as it is. Its next tick files a new one.</p>
          <Group gap="xs">
            <Button size="xs" loading={refile.isPending} onClick={() => refile.mutate(undefined, done)}>
              File a new ticket
            </Button>
            <Button size="xs" variant="default" onClick={() => setAsking(undefined)}>
              Cancel
            </Button>
          </Group>
        </>
      )}
      {silence.isSuccess && <output className="done">Silenced for 24 hours.</output>}
      {refile.isSuccess && <output className="done">Its next tick files a new ticket.</output>}
      <Problem error={silence.error} />
      <Problem error={refile.error} />
    </Panel>
  );
}

function SilenceForm(props: { pending: boolean; submit(reason: string): void; cancel(): void }) {
  const { pending, submit, cancel } = props;
  const [reason, setReason] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim() !== "") submit(reason);
  };
  return (
    <form onSubmit={send}>
      <TextInput
        label="Why nothing is to be told of it"
        size="xs"
        maxLength={longestReason}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Group gap="xs" mt="xs">
        <Button type="submit" size="xs" loading={pending} disabled={reason.trim() === ""}>
          Silence
        </Button>
        <Button size="xs" variant="default" onClick={cancel}>
          Cancel
        </Button>
      </Group>
    </form>
  );
}

/** One silence for each rule of the finding, and in it for the labels that its alerts have in common. */
function silencesOf({ finding }: FindingDetail, reason: string, endsAt: number): readonly SilenceRequest[] {
  return finding.ruleIds.map((ruleId) => ({ matchers: finding.groupLabels, ruleId, reason, endsAt }));
}

function canBeRefiled({ finding, ticket, outbox }: FindingDetail): boolean {
  const parked = outbox.some(({ kind, state }) => kind === "create" && state === "parked");
  return parked || ticket?.generation === finding.generation;
}
