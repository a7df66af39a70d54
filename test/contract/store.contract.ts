import type { Store } from "../../src/store/store.ts";
import { storeDeployPromises } from "./store-deploys.contract.ts";
import { storeEvidencePromises } from "./store-evidence.contract.ts";
import { storeHistoryPromises } from "./store-history.contract.ts";
import { storeHostilePromises } from "./store-hostile.contract.ts";
import { storeLocalTicketPromises } from "./store-local-tickets.contract.ts";
import { storeOutboxPromises } from "./store-outbox.contract.ts";
import { storeReceivedAlertPromises } from "./store-received-alerts.contract.ts";
import { storeRetentionPromises } from "./store-retention.contract.ts";
import { storeSilencePromises } from "./store-silences.contract.ts";
import { storeStatePromises } from "./store-state.contract.ts";
import { storeStormPromises } from "./store-storms.contract.ts";
import { storeTicketPromises } from "./store-tickets.contract.ts";

export interface StoreHarness {
  readonly name: string;
  /** A store of its own, empty. */
  open(): Promise<Store>;
  /** The same store after its process ended and another began. */
  reopen(store: Store): Promise<Store>;
}

/** What a part of the suite gets: the store of the running test. */
export interface StoreUnderTest {
  readonly store: Store;
  restart(): Promise<void>;
}

/** Every promise of src/store/store.ts, for each store that makes them. */
export function storeContract(harness: StoreHarness): void {
  describe(`the store ${harness.name}`, () => {
    let current: Store;
    beforeEach(async () => {
      current = await harness.open();
    });
    afterEach(() => current.close());
    const underTest: StoreUnderTest = {
      get store() {
        return current;
      },
      restart: async () => {
        current = await harness.reopen(current);
      },
    };
    storeStatePromises(underTest);
    storeOutboxPromises(underTest);
    storeTicketPromises(underTest);
    storeEvidencePromises(underTest);
    storeHistoryPromises(underTest);
    storeLocalTicketPromises(underTest);
    storeSilencePromises(underTest);
    storeDeployPromises(underTest);
    storeReceivedAlertPromises(underTest);
    storeStormPromises(underTest);
    storeRetentionPromises(underTest);
    storeHostilePromises(underTest);
  });
}
