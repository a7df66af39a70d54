import { cleanText } from "../../support/clean-text.ts";
import { liquidLabel, liquidText, named, plainTitle } from "../words.ts";
import { type Settings, text, texts } from "./settings.ts";
import type { TypeParts } from "./type-parts.ts";

export interface TitleOptions {
  readonly name: string;
  readonly by: readonly string[];
  readonly parts: TypeParts;
  readonly timestamp: string;
}

/**
 * The title: `alert_subject` where it can be said in our templates. Its arguments are fields of the match; of those an alert has the ones of
 * `query_key`, its value, and its beginning. Nothing of the text is executed, and none of it opens a tag.
 */
export function titleOf(settings: Settings, options: TitleOptions): string {
  const subject = settings.take("alert_subject", text, "text");
  const args = settings.take("alert_subject_args", texts, "a list of fields") ?? [];
  const plain = plainTitle(cleanText(options.name, { maxLength: 300, singleLine: true }), options.by);
  if (subject === undefined || subject.trim() === "") return plain;
  const missing: string[] = [];
  const shownOf = (name: string) => {
    const shown = fieldText(name, options);
    if (shown === undefined) missing.push(name);
    return shown ?? "…";
  };
  const isJinja = settings.raw("alert_text_type") === "alert_text_jinja" && args.length === 0;
  const title = isJinja ? fromJinja(subject, shownOf) : fromFormat(subject, args, shownOf);
  const oneLine = title === undefined ? "" : cleanText(title, { maxLength: 1_000, singleLine: true });
  if (title === undefined || oneLine === "" || oneLine.endsWith("…")) {
    settings.notes.differs(
      ["alert_subject"],
      "the title is the rule's name and labels: `alert_subject` says more than our templates can",
    );
    return plain;
  }
  if (missing.length > 0)
    settings.notes.differs(
      ["alert_subject"],
      `${named([...new Set(missing)])} is no part of an alert, and is … in the title`,
    );
  return oneLine;
}

function fieldText(name: string, { by, parts, timestamp }: TitleOptions): string | undefined {
  if (by.includes(name)) return liquidLabel(name);
  if (name === timestamp) return "{{ episode.started }}";
  if (["num_hits", "num_matches", ...(parts.valueNames ?? [])].includes(name)) {
    return parts.isPercentage === true ? "{{ value | times: 100 | number }}" : "{{ value | number }}";
  }
  return undefined;
}

/** Python's str.format with positions: `{}`, `{0}`, `{{`. A format behind a colon is left out; undefined for anything else. */
function fromFormat(subject: string, args: readonly string[], shownOf: (name: string) => string): string | undefined {
  let next = 0;
  let title = "";
  let end = 0;
  for (const match of subject.matchAll(/\{\{|\}\}|\{(\d*)(![rsa])?(:[^{}]*)?\}/g)) {
    const [written, position = ""] = match;
    title += liquidText(subject.slice(end, match.index));
    end = match.index + written.length;
    // Without arguments ElastAlert formats nothing: the text is as it stands.
    if (args.length === 0) title += liquidText(written);
    else if (written === "{{" || written === "}}") title += written === "{{" ? '{{ "{" }}' : "}";
    else {
      const argument = args[position === "" ? next++ : Number(position)];
      if (argument === undefined) return undefined;
      title += shownOf(argument);
    }
  }
  return title + liquidText(subject.slice(end));
}

/** Jinja's `{{ field }}` and `{{ _data["field"] }}`; undefined where it says more. */
function fromJinja(subject: string, shownOf: (name: string) => string): string | undefined {
  let title = "";
  let end = 0;
  for (const match of subject.matchAll(/\{\{-?\s*(.*?)\s*-?\}\}|\{%.*?%\}|\{#.*?#\}/gs)) {
    const [written, body] = match;
    const field = /^(?:_data\[["']([^"'\]]+)["']\]|([\w.@-]+))$/.exec(body ?? "");
    if (field === null) return undefined;
    title += liquidText(subject.slice(end, match.index)) + shownOf(field[1] ?? field[2] ?? "");
    end = match.index + written.length;
  }
  return title + liquidText(subject.slice(end));
}
