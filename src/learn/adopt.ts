import type { Finding, FindingEvent } from "../model/finding.ts";
import type { TicketRecord, TicketSnapshot } from "../model/ticket.ts";
import { sharedFields } from "../model/ticket-life.ts";
import type { DriftContext } from "./drift.ts";
import { fold } from "./fold.ts";
import { labelCommands } from "./label-commands.ts";
import { withoutSecrets } from "./look.ts";
import type { ReconcileContext } from "./reconcile-context.ts";
import { takeOver } from "./take-over.ts";

/**
 * An issue that is none of ours and that a person labelled `<prefix>-adopt-<finding>`: it becomes that finding's ticket, and
 * the one it had is folded into it. Gives false when that cannot be yet: the finding's own create is on its way. Every
 * step can be repeated; the label goes last. Throws BackfeedError.
 */
export async function adoptIssue(
  asked: { readonly issueId: string; readonly who: string | undefined },
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { tracker, store, policy } = context;
  // By itself, since a list of issues does not show on every tracker whose ticket an issue is.
  const read = await tracker.read({ id: asked.issueId, key: asked.issueId, url: "" }, signal);
  if (read === undefined) return true;
  const snapshot = withoutSecrets(read, context);
  const [command] = labelCommands(snapshot.labels, policy.labelPrefix).filter(({ kind }) => kind === "adopt");
  if (command?.kind !== "adopt") return true;
  const finding = await store.history.finding(command.findingId);
  if (finding === undefined) {
    context.logger.info("an issue asks to be adopted by a finding that is not known", { ticket: snapshot.ref.key });
    return true;
  }
  const takeOff = () => tracker.changeLabels(snapshot.ref, { add: [], remove: [command.label] }, signal);
  const { identity } = snapshot;
  if (identity !== undefined && identity.groupKey !== finding.groupKey) {
    const text = `${snapshot.ref.key} was not adopted: it is the ticket of another finding`;
    await store.history.addEvent(finding.id, eventOf("adopt_refused", text, snapshot, context));
    await takeOff();
    return true;
  }
  const open = await store.outbox.openOf([finding.id]);
  const isOnItsWay = open.some(
    ({ action, state, lease }) => action.kind === "create" && (state !== "pending" || lease !== undefined),
  );
  if (isOnItsWay) return false;
  const { groupKey, generation, ruleIds } = finding;
  await tracker.adopt(snapshot.ref, { instance: context.instance, groupKey, generation, rules: ruleIds }, signal);
  await remember(finding, snapshot, asked.who, context, signal);
  await takeOff();
  return true;
}

async function remember(
  finding: Finding,
  snapshot: TicketSnapshot,
  who: string | undefined,
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<void> {
  const { store, tracker, policy, clock } = context;
  const before = await store.tickets.ofFinding(finding.id);
  const band = finding.priority?.band ?? "None";
  const compared: DriftContext = { ...policy, now: clock.now(), band, inFlight: new Set(), who };
  if (before === undefined || before.generation !== finding.generation || before.tracker !== tracker.name) {
    await store.tickets.put(recordOf(finding, snapshot, context));
    const text = `${snapshot.ref.key} is the ticket: a person chose it`;
    return store.history.addEvent(finding.id, eventOf("ticket_adopted", text, snapshot, context));
  }
  if (before.ref.id === snapshot.ref.id) return;
  await fold(
    {
      tracker,
      duplicate: before.ref,
      kept: snapshot.ref,
      because: "A person chose another issue as the ticket of this problem.",
      closes: policy.closeDuplicates,
    },
    signal,
  );
  await store.tickets.change(before, (current) => takeOver(current, snapshot, "adopted", compared));
}

/** Nothing on it is ours but the label, so no field of it is written. */
function recordOf(finding: Finding, { ref }: TicketSnapshot, { tracker, clock }: ReconcileContext): TicketRecord {
  const now = clock.now();
  return {
    tracker: tracker.name,
    ref,
    findingId: finding.id,
    groupKey: finding.groupKey,
    generation: finding.generation,
    createdAt: now,
    written: { priority: undefined, band: finding.priority?.band ?? "None" },
    dropped: [],
    seen: undefined,
    peoples: sharedFields,
    attendAt: now,
  };
}

function eventOf(
  code: string,
  text: string,
  { ref }: TicketSnapshot,
  { clock }: Pick<ReconcileContext, "clock">,
): FindingEvent {
  return { at: clock.now(), kind: "ticket", code, text, facts: { ticket: ref.key } };
}
