import { expect } from "chai";
import { CreateBudget } from "../../../src/app/create-budget.ts";
import type { TicketRoute } from "../../../src/model/ticket.ts";

const limits = { perRun: 3, perDay: 10, perDayPerProject: 5 };
const to = (project: string): TicketRoute => ({ tracker: "jira", project, labels: [], fields: {} });
const shop = to("SHOP");
const pay = to("PAY");

describe("create budget", () => {
  it("allows as many as a run may file, the worst included", () => {
    const budget = new CreateBudget(limits, new Map());
    for (let filed = 0; filed < 3; filed += 1) {
      expect(budget.allows(shop, "Low")).to.equal(true);
      budget.spend(shop);
    }
    expect(budget.allows(pay, "Low")).to.equal(false);
    expect(budget.allows(pay, "Highest")).to.equal(false);
  });

  it("counts what the last 24 h filed, in all and for each project", () => {
    const project = new CreateBudget(limits, new Map([["jira/SHOP", 5]]));
    expect([project.allows(shop, "High"), project.allows(pay, "High")]).to.deep.equal([false, true]);
    const full = new Map([
      ["jira/SHOP", 4],
      ["jira/PAY", 6],
    ]);
    expect(new CreateBudget(limits, full).allows(to("OPS"), "High")).to.equal(false);
  });

  it("never lets Highest wait on a day's cap", () => {
    expect(new CreateBudget(limits, new Map([["jira/SHOP", 99]])).allows(shop, "Highest")).to.equal(true);
  });

  it("counts what it spends against the project too", () => {
    const budget = new CreateBudget({ ...limits, perRun: 99 }, new Map([["jira/SHOP", 4]]));
    budget.spend(shop);
    expect([budget.allows(shop, "Low"), budget.allows(pay, "Low")]).to.deep.equal([false, true]);
  });
});
