import { mostSections, proofOfTicket } from "../../model/evidence.ts";
import type { EvidenceStore } from "../store.ts";
import { encode, keyNumber, keyText } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { readEvidence, readEvidenceRequest, writeEvidence } from "./evidence-rows.ts";

/** The frozen proof: its text as a body, its charts as a blob beside it. The first that comes for an entry stays. */
export function createEvidenceStore(options: { connections: Connections }): EvidenceStore {
  const { connections } = options;
  return {
    put: (outboxId, findingId, request, evidence) =>
      connections.write(async (database) => {
        const { body, chart } = writeEvidence(evidence);
        await database
          .insertInto("evidence")
          .values({
            outbox_id: keyText(outboxId, "outbox entry's id"),
            finding_id: keyText(findingId, "finding's id"),
            collected_at: keyNumber(evidence.collectedAt, "time of the evidence"),
            request: encode(request),
            body,
            chart,
          })
          .onConflict((conflict) => conflict.column("outbox_id").doNothing())
          .execute();
      }),

    ofEntry: (outboxId) =>
      connections.read(async (database) => {
        const row = await database
          .selectFrom("evidence")
          .selectAll()
          .where("outbox_id", "=", outboxId)
          .executeTakeFirst();
        return row === undefined ? undefined : readEvidence(row);
      }),

    newest: (findingId) =>
      connections.read(async (database) => {
        const rows = await database
          .selectFrom("evidence")
          .selectAll()
          .where("finding_id", "=", findingId)
          .orderBy("collected_at", "desc")
          .orderBy("number", "desc")
          // What it was filed with, and each rule that joined in a row of its own.
          .limit(mostSections)
          .execute();
        return proofOfTicket(rows.map((row) => ({ request: readEvidenceRequest(row), evidence: readEvidence(row) })));
      }),
  };
}
