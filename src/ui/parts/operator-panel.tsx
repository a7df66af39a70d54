import { Button, Group, Radio, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { FindingDetail, SilenceRequest } from "../api/answers.ts";
import { useRefile, useSilence } from "../api/queries.ts";
import { Panel } from "./panel.tsx";
import { Problem } from "./problem.tsx";

const dayMs = 86_400_000;
const longestReason = 500;

/** How a silence ends. */
type SilenceEnding = "day" | "worse";

/** What an operator can do about a finding: have nothing told of it for a day or until it gets worse, or have it filed anew. */
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
            Silence…
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
          submit={(reason, ending) => silence.mutate(silencesOf(detail, reason, ending), done)}
          cancel={() => setAsking(undefined)}
        />
      )}
      {asking === "refile" && (
        <>
          <p>
            {isToldElsewhere(detail)
              ? "It is told on another finding's ticket, which stays as it is. Its next tick files one for it alone."
              : "The finding gives up its ticket, which stays as it is. Its next tick files a new one."}
          </p>
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
      {silence.isSuccess && (
        <output className="done">
          {silence.variables[0]?.untilWorse === true ? "Silenced until it gets worse." : "Silenced for 24 hours."}
        </output>
      )}
      {refile.isSuccess && <output className="done">Its next tick files a new ticket.</output>}
      <Problem error={silence.error} />
      <Problem error={refile.error} />
    </Panel>
  );
}

function SilenceForm(props: { pending: boolean; submit(reason: string, ending: SilenceEnding): void; cancel(): void }) {
  const { pending, submit, cancel } = props;
  const [reason, setReason] = useState("");
  const [ending, setEnding] = useState<SilenceEnding>("day");
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim() !== "") submit(reason, ending);
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
      <Radio.Group
        label="Until"
        size="xs"
        mt="xs"
        value={ending}
        onChange={(value) => setEnding(value === "worse" ? "worse" : "day")}
      >
        <Group gap="md">
          <Radio size="xs" value="day" label="24 hours have passed" />
          <Radio size="xs" value="worse" label="its priority rises a band" />
        </Group>
      </Radio.Group>
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
function silencesOf({ finding }: FindingDetail, reason: string, ending: SilenceEnding): readonly SilenceRequest[] {
  const end = ending === "worse" ? { untilWorse: true as const } : { endsAt: Date.now() + dayMs };
  return finding.ruleIds.map((ruleId) => ({ matchers: finding.groupLabels, ruleId, reason, ...end }));
}

function canBeRefiled({ finding, ticket, outbox }: FindingDetail): boolean {
  const parked = outbox.some(({ kind, state }) => kind === "create" && state === "parked");
  return parked || isToldElsewhere({ finding, ticket }) || ticket?.generation === finding.generation;
}

/** It has no ticket of its own, since another one's tells of it. */
function isToldElsewhere({ finding: { decision }, ticket }: Pick<FindingDetail, "finding" | "ticket">): boolean {
  const { action, reason } = decision;
  return ticket === undefined && action === "none" && (reason === "storm" || reason === "inhibited");
}
