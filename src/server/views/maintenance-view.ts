import { z } from "zod";
import type { MaintenanceListing } from "../program.ts";
import { instant } from "./common.ts";

const time = z.object({ from: instant, until: instant });

export const maintenanceView = z.object({
  name: z.string(),
  reason: z.string(),
  schedule: z.string().meta({ description: "Cron expression and timezone." }),
  durationMs: z.number(),
  rules: z.array(z.string()).meta({ description: "Rule ids, where `*` stands for any characters; empty for all." }),
  where: z.record(z.string(), z.array(z.string())).meta({ description: "Labels, each with the values it may have." }),
  on: time.optional().meta({ description: "Left out while it is off." }),
  next: time.meta({ description: "The first time after now that it begins." }),
});

export function viewMaintenance(listing: MaintenanceListing): z.infer<typeof maintenanceView> {
  const { name, reason, schedule, durationMs, rules, where, on, next } = listing;
  return {
    name,
    reason,
    schedule,
    durationMs,
    rules: [...rules],
    where: Object.fromEntries(Object.entries(where).map(([label, values]) => [label, [...values]])),
    on: on && { from: on.from, until: on.until },
    next: { from: next.from, until: next.until },
  };
}
