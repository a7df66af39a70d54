import { pathToFileURL } from "node:url";
import { cleanText } from "../support/clean-text.ts";
import type { Fault } from "../support/yaml/fault.ts";

/** How `check` prints what is wrong: for people, for programs, on a pull request's lines, for code scanning. */
export const faultFormats = ["text", "json", "github", "sarif"] as const;
export type FaultFormat = (typeof faultFormats)[number];

const longest = 2_000;

/**
 * GitHub's workflow commands: each fault shows on its line of the pull request.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
export function githubAnnotations(faults: readonly Fault[]): string {
  return faults
    .map(({ file, line, column, severity, ruleId, message, fix }) => {
      const title = ruleId === undefined ? "backfeed" : `backfeed: ${ruleId}`;
      const properties = Object.entries({ file, line, col: column, title }).map(
        ([name, value]) => `${name}=${property(String(value))}`,
      );
      return `::${severity} ${properties.join(",")}::${data(`${message}; ${fix}`)}\n`;
    })
    .join("");
}

function data(text: string): string {
  return cleanText(text, { maxLength: longest }).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** A colon or comma would end it, and what follows be read as another. */
function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

const levels = {
  error: "What is written cannot be run as it is.",
  warning: "What is written runs, and may not do what was meant.",
} as const;

/** A log in the Static Analysis Results Interchange Format 2.1.0 (OASIS), as code scanning takes it. */
export function sarifLog(faults: readonly Fault[], version: string): unknown {
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "backfeed",
            version,
            rules: Object.entries(levels).map(([level, text]) => ({
              id: `backfeed-${level}`,
              shortDescription: { text },
              defaultConfiguration: { level },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: faults.map(({ file, line, column, severity, ruleId, message, fix }) => ({
          ruleId: `backfeed-${severity}`,
          ruleIndex: Object.keys(levels).indexOf(severity),
          level: severity,
          message: {
            text: cleanText(`${ruleId === undefined ? "" : `${ruleId}: `}${message}; ${fix}`, { maxLength: longest }),
          },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file) },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  };
}

/** Relative to the folder that backfeed was started in, which is the repository's; every segment escaped. */
function uriOf(file: string): string {
  if (file.startsWith("/") || /^[A-Za-z]:[\\/]/.test(file)) return pathToFileURL(file).href;
  return file.split(/[\\/]/).map(encodeURIComponent).join("/");
}
