/**
 * The one form of text that travels to a tracker: each adapter renders it to its own markup (ADF, wiki markup, HTML).
 * All text here may be hostile; whoever renders it escapes it.
 */
export type Inline =
  | { readonly kind: "text"; readonly text: string; readonly strong?: boolean }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly url: string };

export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "paragraph"; readonly content: readonly Inline[] }
  | { readonly kind: "list"; readonly items: readonly (readonly Inline[])[] }
  | {
      readonly kind: "table";
      readonly header?: readonly string[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly kind: "code"; readonly text: string };

export type Document = readonly Block[];

export function text(value: string): Inline {
  return { kind: "text", text: value };
}

export function strong(value: string): Inline {
  return { kind: "text", text: value, strong: true };
}

export function link(label: string, url: string): Inline {
  return { kind: "link", text: label, url };
}

export function paragraph(...content: readonly (Inline | string)[]): Block {
  return { kind: "paragraph", content: content.map((part) => (typeof part === "string" ? text(part) : part)) };
}

/** The document as plain text, for terminals, logs of what was decided, and tests. */
export function plainText(document: Document): string {
  return document.map(plainBlock).join("\n\n");
}

function plainBlock(block: Block): string {
  switch (block.kind) {
    case "heading":
      return block.text;
    case "code":
      return block.text;
    case "paragraph":
      return plainInline(block.content);
    case "list":
      return block.items.map((item) => `- ${plainInline(item)}`).join("\n");
    case "table": {
      const rows = block.rows.map((row) => row.map(plainInline).join(" | "));
      return (block.header === undefined ? rows : [block.header.join(" | "), ...rows]).join("\n");
    }
  }
}

function plainInline(content: readonly Inline[]): string {
  return content.map((part) => (part.kind === "link" ? `${part.text} (${part.url})` : part.text)).join("");
}
