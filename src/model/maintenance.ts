import type { Schedule } from "./time.ts";

/** Planned work that comes again: while it is on, nothing is told of what it names. Judging goes on as ever. */
export interface MaintenanceWindow {
  /** Unique in its configuration. */
  readonly name: string;
  /** When it begins. */
  readonly schedule: Schedule;
  readonly durationMs: number;
  /** Rule ids, where `*` stands for any characters; empty for all. */
  readonly rules: readonly string[];
  /** Labels, each with the values it may have; empty for any. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly reason: string;
}

/** One time that a window is on: in [from, until). */
export interface MaintenanceTime {
  readonly from: number;
  readonly until: number;
}

/** A window that is on. */
export interface MaintenanceOn extends MaintenanceTime {
  readonly window: MaintenanceWindow;
}
