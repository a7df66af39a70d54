/** How a log file is written. */
export const fileFormats = ["ndjson", "csv", "parquet"] as const;
export type FileFormat = (typeof fileFormats)[number];

/** By the ending of a path or glob: .ndjson .jsonl .json, .csv .tsv, .parquet, each also with .gz; undefined for others. */
export function fileFormatOf(path: string): FileFormat | undefined {
  const ending = /\.([a-z]+)(?:\.(?:gz|zst))?[*?]*$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === "ndjson" || ending === "jsonl" || ending === "json") return "ndjson";
  if (ending === "csv" || ending === "tsv") return "csv";
  return ending === "parquet" ? "parquet" : undefined;
}
