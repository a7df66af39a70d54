import { expect } from "chai";
import { loadRules } from "../../../src/app/load-rules.ts";
import { onlineFaults } from "../../../src/app/online.ts";
import { makeProjectFolder, type ProjectFolder } from "../../support/project-folder.ts";

const config = `apiVersion: backfeed/v1
instance: test
rules: ["rules.yaml"]
owners: owners.yaml
sources: { app: { type: files, tables: { app: { path: "*.ndjson" } } } }
trackers: { local: { type: local } }
tracker: local
`;
const rule = (id: string, owner: string, by: string) =>
  `  - { id: ${id}, owner: ${owner}, title: t, why: w, signal: { source: app, table: app, measure: count, by: [${by}], window: 5m }, when: { above: 1 } }\n`;

describe("an owner's templates", () => {
  let project: ProjectFolder;
  afterEach(() => project.remove());

  const load = async (owners: string, rules: string) => {
    project = await makeProjectFolder({
      "backfeed.yaml": config,
      "owners.yaml": owners,
      "rules.yaml": `apiVersion: backfeed/v1\nrules:\n${rules}`,
    });
    return loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment: {} });
  };
  const told = async (owners: string, rules: string) =>
    (await load(owners, rules)).allFaults.map(({ file, line, column, severity, message }) => {
      return `${file}:${line}:${column} ${severity} ${message}`;
    });

  it("are faulty where they name a label that a rule routed there does not have: once, at their place", async () => {
    const owners = `default: {}
payments:
  labels: [plain, 'svc-{{ labels["service.name"] }}']
  fields: { customfield_1: { value: "{{ labels.team }}" } }
`;
    const rules =
      rule("one", "payments", "service.name") + rule("two", "payments", "team") + rule("three", "default", "");
    expect(await told(owners, rules)).to.deep.equal([
      "owners.yaml:3:19 error the template names the label `service.name`, which rule `two` does not have, whose tickets go to `payments`: they would go without this",
      "owners.yaml:4:30 error the template names the label `team`, which rule `one` does not have, whose tickets go to `payments`: they would go without this",
    ]);
  });

  it("are right where they ask first, and for the default owner that others fall back to", async () => {
    const owners = "default: { labels: ['{% if labels.team %}team-{{ labels.team }}{% endif %}', '{{ rule.id }}'] }\n";
    expect(await told(owners, rule("one", "default", "team") + rule("two", "default", "host"))).to.deep.equal([]);
  });

  it("are told with the rules that they are faulty for, five by name", async () => {
    const owners = "default: { labels: ['{{ labels.team }}'] }\n";
    const rules = ["a", "b", "c", "d", "e", "f", "g"].map((id) => rule(id, "default", "host")).join("");
    const faults = await told(owners, rules);
    expect(faults).to.have.length(1);
    expect(faults[0]).to.contain("which rules `a`, `b`, `c`, `d`, `e`, 2 more do not have");
  });

  it("stop nothing from starting: only the configuration's own faults do", async () => {
    const loaded = await load("default: { labels: ['{{ labels.team }}'] }\n", rule("one", "default", "host"));
    expect([loaded.config === undefined, loaded.faults]).to.deep.equal([false, []]);
  });

  it("and what the tracker says of an owner's route are told at the owner", async () => {
    const owners = "default: {}\npayments:\n  component: cart\n";
    const { config: good, state } = await load(
      owners,
      rule("one", "payments", "host") + rule("two", "default", "host"),
    );
    if (good === undefined) throw new Error("no configuration");
    const { faults } = await onlineFaults(good, state.rules, new AbortController().signal);
    const about = faults.filter(({ message }) => message.includes("component cart"));
    expect(about.map(({ file, line, path }) => [file, line, path])).to.deep.equal([["owners.yaml", 2, "payments"]]);
  });
});
