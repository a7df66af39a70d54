import { expect } from "chai";
import { jsonSchema } from "../../../src/app/json-schemas.ts";

interface Node {
  readonly $ref?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly allOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly definitions?: Readonly<Record<string, Node>>;
}

interface Key {
  readonly path: string;
  readonly described: boolean;
  /** It says what may be written: an example, its words, or keys of its own. */
  readonly shown: boolean;
}

/** Every key that people may write, where an editor would complete it. */
function keysOf(root: Node): readonly Key[] {
  const seen = new Set<Node>();
  const keys: Key[] = [];
  /** A node and what it refers to: their words hold for the same value. */
  const same = (node: Node): readonly Node[] => [
    node,
    ...(node.$ref === undefined ? [] : same(root.definitions?.[node.$ref.split("/").at(-1) ?? ""] ?? {})),
    ...(node.allOf ?? []).flatMap(same),
  ];
  const choices = (node: Node): readonly Node[] =>
    same(node).flatMap((each) => [each, ...[...(each.anyOf ?? []), ...(each.oneOf ?? [])].flatMap(choices)]);
  const says = ({ examples, enum: words, const: word, type, properties }: Node) =>
    (examples ?? words ?? word ?? properties) !== undefined || type === "boolean";
  const walk = (node: Node, path: string): void => {
    for (const each of choices(node)) {
      if (seen.has(each)) continue;
      seen.add(each);
      for (const [key, value] of Object.entries(each.properties ?? {})) {
        const items = choices(value).flatMap(({ items: of }) => (of === undefined ? [] : choices(of)));
        keys.push({
          path: `${path}.${key}`,
          described: same(value).some(({ description }) => description !== undefined),
          shown: [...choices(value), ...items].some(says),
        });
        walk(value, `${path}.${key}`);
      }
      if (each.items !== undefined) walk(each.items, `${path}[]`);
      if (typeof each.additionalProperties === "object") walk(each.additionalProperties, `${path}.*`);
    }
  };
  walk(root, "");
  return keys;
}

describe("the JSON Schemas for editors", () => {
  for (const [kind, least] of [
    ["rules", 140],
    ["tests", 30],
    ["config", 120],
    ["owners", 8],
  ] as const) {
    it(`describe each key of ${kind}, and show how it is written`, () => {
      const keys = keysOf(jsonSchema(kind) as Node);
      expect(keys.length).to.be.at.least(least);
      expect(keys.filter(({ described }) => !described).map(({ path }) => path)).to.deep.equal([]);
      expect(keys.filter(({ shown }) => !shown).map(({ path }) => path)).to.deep.equal([]);
    });
  }

  it("keep the examples of what is read into something else, such as a duration", () => {
    expect(JSON.stringify(jsonSchema("rules")))
      .to.contain('"examples":["5m"]')
      .and.contain('"examples":["5%"]');
  });
});
