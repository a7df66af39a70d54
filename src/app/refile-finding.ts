import type { Finding } from "../model/finding.ts";
import { refile } from "../triage/refile.ts";
import type { ProgramContext } from "./context.ts";

/**
 * An operator's wish for a new ticket of a finding: its next tick files it. Throws `not_found`, and `conflict` as
 * triage's `refile` does. Never between a tick's reading of the finding and its writing, which would undo it.
 */
export function refileFinding(
  findingId: string,
  wish: { readonly by: string; readonly at: number },
  context: Pick<ProgramContext, "store" | "concludeLock">,
): Promise<Finding> {
  const { store, concludeLock } = context;
  return concludeLock.run(() => store.state.refile(findingId, wish.at, (request) => refile(request, wish)));
}
