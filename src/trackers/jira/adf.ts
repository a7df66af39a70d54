import { type Block, type Document, type Inline, paragraph } from "../../model/document.ts";
import { renderWithin } from "./fit.ts";
import { cleanLine, cleanText, safeUrl } from "./text.ts";

/** A node of the Atlassian Document Format, version 1. */
export interface AdfNode {
  readonly type: string;
  readonly version?: 1;
  readonly text?: string;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly marks?: readonly { readonly type: string; readonly attrs?: Readonly<Record<string, unknown>> }[];
  readonly content?: readonly AdfNode[];
}

/**
 * Characters of the serialized document: Jira's limit is 32,767, and whether Cloud counts text or JSON is unproven, so
 * the JSON is counted (JIRA.md 2.1).
 */
export const adfBudget = 30_000;

/** The document as ADF. Text is inert in ADF: only its characters, its links and its size need care. */
export function toAdf(document: Document, options: { budget?: number } = {}): AdfNode {
  return renderWithin(document, {
    render: renderDocument,
    sizeOf: (adf) => JSON.stringify(adf).length,
    budget: options.budget ?? adfBudget,
  });
}

/** Plain text as ADF, for custom fields of several lines. */
export function textToAdf(value: string): AdfNode {
  return toAdf(value.split(/\n{2,}/).map((part) => paragraph(part)));
}

/** The text of an ADF document, blocks on lines of their own: what a person reads, without its form. */
export function adfText(node: unknown, depth = 0): string {
  if (typeof node !== "object" || node === null || depth > 50) return "";
  const { type, text, content } = node as { type?: unknown; text?: unknown; content?: unknown };
  if (typeof text === "string") return text;
  if (type === "hardBreak") return "\n";
  const parts = Array.isArray(content) ? content.map((child) => adfText(child, depth + 1)) : [];
  return `${parts.join("")}\n`;
}

function renderDocument(document: Document): AdfNode {
  const content = document.flatMap(renderBlock);
  return { type: "doc", version: 1, content: content.length === 0 ? [{ type: "paragraph", content: [] }] : content };
}

function renderBlock(block: Block): AdfNode[] {
  switch (block.kind) {
    case "heading": {
      const text = cleanLine(block.text);
      return text === "" ? [] : [{ type: "heading", attrs: { level: 3 }, content: [{ type: "text", text }] }];
    }
    case "paragraph": {
      const content = renderInlines(block.content);
      return content.length === 0 ? [] : [{ type: "paragraph", content }];
    }
    case "code": {
      const text = cleanText(block.text);
      return text === "" ? [] : [{ type: "codeBlock", content: [{ type: "text", text }] }];
    }
    case "list":
      return block.items.length === 0
        ? []
        : [{ type: "bulletList", content: block.items.map((item) => ({ type: "listItem", content: [cell(item)] })) }];
    case "table":
      return renderTable(block);
  }
}

function renderTable(block: Extract<Block, { kind: "table" }>): AdfNode[] {
  const columns = Math.max(block.header?.length ?? 0, ...block.rows.map((row) => row.length));
  if (columns === 0) return [];
  const row = (type: "tableHeader" | "tableCell", cells: readonly (readonly Inline[])[]): AdfNode => ({
    type: "tableRow",
    content: Array.from({ length: columns }, (_, index) => ({ type, attrs: {}, content: [cell(cells[index] ?? [])] })),
  });
  const rows = block.rows.map((cells) => row("tableCell", cells));
  const header = block.header?.map((text): readonly Inline[] => [{ kind: "text", text }]);
  const content = header === undefined ? rows : [row("tableHeader", header), ...rows];
  return content.length === 0 ? [] : [{ type: "table", attrs: {}, content }];
}

function cell(content: readonly Inline[]): AdfNode {
  return { type: "paragraph", content: renderInlines(content) };
}

function renderInlines(content: readonly Inline[]): AdfNode[] {
  return content.flatMap(renderInline);
}

function renderInline(part: Inline): AdfNode[] {
  if (part.kind === "code") {
    const text = cleanLine(part.text);
    return text === "" ? [] : [{ type: "text", text, marks: [{ type: "code" }] }];
  }
  if (part.kind === "link") {
    const href = safeUrl(part.url);
    const text = cleanLine(part.text);
    if (href === undefined) return lines(`${text} (${cleanLine(part.url)})`, []);
    return [{ type: "text", text: text === "" ? href : text, marks: [{ type: "link", attrs: { href } }] }];
  }
  return lines(cleanText(part.text), part.strong === true ? [{ type: "strong" }] : []);
}

function lines(text: string, marks: NonNullable<AdfNode["marks"]>): AdfNode[] {
  return text.split("\n").flatMap((line, index) => {
    const nodes: AdfNode[] = index === 0 ? [] : [{ type: "hardBreak" }];
    if (line !== "") nodes.push({ type: "text", text: line, ...(marks.length === 0 ? {} : { marks }) });
    return nodes;
  });
}
