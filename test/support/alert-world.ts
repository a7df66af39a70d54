import { alertReceiver } from "../../src/app/alert-receiver.ts";
import { alertPolicyOf, withAlertsRule } from "../../src/app/alerts-rule.ts";
import { configDefaults } from "../../src/config/compile.ts";
import { Secret } from "../../src/config/secret.ts";
import type { AlertmanagerConfig, ServiceConfig } from "../../src/config/types.ts";
import { alertsSource } from "../../src/model/raised-alert.ts";
import type { Rule } from "../../src/model/rule.ts";
import { createAlertmanagerSource } from "../../src/sources/alertmanager/alertmanager-source.ts";
import { silentLogger } from "../../src/support/logging.ts";
import { createRedactor } from "../../src/support/redaction.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

export interface AlertWorld extends World {
  /** What a delivery becomes, as the HTTP edge would take it at the clock's instant; gives the outcome. */
  receive(payload: unknown): Promise<string>;
  /** Rules of the files, beside which the one for all other alerts stands. */
  setFileRules(rules: readonly Rule[]): void;
}

const defaults: AlertmanagerConfig = {
  token: new Secret("alertmanager-token-4715"),
  severities: {},
  group: undefined,
  charts: undefined,
  ...configDefaults.alertmanager,
  ignore: configDefaults.alertmanager.ignore as AlertmanagerConfig["ignore"],
};

/** A world that receives alerts, with the real receiver, source and rule between them. */
export async function createAlertWorld({
  alertmanager = {},
  fileRules = [],
  owners = ["default"],
  ...options
}: Pick<WorldOptions, "start" | "trackers" | "project" | "catchUpMs"> & {
  alertmanager?: Partial<AlertmanagerConfig>;
  fileRules?: readonly Rule[];
  owners?: readonly string[];
}): Promise<AlertWorld> {
  const receives = { ...defaults, ...alertmanager };
  const config = {
    server: { webhooks: { alertmanager: receives, deploys: undefined } },
    owners: Object.fromEntries(owners.map((name) => [name, {}])),
  } as unknown as ServiceConfig;
  const world = await createWorld({
    ...options,
    rules: withAlertsRule(config, fileRules),
    sources: [],
    storeSources: (store) => [
      createAlertmanagerSource({
        name: alertsSource,
        alerts: () => store.receivedAlerts.all(),
        policy: alertPolicyOf(config, receives),
      }),
    ],
  });
  const receiver = alertReceiver({
    token: receives.token,
    store: world.store,
    redact: createRedactor().redact,
    logger: silentLogger,
  });
  return {
    ...world,
    async receive(payload) {
      const body = Buffer.from(JSON.stringify(payload));
      const delivery = { headers: {}, query: {}, body, now: world.clock.now() };
      const taken = await receiver.take(delivery, ["alertmanager"]);
      return typeof taken === "string" ? taken : taken.outcome;
    },
    setFileRules: (rules) => world.setRules(withAlertsRule(config, rules)),
  };
}
