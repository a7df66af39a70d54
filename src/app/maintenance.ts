import type { ServiceConfig } from "../config/types.ts";
import { MaintenanceCalendar } from "../detect/maintenance.ts";
import { formatInstant, scheduleKey } from "../model/time.ts";
import type { MaintenanceListing } from "../server/program.ts";

/** Each window of a configuration with when it is on, as people see it. */
export function maintenanceListings(calendar: MaintenanceCalendar, now: number): readonly MaintenanceListing[] {
  const on = new Map(calendar.on(now).map((each) => [each.window.name, each]));
  return calendar.windows.map((window) => {
    const { schedule, ...rest } = window;
    return { ...rest, schedule: scheduleKey(schedule), on: on.get(window.name), next: calendar.next(window, now) };
  });
}

/** For `check`: one line for each window, so that whoever wrote a cron expression sees what it means. */
export function maintenanceLines({ maintenance }: ServiceConfig, now: number): readonly string[] {
  return maintenanceListings(new MaintenanceCalendar(maintenance), now).map(({ name, on, next }) => {
    const begun = on === undefined ? "" : `on until ${formatInstant(on.until)}, `;
    return `maintenance ${name}: ${begun}next from ${formatInstant(next.from)} to ${formatInstant(next.until)}`;
  });
}
