import type { HistoryStore } from "../store/store.ts";
import type { Logger } from "../support/logging.ts";
import type { Caller } from "./auth.ts";

interface OperatorAct {
  readonly at: number;
  readonly caller: Caller;
  /** A stable word. */
  readonly code: string;
  /** Goes on after the caller's name: `moved LOCAL-7 from To Do to Done`. */
  readonly did: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Notes what an operator did on the timelines of the findings it concerned, and in the log. */
export type Audit = (findingIds: readonly string[], act: OperatorAct) => Promise<void>;

/** The act itself is done when it is noted: a timeline that cannot be written is logged and fails nothing. */
export function createAudit(history: Pick<HistoryStore, "addEvent">, logger: Pick<Logger, "info" | "error">): Audit {
  return async (findingIds, { at, caller, code, did, facts }) => {
    logger.info("an operator acted", { code, by: caller.name, ...facts });
    const event = {
      at,
      kind: "operator",
      code,
      text: `${caller.name} ${did}`,
      facts: { by: caller.name, ...facts },
    } as const;
    for (const id of findingIds) {
      try {
        await history.addEvent(id, event);
      } catch (error) {
        logger.error(
          "OPERATOR_EVENT_LOST",
          "an operator's act could not be written into the timeline",
          { finding: id },
          error,
        );
      }
    }
  };
}
