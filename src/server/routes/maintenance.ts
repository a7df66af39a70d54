import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";
import { pageOf } from "../views/common.ts";
import { maintenanceView, viewMaintenance } from "../views/maintenance-view.ts";

export function maintenanceRoutes(program: ServerProgram): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/maintenance",
      operation: "listMaintenance",
      summary: "Maintenance windows of the configuration, in its order, with when each is on. All of them on one page.",
      access: "viewer",
      answer: { kind: "json", name: "MaintenancePage", schema: pageOf(maintenanceView) },
      handle: async ({ now }) => ({ items: program.maintenance(now).map(viewMaintenance), next: null }),
    }),
  ];
}
