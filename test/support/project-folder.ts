import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";

/** A folder as an operator would make it: configuration, owners, rules, state. */
export interface ProjectFolder {
  readonly path: string;
  put(name: string, text: string): Promise<void>;
  /** Every row of every table of its store, read without the product. */
  rows(): Readonly<Record<string, readonly Record<string, unknown>[]>>;
  /** The tickets of the embedded backlog, oldest first. */
  localTickets(): readonly LocalTicketRow[];
  remove(): Promise<void>;
}

/** A local ticket as it stands in the store, with the texts of its description and comments flattened. */
export interface LocalTicketRow {
  readonly key: string;
  readonly summary: string;
  readonly priority: string;
  readonly labels: readonly string[];
  readonly text: string;
  readonly comments: readonly string[];
  readonly attachments: readonly { readonly name: string; readonly contentType: string; readonly bytes: Buffer }[];
}

export async function makeProjectFolder(files: Readonly<Record<string, string>>): Promise<ProjectFolder> {
  const path = await mkdtemp(join(tmpdir(), "backfeed-project-"));
  const put = async (name: string, text: string) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  };
  for (const [name, text] of Object.entries(files)) await put(name, text);
  const rows = () => readRows(join(path, "var/backfeed.db"));
  return {
    path,
    put,
    rows,
    localTickets: () => localTickets(rows()),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

function readRows(file: string): Record<string, Record<string, unknown>[]> {
  const database = new Database(file, { readonly: true });
  try {
    const tables = database
      .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name")
      .all() as { name: string }[];
    return Object.fromEntries(
      tables.map(({ name }) => [name, database.prepare(`select * from "${name}"`).all() as Record<string, unknown>[]]),
    );
  } finally {
    database.close();
  }
}

interface TicketBody {
  readonly key: string;
  readonly summary: string;
  readonly priority: string;
  readonly labels: readonly string[];
  readonly document: unknown;
  readonly comments: readonly { readonly document: unknown }[];
}

function localTickets(rows: ReturnType<ProjectFolder["rows"]>): LocalTicketRow[] {
  return (rows["local_tickets"] ?? []).map((row) => {
    const { body } = JSON.parse(String(row["body"])) as { body: TicketBody };
    const attachments = (rows["local_attachments"] ?? []).filter((each) => each["ticket_number"] === row["number"]);
    return {
      key: body.key,
      summary: body.summary,
      priority: body.priority,
      labels: body.labels,
      text: textsOf(body.document).join("\n"),
      comments: body.comments.map(({ document }) => textsOf(document).join("\n")),
      attachments: attachments.map((each) => ({
        name: String(each["name"]),
        contentType: String(each["content_type"]),
        bytes: each["bytes"] as Buffer,
      })),
    };
  });
}

/** Every `text` and `url` in a document, in order, whatever its form. */
function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    (name === "text" || name === "url") && typeof member === "string" ? [member] : textsOf(member),
  );
}
