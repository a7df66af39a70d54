import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type CatalogueChange, createCatalogue } from "../../../src/rules/catalogue.ts";
import { ManualClock } from "../../../src/support/clock.ts";

const context = { sources: { logs: { type: "elasticsearch" as const } }, owners: ["default"] };

function rule(id: string, above = 5, rest = ""): string {
  return `  - id: ${id}
    title: x
    why: y
    signal: { source: logs, index: "logs-*", measure: count, window: 5m }
    when: { above: ${above} }
${rest}`;
}

function file(...rules: string[]): string {
  return `apiVersion: backfeed/v1\nrules:\n${rules.join("")}`;
}

describe("the rule catalogue", () => {
  let folder: string;
  let changes: CatalogueChange[];
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const open = () =>
    createCatalogue({
      patterns: ["rules/**/*.yaml"],
      baseDirectory: folder,
      context,
      onLoad: (change) => changes.push(change),
    });
  const ids = (catalogue: ReturnType<typeof open>) => catalogue.current().rules.map(({ id }) => id);
  const threshold = (catalogue: ReturnType<typeof open>, id: string) => {
    const when = catalogue.current().rules.find((candidate) => candidate.id === id)?.limits.when;
    return when?.form === "threshold" ? when.above : undefined;
  };
  /** Two looks: a change is taken when both find the same. */
  const settle = async (catalogue: ReturnType<typeof open>) => {
    await catalogue.poll();
    return catalogue.poll();
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-rules-"));
    mkdirSync(join(folder, "rules"));
    changes = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("loads all files, leaves out rule tests, and gives rules in order", async () => {
    write("rules/b.yaml", file(rule("b")));
    write("rules/a.yaml", file(rule("a")));
    write("rules/a.test.yaml", "rules: [a.yaml]\n");
    const catalogue = open();
    const state = await catalogue.reload();
    expect(ids(catalogue)).to.deep.equal(["a", "b"]);
    expect(state).to.deep.include({ generation: 1, files: 2, kept: [], notLoaded: [], complete: true, faults: [] });
  });

  it("runs good rules beside a broken file, and says what is broken", async () => {
    write("rules/good.yaml", file(rule("good")));
    write("rules/broken.yaml", "apiVersion: [\n");
    const catalogue = open();
    const { faults, complete } = await catalogue.reload();
    expect(ids(catalogue)).to.deep.equal(["good"]);
    expect(complete).to.equal(false);
    expect(faults.every((fault) => fault.file === "rules/broken.yaml")).to.equal(true);
  });

  it("goes on with the last good version of a faulty rule, and takes the others of the same file", async () => {
    write("rules/a.yaml", file(rule("one"), rule("two")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", file(rule("one", 6, "    severty: high\n"), rule("two", 7)));
    expect(await settle(catalogue)).to.equal(true);
    expect(threshold(catalogue, "one")).to.equal(5);
    expect(threshold(catalogue, "two")).to.equal(7);
    expect(catalogue.current()).to.deep.include({ generation: 2, kept: ["one"], notLoaded: [] });
    expect(catalogue.current().faults.map(({ ruleId, line }) => [ruleId, line])).to.deep.equal([["one", 8]]);
  });

  it("keeps every rule of a file with a syntax error, until it is mended", async () => {
    write("rules/a.yaml", file(rule("one"), rule("two")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", `${file(rule("one", 9))}  - id: "two\n`);
    await settle(catalogue);
    expect(catalogue.current().kept).to.deep.equal(["one", "two"]);
    expect(threshold(catalogue, "one")).to.equal(5);
    write("rules/a.yaml", file(rule("one", 9)));
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["one"]);
    expect(threshold(catalogue, "one")).to.equal(9);
    expect(catalogue.current().faults).to.deep.equal([]);
  });

  it("keeps the rules of a file whose entry lost its id: nobody can say which was removed", async () => {
    write("rules/a.yaml", file(rule("one"), rule("two")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", file(rule("one"), rule('"T W O"')));
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["one", "two"]);
    expect(catalogue.current().complete).to.equal(false);
  });

  it("removes a rule that was taken out of a good file, and the rules of a deleted file", async () => {
    write("rules/a.yaml", file(rule("one"), rule("two")));
    write("rules/b.yaml", file(rule("three")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", file(rule("one")));
    unlinkSync(join(folder, "rules/b.yaml"));
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["one"]);
    expect(changes.at(-1)).to.deep.include({ added: [], changed: [], removed: ["three", "two"] });
  });

  it("does not take a half-written file or a moment without it for a change", async () => {
    const text = file(rule("one"), rule("two"));
    write("rules/a.yaml", text);
    write("rules/b.yaml", file(rule("three")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", file(rule("one")));
    await catalogue.poll();
    unlinkSync(join(folder, "rules/a.yaml"));
    await catalogue.poll();
    write("rules/a.yaml", text);
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["one", "three", "two"]);
    expect(changes).to.have.length(1);
  });

  it("sees a file that an editor renamed over the old one, also with the same size and time", async () => {
    write("rules/a.yaml", file(rule("one", 5)));
    const catalogue = open();
    await catalogue.reload();
    write("rules/.a.yaml.swp", file(rule("one", 6)));
    renameSync(join(folder, "rules/.a.yaml.swp"), join(folder, "rules/a.yaml"));
    await settle(catalogue);
    expect(threshold(catalogue, "one")).to.equal(6);
  });

  it("follows a Kubernetes ConfigMap when it swaps its symlink", async () => {
    const volume = join(folder, "rules");
    const version = (name: string, above: number) => {
      mkdirSync(join(volume, name));
      writeFileSync(join(volume, name, "a.yaml"), file(rule("one", above)));
    };
    version("..2026_01_05_10_00", 5);
    symlinkSync("..2026_01_05_10_00", join(volume, "..data"));
    symlinkSync("..data/a.yaml", join(volume, "a.yaml"));
    const catalogue = open();
    await catalogue.reload();
    expect(catalogue.current()).to.deep.include({ files: 1, faults: [] });
    // What kubelet does: new folder, new link, rename over ..data, old folder removed.
    version("..2026_01_05_10_05", 8);
    symlinkSync("..2026_01_05_10_05", join(volume, "..data_tmp"));
    renameSync(join(volume, "..data_tmp"), join(volume, "..data"));
    rmSync(join(volume, "..2026_01_05_10_00"), { recursive: true });
    expect(await settle(catalogue)).to.equal(true);
    expect(threshold(catalogue, "one")).to.equal(8);
    expect(catalogue.current()).to.deep.include({ files: 1, faults: [] });
  });

  it("keeps everything when a link points nowhere, or the folder is gone", async () => {
    mkdirSync(join(folder, "rules/v1"));
    write("rules/v1/a.yml", file(rule("one")));
    symlinkSync("v1/a.yml", join(folder, "rules/a.yaml"));
    write("rules/b.yaml", file(rule("two")));
    const catalogue = open();
    await catalogue.reload();
    rmSync(join(folder, "rules/v1"), { recursive: true });
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["one", "two"]);
    expect(catalogue.current().kept).to.deep.equal(["one"]);
    rmSync(join(folder, "rules"), { recursive: true });
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["one", "two"]);
    expect(catalogue.current().faults.map(({ message }) => message)).to.deep.equal([
      "no rule file matches any more; the rules that were loaded go on",
    ]);
  });

  it("refuses an id that two files use, naming both places, and goes on with the version it had", async () => {
    write("rules/a.yaml", file(rule("one")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/b.yaml", file(rule("one", 9)));
    await settle(catalogue);
    expect(threshold(catalogue, "one")).to.equal(5);
    expect(catalogue.current().faults.map(({ file: name, message }) => [name, message])).to.deep.equal([
      ["rules/a.yaml", "the id `one` is used twice: also at rules/b.yaml:3:5"],
      ["rules/b.yaml", "the id `one` is used twice: also at rules/a.yaml:3:5"],
    ]);
  });

  it("lets a rule carry on an id it had, refuses one that still lives or is claimed twice", async () => {
    write("rules/a.yaml", file(rule("old")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", file(rule("fresh", 5, "    formerly: [old]\n")));
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["fresh"]);
    expect(catalogue.current().rules[0]?.formerly).to.deep.equal(["old"]);
    write(
      "rules/a.yaml",
      file(
        rule("fresh"),
        rule("a", 5, "    formerly: [fresh]\n"),
        rule("b", 5, "    formerly: [gone]\n"),
        rule("c", 5, "    formerly: [gone]\n"),
      ),
    );
    await settle(catalogue);
    expect(catalogue.current().faults.map(({ line, column, message }) => [line, column, message])).to.deep.equal([
      [13, 16, "`formerly` names `fresh`, which is the id of a rule now: rules/a.yaml:3:5"],
      [25, 16, "`formerly` names `gone`, which another rule was formerly too: rules/a.yaml:14:5"],
    ]);
    expect(catalogue.current()).to.deep.include({ notLoaded: ["a", "c"] });
  });

  it("keeps the old rule while its renamed version is faulty", async () => {
    write("rules/a.yaml", file(rule("old")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", file(rule("fresh", 5, "    formerly: [old]\n    severty: low\n")));
    await settle(catalogue);
    expect(ids(catalogue)).to.deep.equal(["old"]);
    expect(catalogue.current().notLoaded).to.deep.equal(["fresh"]);
  });

  it("gives the very same rule for a file that did not change", async () => {
    write("rules/a.yaml", file(rule("one")));
    write("rules/b.yaml", file(rule("two")));
    const catalogue = open();
    const [before] = (await catalogue.reload()).rules;
    write("rules/b.yaml", file(rule("two", 8)));
    await settle(catalogue);
    expect(catalogue.current().rules[0]).to.equal(before);
    expect(changes.at(-1)).to.deep.include({ added: [], changed: ["two"], removed: [] });
  });

  it("keeps its generation when only a comment changes", async () => {
    write("rules/a.yaml", file(rule("one")));
    const catalogue = open();
    await catalogue.reload();
    write("rules/a.yaml", `# a comment\n${file(rule("one"))}`);
    expect(await settle(catalogue)).to.equal(false);
    expect(catalogue.current()).to.deep.include({ generation: 1 });
    expect(catalogue.current().rules[0]?.location.line).to.equal(4);
  });

  it("polls at its interval until it is stopped, and tells of each change", async () => {
    write("rules/a.yaml", file(rule("one")));
    const catalogue = open();
    await catalogue.reload();
    const clock = new ManualClock("2026-01-05T10:00:00Z");
    const stop = new AbortController();
    const told: number[] = [];
    const changed = new Promise<void>((resolve) => {
      void catalogue
        .watch({
          signal: stop.signal,
          clock,
          onChange: (state) => {
            told.push(state.generation);
            stop.abort();
          },
        })
        .then(resolve);
    });
    write("rules/a.yaml", file(rule("one", 6)));
    while (!stop.signal.aborted) {
      if (clock.sleeping > 0) clock.advance(2_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await changed;
    expect(told).to.deep.equal([2]);
    expect(clock.sleeping).to.equal(0);
  });

  it("warns when nothing matches from the start", async () => {
    const { faults } = await open().reload();
    expect(faults.map(({ message, severity }) => [message, severity])).to.deep.equal([
      ["no rule file matches", "warning"],
    ]);
  });
});
