import { expect } from "chai";
import { CreateBudget, type Waiting } from "../../../src/app/create-budget.ts";
import type { Band } from "../../../src/model/priority.ts";
import type { TicketRoute } from "../../../src/model/ticket.ts";
import { day, hour, start } from "../../support/alerts.ts";

const limits = { perRun: 3, perDay: 10, perDayPerProject: 5, storm: 20 };
const to = (project: string): TicketRoute => ({ tracker: "jira", project, labels: [], fields: {} });
const shop = to("SHOP");
const pay = to("PAY");

function budgetOf(lastDay: Readonly<Record<string, number>> = {}, waiting: readonly Waiting[] = [], more = {}) {
  const counted = Object.entries(lastDay).map(([key, count]) => [key, { count, oldestAt: start - 20 * hour }] as const);
  return new CreateBudget({ limits: { ...limits, ...more }, at: start, lastDay: new Map(counted), waiting });
}

function allows(budget: CreateBudget, route: TicketRoute, band: Band, score = 40): boolean {
  return budget.reached(route, { band, score }) === undefined;
}

describe("create budget", () => {
  it("allows as many as a run may file, the worst included", () => {
    const budget = budgetOf();
    for (let filed = 0; filed < 3; filed += 1) {
      expect(allows(budget, shop, "Low")).to.equal(true);
      budget.spend(shop);
    }
    expect(allows(budget, pay, "Low")).to.equal(false);
    expect(budget.reached(pay, { band: "Highest", score: 90 })).to.deep.equal({
      cap: "run",
      limit: 3,
      project: "jira/PAY",
      freesAt: undefined,
      kept: false,
    });
  });

  it("counts what the last 24 h filed, in all and for each project, and tells when the first place is free", () => {
    const project = budgetOf({ "jira/SHOP": 5 });
    expect([allows(project, shop, "High"), allows(project, pay, "High")]).to.deep.equal([false, true]);
    expect(project.reached(shop, { band: "High", score: 60 })).to.include({
      cap: "project",
      limit: 5,
      freesAt: start - 20 * hour + day,
      kept: false,
    });
    expect(budgetOf({ "jira/SHOP": 4, "jira/PAY": 6 }).reached(to("OPS"), { band: "High", score: 60 })).to.include({
      cap: "day",
      limit: 10,
      freesAt: start - 20 * hour + day,
    });
  });

  it("never lets Highest wait on a day's cap", () => {
    expect(allows(budgetOf({ "jira/SHOP": 99 }), shop, "Highest")).to.equal(true);
  });

  it("counts what it spends against the project too", () => {
    const budget = budgetOf({ "jira/SHOP": 4 }, [], { perRun: 99 });
    budget.spend(shop);
    expect([allows(budget, shop, "Low"), allows(budget, pay, "Low")]).to.deep.equal([false, true]);
  });

  it("keeps the places that are free for those that wait with a higher score", () => {
    const waiting = [
      { project: "jira/SHOP", score: 60 },
      { project: "jira/SHOP", score: 50 },
    ];
    const budget = budgetOf({ "jira/SHOP": 3 }, waiting);
    expect(budget.reached(shop, { band: "Medium", score: 40 })).to.include({ cap: "project", kept: true });
    expect(allows(budget, shop, "Medium", 55)).to.equal(true);
    expect(allows(budget, pay, "Medium", 40)).to.equal(true);
    expect(allows(budgetOf({ "jira/OPS": 8 }, waiting), pay, "Medium", 40)).to.equal(false);
  });
});
