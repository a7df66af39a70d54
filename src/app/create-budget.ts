import type { Band } from "../model/priority.ts";
import type { TicketRoute } from "../model/ticket.ts";
import type { CreateLimits } from "./context.ts";

/** How a project is counted: `tracker/project`. */
export function projectKey(route: TicketRoute): string {
  return `${route.tracker}/${route.project ?? ""}`;
}

/** Counts new tickets against the caps of one run: per run, per rolling 24 h, per project. */
export class CreateBudget {
  readonly #limits: CreateLimits;
  readonly #byProject: Map<string, number>;
  #today: number;
  #thisRun = 0;

  /** `lastDay`: creates decided in the last 24 h, by project. */
  constructor(limits: CreateLimits, lastDay: ReadonlyMap<string, number>) {
    this.#limits = limits;
    this.#byProject = new Map(lastDay);
    this.#today = [...lastDay.values()].reduce((total, count) => total + count, 0);
  }

  /** Highest never waits on a day's cap (RULES.md section 4). */
  allows(route: TicketRoute, band: Band): boolean {
    if (this.#thisRun >= this.#limits.perRun) return false;
    if (band === "Highest") return true;
    if (this.#today >= this.#limits.perDay) return false;
    return (this.#byProject.get(projectKey(route)) ?? 0) < this.#limits.perDayPerProject;
  }

  spend(route: TicketRoute): void {
    const key = projectKey(route);
    this.#thisRun += 1;
    this.#today += 1;
    this.#byProject.set(key, (this.#byProject.get(key) ?? 0) + 1);
  }
}
