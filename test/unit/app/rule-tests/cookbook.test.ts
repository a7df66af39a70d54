import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { testGround } from "../../../../src/app/rule-tests/rule-tests.ts";
import { runRuleTest, timesOf } from "../../../../src/app/rule-tests/run-rule-test.ts";
import { priorityLine } from "../../../../src/triage/score.ts";
import { loadTestsIn } from "../../../support/rule-tests.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = "examples/cookbook/";
const page = `${root}docs/cookbook.md`;
const recipes = readdirSync(`${root}${folder}`)
  .filter((file) => file.endsWith(".yaml") && !file.endsWith(".test.yaml"))
  .map((file) => file.slice(0, -".yaml".length));

/** The rule file of a recipe as the page shows it: without the line for editors, whose path is another one elsewhere. */
function shownRule(recipe: string): string {
  const [, ...lines] = readFileSync(`${root}${folder}${recipe}.yaml`, "utf8").split("\n");
  return `<!-- recipe: ${recipe} -->\n\n\`\`\`yaml\n# ${folder}${recipe}.yaml\n${lines.join("\n").trimEnd()}\n\`\`\``;
}

/** Summary and priority of the first ticket that a recipe's first test files. */
async function shownTicket(
  recipe: string,
  { ready, loaded }: Awaited<ReturnType<typeof loadTestsIn>>,
): Promise<string> {
  const [first] = ready.filter(({ test }) => test.place.file === `${folder}${recipe}.test.yaml`);
  if (first === undefined) throw new Error(`${recipe} has no test`);
  const times = timesOf(first.test, first.rules);
  if (times === undefined) throw new Error(`${first.test.name} has too many ticks`);
  const { tickets } = await runRuleTest(
    first.test,
    first.rules,
    times,
    testGround(loaded),
    new AbortController().signal,
  );
  const created = tickets.find(({ finding }) => finding.decision.action === "create")?.finding;
  if (created?.priority === undefined) throw new Error(`${first.test.name} files no ticket`);
  return `<!-- ticket: ${recipe} -->\n\n\`\`\`text\n${created.title}\n${priorityLine(created.priority)}\n\`\`\``;
}

/** The page with the block after a mark as it has to be. */
function withBlock(text: string, mark: string, block: string): string {
  const at = new RegExp(`<!-- ${mark} -->(\\n\\n\`\`\`[a-z]*\\n[\\s\\S]*?\\n\`\`\`)?`);
  if (!at.test(text)) throw new Error(`docs/cookbook.md has no place for "${mark}"`);
  return text.replace(at, () => block);
}

describe("the cookbook", function () {
  this.timeout(120_000);

  it("shows each recipe as its file has it, and the ticket that its test files", async () => {
    const loaded = await loadTestsIn(root, "config/packs.yaml");
    const before = readFileSync(page, "utf8");
    let text = before;
    for (const recipe of recipes) {
      text = withBlock(text, `recipe: ${recipe}`, shownRule(recipe));
      text = withBlock(text, `ticket: ${recipe}`, await shownTicket(recipe, loaded));
    }
    // As golden files: UPDATE_GOLDEN=1 writes what is shown.
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(page, text);
    else expect(before).to.equal(text);
  });

  it("has a section for each question of its table, and is found from the page on the language", () => {
    const text = readFileSync(page, "utf8");
    const anchors = [...text.matchAll(/^## (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-"),
    );
    const linked = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
    expect(linked).to.deep.equal(anchors);
    expect(anchors).to.have.length(recipes.length);
    expect(readFileSync(`${root}docs/rules.md`, "utf8")).to.contain("(cookbook.md)");
  });
});
