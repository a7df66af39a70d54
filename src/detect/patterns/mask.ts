import { anyWord } from "../../model/template.ts";
import { cleanText } from "../../support/clean-text.ts";

/** Of a message: characters of its first line that are looked at, and words of a pattern. What is beyond tells no two apart. */
const longestLine = 1_000;
const mostWords = 64;
/** A longer word is some encoded thing: it is left out of the pattern. */
const longestWord = 100;

/*
 * Each expression is bounded and starts where no letter or digit stands before it, so that no line takes long. The order is
 * part of what a pattern is: an instant holds numbers, and so does an address.
 */
const start = String.raw`(?<![\p{L}\p{N}_])`;
const end = String.raw`(?![\p{L}\p{N}_])`;
const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const clock = String.raw`\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?`;
const zone = String.raw`(?:Z|[+-]\d{2}:?\d{2})?`;

const masks: readonly (readonly [RegExp, string])[] = [
  [expression(String.raw`${start}\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]${clock}${zone})?`), "<time>"],
  [expression(String.raw`${start}\d{1,2}/${month}/\d{4}(?::${clock}(?: [+-]\d{4})?)?`), "<time>"],
  [expression(String.raw`${start}${month} {1,2}\d{1,2} ${clock}`), "<time>"],
  [expression(`${start}${clock}${zone}`), "<time>"],
  [expression(`${start}[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`), "<uuid>"],
  [expression(String.raw`${start}(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?`), "<ip>"],
  [expression(`${start}(?:[0-9a-fA-F]{1,4}:){3,7}:?(?:[0-9a-fA-F]{1,4}:?){1,4}`), "<ip>"],
  [expression(`${start}0[xX][0-9a-fA-F]{1,64}`), "<hex>"],
  [expression(String.raw`${start}(?=[a-fA-F]{0,128}\d)(?=\d{0,128}[a-fA-F])[0-9a-fA-F]{8,128}`), "<hex>"],
  [
    expression(
      String.raw`${start}\d{1,30}(?:[.,]\d{1,30}){0,5}(?=(?:ns|us|µs|ms|s|min|h|[KMGTkmgt]?i?[Bb])?${end})`,
      "",
    ),
    "<num>",
  ],
];

function expression(text: string, closes = end): RegExp {
  return new RegExp(`${text}${closes}`, "gu");
}

/** Letters and digits in one long run: a session, a hash in base 64. */
const identifier = /^(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_+=]{16,}$/;

/**
 * The words of a message with its instants, addresses, numbers and ids left out: what two messages of one kind have in
 * common. Of several lines the first that is not empty. A message is hostile: its time and its answer are bounded. Secrets
 * are taken out before. Gives no words for a message without any.
 */
export function maskedWords(message: string): readonly string[] {
  const from = message.search(/\S/);
  if (from < 0) return [];
  const first = message.slice(from, from + longestLine).split(/[\r\n]/, 1)[0] ?? "";
  let line = cleanText(first, { maxLength: longestLine, singleLine: true });
  for (const [pattern, mark] of masks) line = line.replace(pattern, mark);
  const words = line.split(" ").filter((word) => word !== "");
  return words
    .slice(0, mostWords)
    .map((word) => (word.length > longestWord ? anyWord : word.replace(identifier, "<id>")));
}
