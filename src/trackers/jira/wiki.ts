import type { Block, Document, Inline } from "../../model/document.ts";
import { renderWithin } from "./fit.ts";
import { cleanLine, cleanText, safeUrl } from "./text.ts";

/** Characters: the default limit of Data Center is 32,767 (JIRA.md 2.1). */
export const wikiBudget = 30_000;

/** Zero-width space: breaks a token of the markup and is not seen. */
const breaker = "\u200b";

/**
 * The document as Jira's wiki markup. Code goes in one `{noformat}` block each, whose own token is broken inside; all
 * other text is one line with every markup character escaped, and URLs in it broken, so that only our links are links.
 */
export function toWiki(document: Document, options: { budget?: number } = {}): string {
  return renderWithin(document, {
    render: (blocks) => blocks.flatMap(renderBlock).join("\n\n"),
    sizeOf: (markup) => markup.length,
    budget: options.budget ?? wikiBudget,
  });
}

/** Plain text as wiki markup, for custom fields of several lines. */
export function textToWiki(value: string): string {
  return cleanText(value)
    .split("\n")
    .map((line) => escapeLine(line))
    .join("\n");
}

/**
 * Wiki markup of one line that shows the text and nothing else (tests ask Atlassian's parser). A bar inside a cell
 * would end it even when escaped and becomes its look-alike; a link's text is read twice, so it goes without markup.
 */
function escapeLine(value: string, place: "line" | "cell" | "link" = "line"): string {
  let line = cleanLine(value);
  if (place !== "line") line = line.replaceAll("|", "│");
  if (place === "link") line = cleanLine(line.replace(/[{}[\]!^~*?\\]/g, " "));
  const escaped = line
    .replace(/[{}[\]|!*_+\-^~?#@()]/g, "\\$&")
    // Two backslashes are a line break, so a backslash is no escape for one.
    .replace(/\\(?![{}[\]|!*_+\-^~?#@()])/g, `\\${breaker}`)
    // Inside a table Atlassian's parser finds macros that are escaped.
    .replace(/\{(?=[a-z])/gi, `{${breaker}`)
    // A bare URL or address would become a link, and `:D` a picture.
    .replace(/:(?=\/\/|[DP])/g, `:${breaker}`)
    .replace(/(mailto|tel|file):/gi, `$1${breaker}:`);
  return guardStart(escaped);
}

/** At the start of a line, a cell or an item these begin a heading or a quotation. */
function guardStart(markup: string): string {
  return markup.replace(/^(?=(?:h[1-6]|bq)\.)/i, breaker);
}

function renderBlock(block: Block): string[] {
  switch (block.kind) {
    case "heading": {
      const text = escapeLine(block.text);
      return text === "" ? [] : [`h3. ${text}`];
    }
    case "paragraph": {
      const text = renderInlines(block.content, "line");
      return text === "" ? [] : [text];
    }
    case "code": {
      const text = cleanText(block.text);
      return text === "" ? [] : [`{noformat}\n${text.replace(/\{(?=(?:noformat|code))/gi, `{${breaker}`)}\n{noformat}`];
    }
    case "list":
      return block.items.length === 0
        ? []
        : [block.items.map((item) => `* ${renderInlines(item, "cell") || breaker}`).join("\n")];
    case "table":
      return renderTable(block);
  }
}

function renderTable(block: Extract<Block, { kind: "table" }>): string[] {
  const columns = Math.max(block.header?.length ?? 0, ...block.rows.map((row) => row.length));
  if (columns === 0) return [];
  const indexes = Array.from({ length: columns }, (_, index) => index);
  const header = block.header;
  const head =
    header === undefined
      ? []
      : [`||${indexes.map((index) => escapeLine(header[index] ?? "", "cell") || " ").join("||")}||`];
  const rows = block.rows.map(
    (row) => `|${indexes.map((index) => renderInlines(row[index] ?? [], "cell") || " ").join("|")}|`,
  );
  const table = [...head, ...rows];
  return table.length === 0 ? [] : [table.join("\n")];
}

function renderInlines(content: readonly Inline[], place: "line" | "cell"): string {
  let markup = "";
  for (const [index, part] of content.entries()) {
    const next = content[index + 1]?.text ?? "";
    const stands = /(?:^|\s)$/.test(markup) && /^(?:$|[\s:.,;])/.test(next);
    markup += stands && isPlainStrong(part) ? `*${part.text}*` : renderInline(part, place);
  }
  // Each run was guarded for itself; joined runs may begin a line with what none of them began with.
  return markup
    .split("\n")
    .map((line) => guardStart(line.trim()))
    .filter((line) => line !== "")
    .join("\n");
}

function renderInline(part: Inline, place: "line" | "cell"): string {
  if (part.kind === "link") {
    const href = safeUrl(part.url);
    if (href === undefined) return renderRun(`${part.text} (${part.url})`, place);
    return `[${escapeLine(part.text, "link") || "link"}|${linkTarget(href)}]`;
  }
  return renderRun(part.text, place);
}

/** Atlassian's parser reads bold text twice, so escapes in it are lost: only words that need none, standing free, are bold. */
function isPlainStrong(part: Inline): boolean {
  const isStrong = part.kind === "text" && part.strong === true;
  return (
    isStrong &&
    /^[\p{L}\p{N}](?:[\p{L}\p{N} .,%/]*[\p{L}\p{N}%])?$/u.test(part.text) &&
    escapeLine(part.text) === part.text
  );
}

/** Text that keeps its outer spaces, since runs are joined, and its lines where the place has lines. */
function renderRun(value: string, place: "line" | "cell"): string {
  return cleanText(value)
    .split("\n")
    .map((line) => {
      const [before, after] = outerSpace(line);
      return `${before}${escapeLine(line, place)}${after}`;
    })
    .join(place === "cell" ? " " : "\n");
}

function outerSpace(value: string): [string, string] {
  return [/^\s/.test(value) ? " " : "", /\s$/.test(value) ? " " : ""];
}

/** Percent-encodes, behind the host, all that could end the link or be read as markup or as a smiley. */
function linkTarget(href: string): string {
  const [start = "", rest = ""] = /^([a-z]+:(?:\/\/[^/?#]*)?)(.*)$/i.exec(href)?.slice(1) ?? [];
  return start + rest.replace(/[^A-Za-z0-9/?&=.,;%$#+_-]/g, percentEncoded);
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
