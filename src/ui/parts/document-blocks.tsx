import type { Block, Document, Inline } from "../../model/document.ts";
import { SafeLink } from "./safe-link.tsx";

/** A ticket's text. React escapes it; nothing in it is ever taken for markup. */
export function DocumentBlocks({ document }: { document: Document }) {
  return (
    <div className="document">
      {document.map((block, position) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks have no identity and never move.
        <DocumentBlock key={position} block={block} />
      ))}
    </div>
  );
}

function DocumentBlock({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading":
      return (
        <h3>
          <bdi>{block.text}</bdi>
        </h3>
      );
    case "code":
      return <pre>{block.text}</pre>;
    case "paragraph":
      return (
        <p>
          <Inlines content={block.content} />
        </p>
      );
    case "list":
      return (
        <ul>
          {block.items.map((item, position) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            <li key={position}>
              <Inlines content={item} />
            </li>
          ))}
        </ul>
      );
    case "table":
      return <DocumentTable header={block.header} rows={block.rows} />;
  }
}

type Table = Extract<Block, { kind: "table" }>;

function DocumentTable({ header, rows }: { header: Table["header"]; rows: Table["rows"] }) {
  return (
    <div className="scroll-x">
      <table className="grid">
        {header !== undefined && (
          <thead>
            <tr>
              {header.map((name, position) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                <th key={position} scope="col">
                  <bdi>{name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.map((row, position) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            <tr key={position}>
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                <td key={column}>
                  <Inlines content={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Inlines({ content }: { content: readonly Inline[] }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: as above.
  return content.map((part, position) => <InlinePart key={position} part={part} />);
}

function InlinePart({ part }: { part: Inline }) {
  switch (part.kind) {
    case "code":
      return <code>{part.text}</code>;
    case "link":
      return (
        <SafeLink url={part.url}>
          <bdi>{part.text}</bdi>
        </SafeLink>
      );
    case "text":
      return part.strong ? (
        <strong>
          <bdi>{part.text}</bdi>
        </strong>
      ) : (
        <bdi>{part.text}</bdi>
      );
  }
}
