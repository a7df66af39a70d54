import { RE2JS } from "re2js";
import { BackfeedError } from "./errors.ts";
import type { Detector, RedactionPattern, Span } from "./redaction-span.ts";

const maxPatternLength = 500;
/** RE2 is linear for one search, not for all matches of one text; pieces bound that too. */
const pieceLength = 8_192;
const pieceOverlap = 1_024;

/**
 * A pattern of our users as a detector. It runs on RE2, which has no backtracking, so no pattern can hang the service.
 * Throws `configuration` when the name or pattern is not accepted, or when the pattern matches the empty text.
 */
export function compileCustomPattern({ name, pattern }: RedactionPattern): Detector {
  const where = `redaction pattern "${name}"`;
  if (!/^[a-z0-9-]{1,40}$/.test(name)) {
    throw new BackfeedError("configuration", `${where}: a name is 1 to 40 of a-z, 0-9 and "-"`);
  }
  if (pattern.length > maxPatternLength) {
    throw new BackfeedError("configuration", `${where}: longer than ${maxPatternLength} characters`);
  }
  const compiled = compile(pattern, where);
  if (compiled.matcher("").find()) {
    throw new BackfeedError("configuration", `${where}: matches the empty text, so it would match everywhere`);
  }
  return (text) => {
    const spans: Span[] = [];
    for (let start = 0; start < text.length; start += pieceLength - pieceOverlap) {
      const matcher = compiled.matcher(text.slice(start, start + pieceLength));
      while (matcher.find()) {
        if (matcher.end() > matcher.start()) {
          spans.push({ from: start + matcher.start(), to: start + matcher.end(), name });
        }
      }
      if (start + pieceLength >= text.length) break;
    }
    return spans;
  };
}

function compile(pattern: string, where: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BackfeedError("configuration", `${where}: not accepted by RE2: ${reason}`, { cause: error });
  }
}
