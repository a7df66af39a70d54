import type { MaintenanceOn, MaintenanceTime, MaintenanceWindow } from "../model/maintenance.ts";
import { newestTick, nextTick } from "./schedule.ts";

/** The time at which a window begins and how long its answer holds. */
interface Known {
  readonly from: number;
  readonly nextFrom: number;
}

/**
 * When maintenance windows are on. A window begins where its schedule has a tick, by the clocks of its timezone, and lasts
 * as long as it says in real time. Where the clock is put forward over its beginning it begins then; in an hour that is
 * repeated it begins twice, and so is on until the second time is over.
 */
export class MaintenanceCalendar {
  readonly windows: readonly MaintenanceWindow[];
  readonly #known = new Map<string, Known>();

  constructor(windows: readonly MaintenanceWindow[]) {
    this.windows = windows;
  }

  /** Those that are on at an instant, also a past one. */
  on(at: number): readonly MaintenanceOn[] {
    return this.windows.flatMap((window) => {
      const { from } = this.#around(window, at);
      const until = from + window.durationMs;
      return at < until ? [{ window, from, until }] : [];
    });
  }

  /** The first time of a window that begins after an instant. */
  next(window: MaintenanceWindow, at: number): MaintenanceTime {
    const { nextFrom } = this.#around(window, at);
    return { from: nextFrom, until: nextFrom + window.durationMs };
  }

  /** Asked of the schedule once for each of its steps, since each tick asks. */
  #around(window: MaintenanceWindow, at: number): Known {
    const known = this.#known.get(window.name);
    if (known !== undefined && known.from <= at && at < known.nextFrom) return known;
    const found = { from: newestTick(window.schedule, at), nextFrom: nextTick(window.schedule, at) };
    this.#known.set(window.name, found);
    return found;
  }
}
