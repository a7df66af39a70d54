import { cleanText } from "../support/clean-text.ts";
import type { YamlDocument } from "../support/yaml/document.ts";
import type { Path } from "../support/yaml/fault.ts";

/** Whose rules are read. */
export const importFormats = ["elastalert", "prometheus", "sloth", "openslo"] as const;
export type ImportFormat = (typeof importFormats)[number];

/** What became of a part of a foreign rule. */
type NoteKind = "exact" | "differs" | "refused";

/** One thing that is said of a foreign rule. */
export interface ImportNote {
  readonly kind: NoteKind;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** What the foreign rule is called; undefined for the file. */
  readonly subject: string | undefined;
  /** Our rule that it is about; undefined where none was made. */
  readonly ruleId?: string;
  /** One line. */
  readonly text: string;
}

/** A rule in our format. */
export interface ImportedRule {
  readonly id: string;
  /** What it was called, and where it stood. */
  readonly subject: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** As it stands in a rule file, without what `defaults` say. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Comments beside some of its keys. */
  readonly remarks?: Readonly<Record<string, string>>;
}

export interface Imported {
  readonly rules: readonly ImportedRule[];
  readonly notes: readonly ImportNote[];
}

/** What the service configuration says, and what was asked for on the command line. */
export interface ImportContext {
  readonly source: string;
  /** The source's timestamp field; undefined where it has none. */
  readonly timestamp?: string | undefined;
  /** The owner that was asked for; undefined: the foreign rule may name one, else `default`. */
  readonly owner: string | undefined;
  /** Owners of the owners file, and the project that each files in. */
  readonly owners: ReadonlyMap<string, { readonly project: string | undefined }>;
  /** Labels that tell alerts of a metric apart, where an expression does not say them. */
  readonly by?: readonly string[] | undefined;
  /** ElastAlert's global `buffer_time`, where its own configuration was read. */
  readonly bufferMs?: number | undefined;
}

/** Gathers what is said of one foreign rule, each thing with its place. */
export class NoteTaker {
  readonly notes: Omit<ImportNote, "ruleId">[] = [];
  /** Whether no rule may be made. */
  refused = false;
  readonly subject: string | undefined;
  readonly #document: Pick<YamlDocument, "file" | "locate">;
  readonly #base: Path;

  constructor(document: Pick<YamlDocument, "file" | "locate">, base: Path, subject: string | undefined) {
    this.#document = document;
    this.#base = base;
    this.subject = subject === undefined ? undefined : cleanText(subject, { maxLength: 200, singleLine: true });
  }

  exact(path: Path, text: string): void {
    this.#note("exact", path, text);
  }

  differs(path: Path, text: string): void {
    this.#note("differs", path, text);
  }

  /** A part that has no like; the rule is made without it. */
  refusePart(path: Path, text: string): void {
    this.#note("refused", path, text);
  }

  /** There will be no rule. */
  refuse(path: Path, text: string): void {
    this.refused = true;
    this.#note("refused", path, text);
  }

  #note(kind: NoteKind, path: Path, text: string): void {
    const place = this.#document.locate([...this.#base, ...path], "key");
    const { file } = this.#document;
    if (this.notes.some((note) => note.text === text && note.kind === kind)) return;
    this.notes.push({ kind, file, ...place, subject: this.subject, text });
  }
}
