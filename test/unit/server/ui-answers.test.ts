import { expect } from "chai";
import type { z } from "zod";
import { suspectDeploysView } from "../../../src/server/views/deploy-view.ts";
import { evidenceView } from "../../../src/server/views/evidence-view.ts";
import { findingSummaryView, findingView, waitingView } from "../../../src/server/views/finding-view.ts";
import { maintenanceView } from "../../../src/server/views/maintenance-view.ts";
import { outboxEntryView } from "../../../src/server/views/outbox-view.ts";
import { ruleFaultView, ruleRunView, ruleView } from "../../../src/server/views/rule-view.ts";
import { silenceView } from "../../../src/server/views/silence-view.ts";
import { ticketDetailView, ticketItemView } from "../../../src/server/views/ticket-view.ts";
import type * as ui from "../../../src/ui/api/answers.ts";

/** Compiles only while the view answers what the pages expect: `npm run types` is the judge. */
function checked<Expected>() {
  return <View extends z.ZodType<Expected>>(view: View): View => view;
}

describe("what the pages expect of the API", () => {
  it("is what the server's views give", () => {
    const views = [
      checked<ui.FindingSummary>()(findingSummaryView),
      checked<ui.FindingAnswer>()(findingView),
      checked<NonNullable<ui.FindingDetail["deploys"]>>()(suspectDeploysView),
      checked<ui.WaitingAnswer>()(waitingView),
      checked<ui.Evidence>()(evidenceView),
      checked<ui.OutboxEntry>()(outboxEntryView),
      checked<ui.TicketItem>()(ticketItemView),
      checked<ui.TicketDetail>()(ticketDetailView),
      checked<ui.RuleAnswer>()(ruleView),
      checked<ui.RuleFault>()(ruleFaultView),
      checked<ui.RuleRun>()(ruleRunView),
      checked<ui.SilenceAnswer>()(silenceView),
      checked<ui.MaintenanceAnswer>()(maintenanceView),
    ];
    for (const view of views) expect(Object.keys(view.shape)).not.to.be.empty;
  });
});
