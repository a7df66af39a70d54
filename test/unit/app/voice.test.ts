import { expect } from "chai";
import { createVoice } from "../../../src/app/voice.ts";
import type { ServiceConfig } from "../../../src/config/types.ts";
import { silentLogger } from "../../../src/support/logging.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const owner = { tracker: "local", labels: ["team-{{ labels.nothing }}"], fields: {} };
const config = {
  trackers: { local: { type: "local" } },
  tracker: "local",
  owners: { default: owner, web: owner },
} as unknown as ServiceConfig;

describe("how findings are put into words", () => {
  it("a label whose template fails is told once for each rule, not at every tick", () => {
    const told: unknown[] = [];
    const logger = {
      ...silentLogger,
      warn: (code: string, _message: string, facts?: object) => void told.push([code, facts]),
    };
    const voice = createVoice(config, logger, (text) => text);
    for (const id of ["one", "one", "two", "one"]) {
      const rule = buildRule({ id });
      expect(voice.routeOf(rule, { ...buildFinding(rule), owner: "web" }).labels).to.deep.equal([]);
    }
    expect(told).to.have.length(2);
    expect(told[0]).to.deep.include("TICKET_FIELD_DROPPED");
  });
});
