import type { ServiceConfig } from "../config/types.ts";
import type { CapReached, CreatesCounted } from "../model/cap.ts";
import type { Band } from "../model/priority.ts";
import type { TicketRoute } from "../model/ticket.ts";
import type { CreateLimits } from "./context.ts";

const dayMs = 86_400_000;

/** The caps as the configuration has them. */
export function createLimitsOf({ limits }: Pick<ServiceConfig, "limits">): CreateLimits {
  return {
    perRun: limits.newTicketsPerRun,
    perDay: limits.newTicketsPerDay,
    perDayPerProject: limits.newTicketsPerDayPerProject,
    storm: limits.storm,
  };
}

/** How a project is counted: `tracker/project`. */
export function projectKey(route: TicketRoute): string {
  return `${route.tracker}/${route.project ?? ""}`;
}

/** A finding that waits for a place, and is not decided in this run. */
export interface Waiting {
  readonly project: string;
  readonly score: number;
}

export interface CreateBudgetOptions {
  readonly limits: CreateLimits;
  readonly at: number;
  /** Creates decided in the last 24 h, by project. */
  readonly lastDay: ReadonlyMap<string, CreatesCounted>;
  readonly waiting?: readonly Waiting[];
}

/**
 * Counts new tickets against the caps of one run: per run, per rolling 24 h, per project. A place of the day's that is
 * free is kept for those that wait with a higher score, so that the list is filed in its order whichever rule runs next.
 */
export class CreateBudget {
  readonly #limits: CreateLimits;
  readonly #waiting: readonly Waiting[];
  readonly #at: number;
  readonly #byProject: Map<string, CreatesCounted>;
  #day: CreatesCounted;
  #thisRun = 0;

  constructor({ limits, at, lastDay, waiting = [] }: CreateBudgetOptions) {
    this.#limits = limits;
    this.#waiting = waiting;
    this.#at = at;
    this.#byProject = new Map(lastDay);
    this.#day = [...lastDay.values()].reduce(
      (sum, { count, oldestAt }) => ({ count: sum.count + count, oldestAt: Math.min(sum.oldestAt, oldestAt) }),
      { count: 0, oldestAt: at },
    );
  }

  /** The cap that a new ticket must wait for. Highest never waits on a day's cap (RULES.md section 4). */
  reached(
    route: TicketRoute,
    { band, score }: { readonly band: Band; readonly score: number },
  ): CapReached | undefined {
    const { perRun, perDay, perDayPerProject } = this.#limits;
    const project = projectKey(route);
    if (this.#thisRun >= perRun) return { cap: "run", limit: perRun, project, freesAt: undefined, kept: false };
    if (band === "Highest") return undefined;
    const ahead = this.#waiting.filter((each) => each.score > score);
    const aheadHere = ahead.filter((each) => each.project === project);
    const here = this.#byProject.get(project) ?? { count: 0, oldestAt: this.#at };
    const full = (cap: "day" | "project", limit: number, { count, oldestAt }: CreatesCounted, before: number) =>
      count + before < limit
        ? undefined
        : { cap, limit, project, freesAt: count < limit ? undefined : oldestAt + dayMs, kept: count < limit };
    return full("day", perDay, this.#day, ahead.length) ?? full("project", perDayPerProject, here, aheadHere.length);
  }

  spend(route: TicketRoute): void {
    const project = projectKey(route);
    this.#thisRun += 1;
    this.#day = { ...this.#day, count: this.#day.count + 1 };
    const { count, oldestAt } = this.#byProject.get(project) ?? { count: 0, oldestAt: this.#at };
    this.#byProject.set(project, { count: count + 1, oldestAt });
  }
}
