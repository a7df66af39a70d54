import type { Filter, Measure } from "../model/query.ts";
import { didYouMean } from "../support/yaml/closest.ts";
import type { Wrong } from "../support/yaml/fault.ts";
import { shown } from "../support/yaml/shape.ts";
import { fieldPattern } from "./schema.ts";

const withField = ["sum", "avg", "min", "max", "unique"] as const;
const plain = ["count", "rate", "ratio"] as const;
const measureList =
  "`count`, `rate`, `ratio`, `sum(field)`, `avg(field)`, `min(field)`, `max(field)`, `unique(field)`, or a percentile such as `p95(field)`";

/** Reads `count`, `p99.9(event.duration)` and the like. For a ratio without `bad` the filter is empty text. */
export function parseMeasure(text: string, bad: Filter | undefined): Measure | Wrong {
  const word = text.trim();
  if (word === "ratio") return { kind: "ratio", bad: bad ?? "" };
  if (word === "count" || word === "rate") return { kind: word };
  const call = /^([A-Za-z]+)(\d[\d.,]*)?\s*\(\s*(.*?)\s*\)$/.exec(word);
  const [, name = "", digits, field = ""] = call ?? [];
  const kind = withField.find((known) => known === name && digits === undefined);
  if (call === null || (kind === undefined && (name !== "p" || digits === undefined))) return unknownMeasure(word);
  if (!fieldPattern.test(field) || field.length > 256) {
    return {
      message: `${shown(field)} in ${shown(word)} is no name of a field`,
      fix: `write \`${name}${digits ?? ""}(event.duration)\` with the field's full name`,
    };
  }
  if (kind !== undefined) return { kind, field };
  const percent = Number(digits);
  if (!(percent > 0 && percent < 100)) {
    return {
      message: `\`p${digits}\` is no percentile`,
      fix: "write a percentile over 0 and under 100, such as `p50`, `p95` or `p99.9`",
    };
  }
  return { kind: "percentile", field, percent };
}

function unknownMeasure(word: string): Wrong {
  const [name = ""] = word.split("(");
  const needsField = withField.some((known) => known === word) || /^p\d+(\.\d+)?$/.test(word);
  if (needsField)
    return {
      message: `\`${word}\` needs a field`,
      fix: `write \`${word}(field)\`, such as \`${word}(event.duration)\``,
    };
  return {
    message: `${shown(word)} is no measure${didYouMean(name, [...plain, ...withField])}`,
    fix: `write one of ${measureList}`,
  };
}
