import { BackfeedError } from "../support/errors.ts";

/** A rendered template: what its author wrote, and values that came out of labels. Only the latter are hostile. */
export type Piece =
  | { readonly kind: "written"; readonly text: string }
  | { readonly kind: "value"; readonly text: string };

/**
 * Languages into which values are put. A value is never placed by what it is but by where it stands: inside quotes it is
 * escaped for them, at a place of its own it becomes quoted text, and everywhere else it is refused. So no value can
 * become an operator, whatever it holds.
 */
export type QueryLanguage = "lucene" | "sql" | "promql";

/** Gives the query with its values as text of the language. Throws `rule` where a value cannot stand. */
export function queryText(language: QueryLanguage, pieces: readonly Piece[]): string {
  // Nothing was put in: it is as its author wrote it, and the source judges it.
  if (pieces.every(({ kind }) => kind === "written")) return pieces.map(({ text }) => text).join("");
  const place = writers[language]();
  let query = "";
  for (const [position, piece] of pieces.entries()) {
    if (piece.kind === "written") {
      for (const character of piece.text) place.read(character);
      query += piece.text;
    } else query += place.put(piece.text, pieces[position + 1]);
  }
  place.end();
  return query;
}

interface Writer {
  /** One more character that the author wrote. */
  read(character: string): void;
  /** A value here, as it is to stand in the query. */
  put(value: string, next: Piece | undefined): string;
  end(): void;
}

const writers: Readonly<Record<QueryLanguage, () => Writer>> = {
  lucene: luceneWriter,
  sql: sqlWriter,
  promql: promqlWriter,
};

function refuse(why: string): never {
  throw new BackfeedError("rule", why);
}

/** Whether what follows a value that stands alone ends it. */
function endsBefore(next: Piece | undefined, ends: RegExp): boolean {
  if (next === undefined) return true;
  return next.kind === "written" && (next.text === "" || ends.test(next.text));
}

/**
 * Lucene query string (org.apache.lucene.queryparser.classic): in a quoted phrase only backslash and quote mean
 * anything, and no value in one is a wildcard, a range, an operator or a field.
 */
function luceneWriter(): Writer {
  let state: "plain" | "phrase" | "regex" | "range" = "plain";
  let escaped = false;
  let before = "";
  const closes = { phrase: '"', regex: "/", range: "]}" };
  const quote = (value: string) => value.replace(/[\\"]/g, "\\$&");
  return {
    read(character) {
      const isEscaped = escaped;
      escaped = false;
      // A range ends at its bracket, escaped or not.
      if (state !== "range" && (isEscaped || character === "\\")) escaped = !isEscaped;
      else if (state !== "plain") {
        if (closes[state].includes(character)) state = "plain";
      } else if (character === '"') state = "phrase";
      else if (character === "/") state = "regex";
      else if (character === "[" || character === "{") state = "range";
      before = isEscaped ? "x" : `${before.slice(-1)}${character}`;
    },
    put(value, next) {
      if (escaped) refuse("a value stands after a backslash");
      if (state === "phrase") {
        before = "x";
        return quote(value);
      }
      if (state !== "plain") refuse(`a value stands in a ${state === "regex" ? "regular expression" : "range"}`);
      if (!/(^|[\s(:]|(^|[\s(])[+\-!])$/.test(before) || !endsBefore(next, /^[\s)]/)) {
        refuse("a value is glued to other text: write it in double quotes, or alone after `field:`");
      }
      before = '"';
      return `"${quote(value)}"`;
    },
    end() {
      if (state !== "plain" || escaped) refuse("a quote, a regular expression or a range does not end");
    },
  };
}

/** A SQL condition as DuckDB reads it: in a text literal only the quote means anything, and NUL cannot stand. */
function sqlWriter(): Writer {
  let state: "plain" | "text" | "name" = "plain";
  let outside = "";
  let values: string[] = [];
  return {
    read(character) {
      if (state === "text") {
        if (character === "'") state = "plain";
      } else if (state === "name") {
        if (character === '"') state = "plain";
      } else if (character === "'") {
        if (/[A-Za-z_]$/.test(outside)) refuse("a literal with a prefix, such as E'…', takes no value");
        state = "text";
      } else if (character === '"') state = "name";
      if (state === "plain") outside += character;
    },
    put(value, next) {
      if (value.includes("\0")) refuse("a value holds a NUL character");
      values.push(value);
      const doubled = value.replaceAll("'", "''");
      if (state === "text") return doubled;
      if (state === "name") refuse("a value stands in the name of a field");
      if (!/(^|[\s(,=<>])$/.test(outside) || !endsBefore(next, /^[\s),]/)) {
        refuse("a value is glued to other text: write it in single quotes, or alone");
      }
      outside += "'";
      return `'${doubled}'`;
    },
    end() {
      if (state !== "plain") refuse("a quote does not end");
      if (/--|\/\*|\$/.test(outside)) refuse("a condition with a comment or a dollar sign takes no value");
      if (/~|\b(regexp\w*|similar|glob)\b/i.test(outside)) {
        refuse("a condition with a regular expression or a glob takes no value");
      }
      if (/\bi?like(_\w+)?\b/i.test(outside) && values.some((value) => /[%_\\]/.test(value))) {
        refuse(
          "a value holds `%`, `_` or a backslash, which LIKE reads as a pattern: compare with `=` or starts_with()",
        );
      }
      values = [];
    },
  };
}

/** PromQL (its strings are Go's): in a regular-expression matcher the value's own meaning is taken first. */
function promqlWriter(): Writer {
  let quote: '"' | "'" | "`" | undefined;
  let escaped = false;
  let isPattern = false;
  let outside = "";
  return {
    read(character) {
      if (quote === undefined) {
        if (character === '"' || character === "'" || character === "`") {
          quote = character;
          isPattern = /[=!]~\s*$/.test(outside);
        }
        outside += character;
      } else if (escaped) escaped = false;
      else if (character === "\\" && quote !== "`") escaped = true;
      else if (character === quote) quote = undefined;
    },
    put(value, next) {
      if (quote === undefined) {
        if (/^\d+(\.\d+)?$/.test(value) && /(^|[\s(,=<>+\-*/])$/.test(outside) && endsBefore(next, /^[\s),+\-*/]/)) {
          outside += value;
          return value;
        }
        refuse("a value stands outside of quotes");
      }
      if (escaped) refuse("a value stands after a backslash");
      if (/\p{Cs}/u.test(value)) refuse("a value holds half of a character");
      // As Go's regexp.QuoteMeta.
      const plain = isPattern ? value.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&") : value;
      if (quote === "`") {
        if (plain.includes("`")) refuse("a value holds a backtick and stands between backticks");
        return plain;
      }
      const own = quote;
      return plain.replace(/["'\\\p{Cc}]/gu, (character) => {
        if (character === "\\" || character === own) return `\\${character}`;
        if (character === '"' || character === "'") return character;
        return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
      });
    },
    end() {
      if (quote !== undefined) refuse("a quote does not end");
      if (outside.includes("#")) refuse("an expression with a comment takes no value");
      if (/\blabel_replace\b/.test(outside)) refuse("an expression with label_replace takes no value");
    },
  };
}
