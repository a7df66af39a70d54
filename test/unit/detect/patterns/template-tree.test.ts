import { expect } from "chai";
import fc from "fast-check";
import { maskedWords } from "../../../../src/detect/patterns/mask.ts";
import { TemplateTree } from "../../../../src/detect/patterns/template-tree.ts";
import { fixedPieces, type Template, templateText } from "../../../../src/model/template.ts";

const treeOf = (templates: Iterable<Template> = [], most = 1_000) => new TemplateTree({ templates, most });

function add(tree: TemplateTree, ...messages: readonly string[]): (Template | undefined)[] {
  return messages.map((message) => tree.add(maskedWords(message)));
}

describe("log message patterns", () => {
  it("are one for messages that differ in a word, and keep the id of the first while they generalise", () => {
    const tree = treeOf();
    const [first, second, third] = add(tree, "login of alice failed", "login of bob failed", "login of carol failed");
    expect(first?.words.join(" ")).to.equal("login of alice failed");
    expect(second?.id).to.equal(first?.id);
    expect(second && templateText(second)).to.equal("login of <*> failed");
    expect(third).to.equal(second);
    expect(tree.size).to.equal(1);
  });

  it("are apart where fewer than half of the words are equal, where the first word or the number of words differs", () => {
    const tree = treeOf();
    const found = add(tree, "disk a is full", "disk b was slow", "cache a is full", "disk a is full again");
    expect(new Set(found.map((each) => each?.id)).size).to.equal(4);
  });

  it("are one at exactly half of the words", () => {
    const [a, b] = add(treeOf(), "job one has ended", "job two has failed");
    expect(b?.id).to.equal(a?.id);
  });

  it("take first words with digits, and those beyond a hundred, for variable", () => {
    const tree = treeOf();
    const [a, b] = add(tree, "node7 left the cluster", "node8 left the cluster");
    expect(a?.id).to.equal(b?.id);
    const letters = "abcdefghijklmnopqrst";
    const names = [...letters].flatMap((x) => [...letters].map((y) => `${x}${y}`));
    const users = treeOf();
    const found = add(users, ...names.map((name) => `user_${name} signed out of it`));
    expect(new Set(found.map((each) => each?.id)).size).to.equal(101);
    expect(templateText(found.at(-1) as Template)).to.equal("<*> signed out of it");
  });

  it("are no more than the limit: what has no place is none, what is known stays", () => {
    const tree = treeOf([], 2);
    const [a, b, c, again] = add(tree, "alpha beta gamma", "delta epsilon zeta", "eta theta iota", "alpha beta gamma");
    expect([a, b, c].map((each) => each !== undefined)).to.deep.equal([true, true, false]);
    expect(again?.id).to.equal(a?.id);
    expect(tree.size).to.equal(2);
  });

  it("have ids of their own also where two began with the same words", () => {
    const tree = treeOf();
    const [first] = add(tree, "a b c d");
    add(tree, "a x c d", "a x y d");
    const [other] = add(tree, "a b c z", "a b c d").slice(-1);
    expect(other).to.not.equal(undefined);
    expect(new Set([...tree.changed].map(({ id }) => id)).size).to.equal(tree.size);
    expect(first?.id).to.match(/^[0-9a-f]{12}$/);
  });

  it("are the same whether the tree lives on or is made again of its templates at any instant", () => {
    const word = fc.constantFrom("user", "disk", "job", "alice", "bob", "7", "is", "full", "gone", "x9", "of");
    const message = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 80 }), fc.integer({ min: 1, max: 12 }), (messages, size) => {
        const whole = treeOf([], 20);
        const ids = add(whole, ...messages).map((each) => each?.id);
        let known = new Map<string, Template>();
        const restarted: (string | undefined)[] = [];
        for (let from = 0; from < messages.length; from += size) {
          const tree = treeOf([...known.values()].reverse(), 20);
          restarted.push(...add(tree, ...messages.slice(from, from + size)).map((each) => each?.id));
          known = new Map([...known, ...tree.changed.map((each) => [each.id, each] as const)]);
        }
        expect(restarted).to.deep.equal(ids);
        expect(known.size).to.be.at.most(20);
      }),
    );
  });

  it("are asked for again by the runs of words that all their messages have", () => {
    expect(
      fixedPieces("payment <num> refused: insufficient <*> of sshd[<num>]: user=<redacted:email> x1 end"),
    ).to.deep.equal(["payment", "refused: insufficient", "of", "end"]);
    expect(fixedPieces("<*> <num>")).to.deep.equal([]);
  });
});
