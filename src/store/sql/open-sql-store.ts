import { sql } from "kysely";
import { BackfeedError } from "../../support/errors.ts";
import type { Logger } from "../../support/logging.ts";
import type { Store } from "../store.ts";
import { type Access, openConnections } from "./connections.ts";
import { createDeployStore } from "./deploy-store.ts";
import { createEvidenceStore } from "./evidence-store.ts";
import { createHistoryStore } from "./history-store.ts";
import { createLocalTicketStore } from "./local-ticket-store.ts";
import { createOutboxStore } from "./outbox-store.ts";
import { createReceivedAlertStore } from "./received-alert-store.ts";
import { retain } from "./retention.ts";
import { createSilenceStore } from "./silence-store.ts";
import { createStateStore } from "./state-store.ts";
import { createStormStore } from "./storm-store.ts";
import { createTicketStore } from "./ticket-store.ts";
import { UnreadableRows } from "./unreadable-rows.ts";
import { createWebhookInbox } from "./webhook-inbox.ts";

export interface SqlStoreOptions {
  /** `sqlite:PATH` or `sqlite::memory:`. */
  readonly url: string;
  /**
   * `write` (default) takes the place of the one writing process and brings the schema up to date. `read` looks beside
   * a running writer; its writes throw `conflict`. `copy` works on the state as it is now, in memory: for dry runs.
   */
  readonly access?: Access;
  readonly logger?: Pick<Logger, "error">;
}

/**
 * Opens the store. Throws `conflict`, naming the holder, when another process writes it; `configuration` when the
 * address or the file is none, or a newer program wrote it.
 */
export async function openSqlStore(options: SqlStoreOptions): Promise<Store> {
  const connections = await openConnections({ url: options.url, access: options.access ?? "write" });
  const unreadable = new UnreadableRows(options.logger);
  const parts = { connections, unreadable };
  return {
    state: createStateStore(parts),
    storms: createStormStore(parts),
    outbox: createOutboxStore(parts),
    tickets: createTicketStore(parts),
    inbox: createWebhookInbox(parts),
    evidence: createEvidenceStore(parts),
    history: createHistoryStore(parts),
    silences: createSilenceStore(parts),
    deploys: createDeployStore(parts),
    receivedAlerts: createReceivedAlertStore(parts),
    localTickets: createLocalTicketStore(parts),
    retain: (before) => retain(connections, before),
    ping: async () => {
      try {
        connections.requireInPlace();
        await connections.read((database) => sql`select count(*) from meta`.execute(database));
      } catch (cause) {
        if (cause instanceof BackfeedError && cause.kind === "unavailable") throw cause;
        throw new BackfeedError("unavailable", "the store does not answer", { cause });
      }
    },
    lost: connections.lost,
    close: () => connections.close(),
  };
}
