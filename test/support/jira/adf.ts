import ajv from "ajv-draft-04";
import adfSchema from "./schemas/adf-57.7.22.full.json" with { type: "json" };

type Ajv = InstanceType<typeof ajv.default>;
type Validate = ReturnType<Ajv["compile"]>;

let compiled: Validate | undefined;

/** Atlassian's own ADF schema (@atlaskit/adf-schema 57.7.22, Apache-2.0), compiled once for the process (about 0.7 s). */
function schemaValidator(): Validate {
  if (compiled !== undefined) return compiled;
  compiled = new ajv.default({ strict: false }).compile(adfSchema);
  return compiled;
}

interface Node {
  type?: unknown;
  text?: unknown;
  content?: unknown;
  marks?: unknown;
  attrs?: unknown;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Why `value` is no acceptable ADF document, or undefined when it is one. Adds what the schema lets through (JIRA.md 3.3). */
export function adfFault(value: unknown): string | undefined {
  if (!isObject(value)) return "not an object";
  const own = ownFault(value, "doc");
  if (own !== undefined) return own;
  const validate = schemaValidator();
  if (validate(value)) return undefined;
  const deepest = [...(validate.errors ?? [])].sort((a, b) => b.instancePath.length - a.instancePath.length)[0];
  return `${deepest?.instancePath || "/"} ${deepest?.message ?? "does not fit the ADF schema"}`;
}

function ownFault(node: Node, path: string): string | undefined {
  if (typeof node.text === "string") {
    if (node.text === "") return `${path}: empty text node`;
    if (/[^\P{Cc}\t\n\r\u007f-\u009f]/u.test(node.text)) return `${path}: control character in text`;
    if (/\p{Surrogate}/u.test(node.text)) return `${path}: lone surrogate in text`;
  }
  const attrs = isObject(node.attrs) ? node.attrs : {};
  for (const name of ["href", "url"]) {
    const href = attrs[name];
    if (typeof href === "string" && !/^(https?:\/\/|mailto:|\/|#)/i.test(href)) return `${path}: ${name} not allowed`;
  }
  for (const key of ["marks", "content"] as const) {
    const list = node[key];
    if (!Array.isArray(list)) continue;
    for (const [index, child] of list.entries()) {
      const fault = isObject(child) ? ownFault(child, `${path}/${key}/${index}`) : `${path}/${key}/${index}: no node`;
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/** The text of an ADF document, blocks on lines of their own. */
export function adfText(value: unknown): string {
  if (!isObject(value)) return "";
  if (typeof value["text"] === "string") return value["text"];
  if (value["type"] === "hardBreak") return "\n";
  const content = Array.isArray(value["content"]) ? value["content"] : [];
  const inline = content.some(
    (child) => isObject(child) && (typeof child["text"] === "string" || child["type"] === "hardBreak"),
  );
  return content.map(adfText).join(inline ? "" : "\n");
}

/** A document of one paragraph, for people's edits. */
export function adfParagraph(text: string): Record<string, unknown> {
  return { type: "doc", version: 1, content: [{ type: "paragraph", content: [{ type: "text", text }] }] };
}
