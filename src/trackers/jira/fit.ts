import { type Block, type Document, type Inline, paragraph } from "../../model/document.ts";
import { shorten } from "./text.ts";

/** How much of a document stays. */
interface Cut {
  /** Characters of each code block. */
  readonly code: number;
  /** Rows of each table, items of each list. */
  readonly rows: number;
  /** Characters of each run of text. */
  readonly inline: number;
  readonly blocks: number;
}

const whole: Cut = { code: Infinity, rows: Infinity, inline: Infinity, blocks: Infinity };
const note = "Shortened to fit into Jira: parts of the logs, tables or text above are left out.";

/**
 * The document as rendered, at most `budget` long by `sizeOf`: code blocks are cut first, then tables and lists, then
 * long text, then blocks from the end; a note at the end says so. `sizeOf` must grow with its document.
 */
export function renderWithin<T>(
  document: Document,
  options: { render: (document: Document) => T; sizeOf: (rendered: T) => number; budget: number },
): T {
  const { render, sizeOf, budget } = options;
  const full = render(document);
  if (sizeOf(full) <= budget) return full;
  const attempt = (cut: Cut): T | undefined => {
    const rendered = render([...applyCut(document, cut), paragraph(note)]);
    return sizeOf(rendered) <= budget ? rendered : undefined;
  };
  const stages: readonly ((amount: number) => Cut)[] = [
    (code) => ({ ...whole, code }),
    (rows) => ({ ...whole, code: 0, rows }),
    (inline) => ({ ...whole, code: 0, rows: 3, inline }),
    (blocks) => ({ code: 0, rows: 3, inline: 200, blocks }),
  ];
  // The floor of a stage is what is still worth reading; below it the next kind of block is cut too.
  const floors = [400, 3, 200, 0];
  for (const [index, stage] of stages.entries()) {
    const best = largest(floors[index] ?? 0, budget, (amount) => attempt(stage(amount)));
    if (best !== undefined) return best;
  }
  return render([paragraph(note)]);
}

/** The result for the largest amount in [floor, ceiling] that gives one. */
function largest<T>(floor: number, ceiling: number, attempt: (amount: number) => T | undefined): T | undefined {
  let best = attempt(floor);
  if (best === undefined) return undefined;
  let low = floor;
  let high = ceiling;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const found = attempt(middle);
    if (found === undefined) {
      high = middle - 1;
    } else {
      best = found;
      low = middle;
    }
  }
  return best;
}

function applyCut(document: Document, cut: Cut): Document {
  return document.slice(0, cut.blocks).map((block) => cutBlock(block, cut));
}

function cutBlock(block: Block, cut: Cut): Block {
  switch (block.kind) {
    case "heading":
      return { kind: "heading", text: shorten(block.text, cut.inline) };
    case "paragraph":
      return { kind: "paragraph", content: cutInline(block.content, cut) };
    case "code":
      return { kind: "code", text: cutCode(block.text, cut.code) };
    case "list": {
      const items = block.items.slice(0, cut.rows).map((item) => cutInline(item, cut));
      const left = block.items.length - items.length;
      return { kind: "list", items: left > 0 ? [...items, [{ kind: "text", text: `… ${left} more` }]] : items };
    }
    case "table": {
      const rows = block.rows.slice(0, cut.rows).map((row) => row.map((cell) => cutInline(cell, cut)));
      const left = block.rows.length - rows.length;
      const header = block.header?.map((cell) => shorten(cell, cut.inline));
      return {
        kind: "table",
        ...(header === undefined ? {} : { header }),
        rows: left > 0 ? [...rows, [[{ kind: "text", text: `… ${left} more` }]]] : rows,
      };
    }
  }
}

function cutInline(content: readonly Inline[], cut: Cut): readonly Inline[] {
  return content.map((part) => ({ ...part, text: shorten(part.text, cut.inline) }));
}

/** Whole lines where that keeps most of it; says how many lines are gone. */
function cutCode(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, limit);
  const lineEnd = head.lastIndexOf("\n");
  const kept = lineEnd > limit / 2 ? head.slice(0, lineEnd) : head;
  const gone = text.slice(kept.length).split("\n").length - (kept.length === lineEnd ? 1 : 0);
  return `${kept}${kept === "" ? "" : "\n"}… ${gone} more lines left out`;
}
