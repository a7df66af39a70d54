import { z } from "zod";
import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";
import { pageOf, pageQuery, viewPage } from "../views/common.ts";
import { deployView, viewDeploy } from "../views/deploy-view.ts";

export function deployRoutes({ deploys }: ServerProgram): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/deploys",
      operation: "listDeploys",
      summary: "Deploys that were told of, newest first.",
      access: "viewer",
      query: { ...pageQuery, service: z.string().min(1).max(300).optional() },
      answer: { kind: "json", name: "DeployPage", schema: pageOf(deployView) },
      handle: async ({ query }) => viewPage(await deploys.list(query), viewDeploy),
    }),
  ];
}
