import { z } from "zod";
import { formatDuration, parseDuration } from "../duration.ts";
import { shown } from "./shape.ts";

interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

const durationPattern = /^(\d+(ms|s|m|h|d|w))+$/;
const tenYears = 3_650 * 86_400_000;

/** `90s`, `5m`, `1h30m`, `7d`, or plain 0 where it may be nothing; gives milliseconds. */
export function duration(description: string, { least = 0, most = tenYears }: Bounds = {}) {
  const write = "write a number and a unit, such as `90s`, `5m`, `1h`, `7d` or `4w`";
  const fault = (input: unknown) => `${shown(input)} is no duration\n${write}`;
  const text = z
    .string({ error: (issue) => fault(issue.input) })
    .regex(durationPattern, { error: (issue) => fault(issue.input) })
    .transform((written, context) => {
      const ms = parseDuration(written);
      if (ms !== undefined && ms >= least && ms <= most) return ms;
      const range =
        ms !== undefined && ms < least ? `at least ${formatDuration(least)}` : `at most ${formatDuration(most)}`;
      context.addIssue({ code: "custom", message: `${shown(written)} is out of range\nwrite ${range}` });
      return z.NEVER;
    });
  const schema = least > 0 ? text : z.union([text, z.literal(0)], { error: firstOf(fault) });
  return schema.meta({ description, examples: ["5m"] });
}

/** `5%`, `0.05` or a plain number; gives the number and whether it was written as a percentage. */
export function quantity(description: string) {
  const fault = (input: unknown) =>
    `${shown(input)} is no number\nwrite a number such as \`20\` or \`0.05\`, or a percentage such as \`5%\``;
  return z
    .union(
      [
        z.number().transform((value) => ({ value, percentage: false })),
        z
          .string()
          .regex(/^-?\d+(\.\d+)?\s*%$/)
          .transform((text) => ({ value: percentage(text), percentage: true })),
      ],
      { error: (issue) => fault(issue.input) },
    )
    .meta({ description, examples: ["5%"] });
}

/** `5%` or `0.05`, within 0..1 or the bounds; gives the ratio. Over 1 only a percentage is plain: 10 may mean 10 %. */
export function ratio(
  description: string,
  { least = 0, most = 1, example = "5%" }: Bounds & { readonly example?: string } = {},
) {
  const fault = (input: unknown) =>
    typeof input === "number" && input > 1 && input <= 100
      ? `${input} may mean ${input}% or ${input * 100}%\nwrite a percentage, such as \`${example}\``
      : `${shown(input)} is no ratio from ${least} to ${most}\nwrite it as \`${example}\` or \`${percentage(example)}\``;
  return z
    .union(
      [
        z
          .number({ error: (issue) => fault(issue.input) })
          .min(least, { error: (issue) => fault(issue.input) })
          .max(Math.min(most, 1), { error: (issue) => fault(issue.input) }),
        z
          .string()
          .regex(/^\d+(\.\d+)?\s*%$/)
          .transform(percentage)
          .refine((value) => value >= least && value <= most, {
            error: (issue) => fault(`${Number(issue.input) * 100}%`),
          }),
      ],
      { error: (issue) => fault(issue.input) },
    )
    .meta({ description, examples: [example] });
}

/** 99.9 % is 0.999 and not 0.9990000000000001: rounded to fifteen digits. */
export function percentage(text: string): number {
  return Number((Number.parseFloat(text) / 100).toPrecision(15));
}

/** Text of one to `most` characters. */
export function text(description: string, { most = 1_000, example }: { most?: number; example?: string } = {}) {
  const fix = example === undefined ? "write some text" : `write for example \`${example}\``;
  const fault = (input: unknown) => {
    if (typeof input !== "string")
      return `${shown(input)} is no text\n${fix}${typeof input === "object" ? "" : ", in quotes if it looks like a number or a date"}`;
    return input.trim() === ""
      ? `the text is empty\n${fix}`
      : `the text has ${input.length} characters\nshorten it to ${most}`;
  };
  return z
    .string({ error: (issue) => fault(issue.input) })
    .max(most, { error: (issue) => fault(issue.input) })
    .regex(/\S/, { error: (issue) => fault(issue.input) })
    .meta({ description, ...(example === undefined ? {} : { examples: [example] }) });
}

/** Text that a pattern must fit; `fix` says how to write it. */
export function worded(
  description: string,
  pattern: RegExp,
  { what, fix, example, most = 250 }: { what: string; fix: string; example: string; most?: number },
) {
  const fault = (input: unknown) => `${shown(input)} is no ${what}\n${fix}`;
  return z
    .string({ error: (issue) => fault(issue.input) })
    .max(most, { error: (issue) => fault(issue.input) })
    .regex(pattern, { error: (issue) => fault(issue.input) })
    .meta({ description, examples: [example] });
}

/** A whole number within bounds. */
export function whole(description: string, { least = 0, most = 1_000_000_000 }: Bounds = {}) {
  const fault = (input: unknown) =>
    `${shown(input)} is no whole number from ${least} to ${most}\nwrite for example \`${Math.max(least, Math.min(10, most))}\``;
  return z
    .int({ error: (issue) => fault(issue.input) })
    .min(least, { error: (issue) => fault(issue.input) })
    .max(most, { error: (issue) => fault(issue.input) })
    .meta({ description, examples: [Math.max(least, Math.min(10, most))] });
}

function firstOf(fault: (input: unknown) => string) {
  return (issue: z.core.$ZodRawIssue) => {
    // The range fault of the text branch says more than "no branch fits".
    const nested = issue.code === "invalid_union" ? (issue.errors as z.core.$ZodIssue[][]).flat() : [];
    return nested.find((inner) => inner.code === "custom")?.message ?? fault(issue.input);
  };
}
