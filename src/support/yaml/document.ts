import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
} from "yaml";
import { type Fault, formatPath, type Path, type Written } from "./fault.ts";

/** Larger files are refused: at this size parsing still takes about a second. */
export const mostYamlBytes = 1024 * 1024;
/** Nesting beyond this is refused before composing, which recurses: a deep file could end the process. */
const mostDepth = 100;
/** Nodes of the value, aliases expanded. */
const mostNodes = 200_000;
const mostSyntaxFaults = 20;

interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as a plain value, with the place of each of its parts. */
export interface YamlDocument {
  readonly file: string;
  readonly value: unknown;
  /** Where the value at `path` begins, or its key; for a path that is not there, the nearest part above it that is. */
  /** `within`: this many characters into a text, where it can be followed there; else where the text begins. */
  locate(path: Path, part: "key" | "value", within?: number): Position;
  has(path: Path): boolean;
}

/** A word of the document, with its place, for checks that come later. */
export function writtenAt(document: YamlDocument, text: string, path: Path, part: "key" | "value"): Written {
  return { text, ...document.locate(path, part), path: formatPath(path) };
}

export type YamlResult =
  | { readonly kind: "parsed"; readonly document: YamlDocument; readonly faults: readonly Fault[] }
  | { readonly kind: "unreadable"; readonly faults: readonly Fault[] };

/**
 * Reads one YAML document. Never throws: whatever is wrong with the text is a fault. `unreadable` means that no value
 * can be trusted; duplicate keys leave it `parsed`, with the fault beside it.
 */
export function readYaml(file: string, bytes: Uint8Array): YamlResult {
  const composed = composeDocuments(file, bytes);
  if (composed.kind === "unreadable") return composed;
  const { text, documents, at } = composed;
  const [document, second] = documents;
  const faults = syntaxFaults(file, document, at);
  if (second !== undefined) {
    const [offset] = second.range;
    faults.push({
      file,
      ...at(offset),
      path: "",
      message: "the file holds more than one YAML document",
      fix: "write each document into a file of its own, without `---` between",
      severity: "error",
    });
  }
  if (faults.length > 0) return { kind: "unreadable", faults };
  return readValue(file, text, document, at);
}

/**
 * Reads every document of a file that may hold several, as files of other programs do. Each is as `readYaml` gives it, so
 * that a faulty one hides no other; what keeps the whole file from being read is one that is `unreadable`.
 */
export function readYamlDocuments(file: string, bytes: Uint8Array): readonly YamlResult[] {
  const composed = composeDocuments(file, bytes);
  if (composed.kind === "unreadable") return [composed];
  const { text, documents, at } = composed;
  return documents
    .filter(({ contents, errors }) => contents !== null || errors.length > 0)
    .map((document) => {
      const faults = syntaxFaults(file, document, at);
      return faults.length > 0 ? { kind: "unreadable", faults } : readValue(file, text, document, at);
    });
}

type Composed =
  | Extract<YamlResult, { kind: "unreadable" }>
  | {
      readonly kind: "composed";
      readonly text: string;
      readonly documents: readonly [Document.Parsed, ...Document.Parsed[]];
      readonly at: (offset: number) => Position;
    };

function composeDocuments(file: string, bytes: Uint8Array): Composed {
  const fail = (message: string, fix: string, position: Position = { line: 1, column: 1 }): Composed => ({
    kind: "unreadable",
    faults: [{ file, ...position, path: "", message, fix, severity: "error" }],
  });
  if (bytes.length > mostYamlBytes) {
    return fail(
      `the file has ${bytes.length} bytes, more than the limit of ${mostYamlBytes}`,
      "split it into several files",
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("the file is not UTF-8 text", "save it as UTF-8");
  }
  const lines = new LineCounter();
  const tokens: CST.Token[] = [...new Parser(lines.addNewLine).parse(text)];
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const tooDeep = offsetBeyondDepth(tokens);
  if (tooDeep !== undefined) {
    return fail("values are nested too deeply", `keep nesting under ${mostDepth / 2} levels`, at(tooDeep));
  }
  const documents = [...new Composer({ uniqueKeys: false, lineCounter: lines }).compose(tokens, true, text.length)];
  const [first, ...others] = documents;
  if (first === undefined) return fail("the file is empty", "write at least `apiVersion: backfeed/v1`");
  return { kind: "composed", text, documents: [first, ...others], at };
}

function readValue(
  file: string,
  text: string,
  document: Document.Parsed,
  at: (offset: number) => Position,
): YamlResult {
  const reader = new ValueReader(file, at);
  const value = reader.read(document.contents, [], 0);
  if (reader.fatal) return { kind: "unreadable", faults: reader.faults };
  const anchors = reader.aliasTargets;
  const parsed: YamlDocument = {
    file,
    value,
    has: (path) => findPart(document.contents, path, anchors).found === path.length,
    locate: (path, part, within = 0) => {
      const { found, key, node } = findPart(document.contents, path, anchors);
      const chosen = part === "key" || (found < path.length && found > 0) ? (key ?? node) : (node ?? key);
      const inside = chosen === node && found === path.length ? offsetWithin(text, node, within) : 0;
      return at((chosen?.range?.[0] ?? 0) + inside);
    },
  };
  return { kind: "parsed", document: parsed, faults: reader.faults };
}

/** How far from the node's beginning a character of its text stands: in one that has no escapes, and in a literal block. */
function offsetWithin(text: string, node: unknown, within: number): number {
  if (within === 0 || !isScalar(node) || typeof node.value !== "string" || !node.range) return 0;
  const raw = text.slice(node.range[0], node.range[1]);
  const asWritten = raw.indexOf(node.value);
  if (asWritten === 0 || asWritten === 1) return asWritten + within;
  if (node.type !== "BLOCK_LITERAL") return 0;
  const before = node.value.slice(0, within).split("\n");
  const lines = raw.split("\n");
  const indent = /^ */.exec(lines.find((line, place) => place > 0 && line.trim() !== "") ?? "")?.[0].length ?? 0;
  // The first line is the block's own mark.
  const above = lines.slice(0, before.length).reduce((sum, line) => sum + line.length + 1, 0);
  return above + indent + (before.at(-1)?.length ?? 0);
}

/** The parser works with a stack of its own, so depth can be measured before anything recurses. */
function offsetBeyondDepth(tokens: readonly CST.Token[]): number | undefined {
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 1 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > mostDepth) return token.offset;
    if ("value" in token && token.value !== undefined) open.push({ token: token.value, depth: depth + 1 });
    if (!("items" in token)) continue;
    for (const item of token.items) {
      if (item.key) open.push({ token: item.key, depth: depth + 1 });
      if (item.value) open.push({ token: item.value, depth: depth + 1 });
    }
  }
  return undefined;
}

const syntaxFixes: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  MISSING_CHAR: "close the quote or bracket, or put a comma or space there",
  BAD_INDENT: "indent keys of one level by the same number of spaces, and close brackets on a deeper line",
  BLOCK_AS_IMPLICIT_KEY: "put text that contains `: ` in quotes",
  TAG_RESOLVE_FAILED: "leave the tag out: plain YAML values are enough",
  BAD_DIRECTIVE: "leave the `%` line out",
  UNEXPECTED_TOKEN: "put the text in quotes, or remove what stands too much",
  MULTILINE_IMPLICIT_KEY: "put `: ` after the key, on the key's line",
};

function syntaxFaults(file: string, document: Document.Parsed, at: (offset: number) => Position): Fault[] {
  return [...document.errors, ...document.warnings].slice(0, mostSyntaxFaults).map((problem) => ({
    file,
    ...at(problem.pos[0]),
    path: "",
    message: `this is not YAML: ${oneLine(problem.message)}`,
    fix: syntaxFixes[problem.code] ?? "write it as plain YAML; text with special characters goes in quotes",
    severity: "error",
  }));
}

function oneLine(message: string): string {
  return (message.split("\n")[0] ?? "").replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase());
}

/** Turns nodes into plain values and notes what YAML allows but we do not. */
class ValueReader {
  readonly faults: Fault[] = [];
  fatal = false;
  readonly aliasTargets = new Map<Node, Node>();
  readonly #file: string;
  readonly #at: (offset: number) => Position;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;

  constructor(file: string, at: (offset: number) => Position) {
    this.#file = file;
    this.#at = at;
  }

  read(node: Node | null | undefined, path: Path, depth: number): unknown {
    if (node === null || node === undefined || this.fatal) return null;
    this.#nodes += 1;
    if (this.#nodes > mostNodes || depth > mostDepth) {
      this.#refuse(
        node,
        path,
        "the file expands to too many values",
        "repeat the text instead of using aliases of aliases",
      );
      return null;
    }
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) {
        this.#refuse(
          node,
          path,
          `nothing before this is marked \`&${node.source}\``,
          `put \`&${node.source}\` before the value it stands for`,
        );
        return null;
      }
      this.aliasTargets.set(node, target);
      return this.read(target, path, depth + 1);
    }
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#readMap(node.items, path, depth);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node, [...path, index], depth + 1));
    return isScalar(node) ? node.value : null;
  }

  #readMap(pairs: readonly Pair[], path: Path, depth: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const seen = new Map<string, Node>();
    for (const pair of pairs) {
      const key = pair.key as Node;
      if (!isScalar(key) || key.value === null || key.value === "__proto__") {
        this.#note(
          key,
          path,
          "this cannot be a key",
          "write a plain word followed by `: `; text that begins with `{` goes in quotes",
        );
        continue;
      }
      const name = String(key.value);
      const first = seen.get(name);
      if (first !== undefined) {
        const { line, column } = this.#at(first.range?.[0] ?? 0);
        this.#note(
          key,
          [...path, name],
          `\`${name}\` is written twice, first at ${line}:${column}`,
          "keep one of the two",
        );
        continue;
      }
      seen.set(name, key);
      value[name] = this.read(pair.value as Node | null, [...path, name], depth + 1);
    }
    return value;
  }

  #refuse(node: Node, path: Path, message: string, fix: string): void {
    this.fatal = true;
    this.#note(node, path, message, fix);
  }

  #note(node: Node, path: Path, message: string, fix: string): void {
    const position = this.#at(node?.range?.[0] ?? 0);
    this.faults.push({ file: this.#file, ...position, path: formatPath(path), message, fix, severity: "error" });
  }
}

interface Part {
  /** How many steps of the path exist. */
  readonly found: number;
  readonly key: Node | undefined;
  readonly node: Node | undefined;
}

function findPart(root: Node | null, path: Path, aliasTargets: ReadonlyMap<Node, Node>): Part {
  let part: Part = { found: 0, key: undefined, node: root ?? undefined };
  for (const step of path) {
    const node = part.node === undefined ? undefined : (aliasTargets.get(part.node) ?? part.node);
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return part;
      part = { found: part.found + 1, key: pair.key as Node, node: (pair.value as Node | null) ?? undefined };
    } else if (isSeq(node) && typeof step === "number" && step < node.items.length) {
      part = { found: part.found + 1, key: undefined, node: node.items[step] as Node };
    } else {
      return part;
    }
  }
  return part;
}
