import { z } from "zod";
import { deviationDirections, seasons } from "../model/baseline.ts";
import { modes, type Ownership, ownerships, severities, type TicketField } from "../model/rule.ts";
import { day, hour, minute, second } from "../support/duration.ts";
import { didYouMean, listed } from "../support/yaml/closest.ts";
import { duration, quantity, ratio, text, whole, worded } from "../support/yaml/leaves.ts";
import { shown } from "../support/yaml/shape.ts";
import { burnTierTableNames } from "./burn-tiers.ts";

/*
 * The language of rule files: the reference is this schema, `backfeed schema rules` prints it as JSON Schema.
 * Longer than 400 lines: one part after another, and a reader of the language wants them on one page.
 * It says what a part may look like; what parts must be to one another is in checks.ts, what they mean in compile.ts.
 */

/** Letters of any script, digits, and `_ . - @ / :`; the first is no digit, the last no dot. */
export const fieldPattern = /^[\p{L}_@][\p{L}\p{N}_@/:-]*(\.[\p{L}\p{N}_@/:-]+)*$/u;

const field = (description: string) =>
  worded(description, fieldPattern, {
    what: "name of a field",
    fix: "write the field's full name, such as `service.name`, without wildcards or spaces",
    example: "service.name",
    most: 256,
  });

const name = (description: string, what: string, example: string) =>
  worded(description, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, {
    what,
    fix: "use lower-case letters, digits and `-` between them, at most 100",
    example,
    most: 100,
  });

const scalar = z.union([z.string().max(1_000), z.number(), z.boolean()], {
  error:
    "each value is text, a number or true/false\nwrite for example `production`, in quotes where it looks like something else",
});

const where = z
  .record(
    field("Field"),
    z
      .union([scalar, z.array(scalar).min(1).max(1_000)], {
        error:
          "this is no value to compare with\nwrite one value, or a list of 1 to 1,000 values of which any may match",
      })
      .meta({ description: "One value, or a list of which any may match." }),
  )
  .meta({
    description: "Exact matches, the same in every source; all must hold. A list means any of its values.",
    examples: ["{ service.environment: production }"],
  });

const filter = (description: string) =>
  z
    .union([z.string().min(1).max(10_000), z.record(z.string(), z.json())], {
      error: "this is no filter\nwrite a Lucene query string, a query DSL mapping, or a SQL condition for files",
    })
    .meta({ description, examples: ["NOT url.path:\\/health*"] });

const template = (description: string, example: string) => text(description, { most: 1_000, example });

const change = z
  .strictObject({
    versus: z
      .union([z.literal("previous"), duration("How much earlier", { least: minute, most: 366 * day })], {
        error: "`versus` is no earlier window\nwrite `previous`, `1d` or `1w`",
      })
      .meta({
        description: "Which earlier window: `previous`, or how much earlier, such as `1d`, `1w`.",
        examples: ["1w"],
      }),
    up: worded(
      "Breached when the value is over this many times the earlier one: `3x`, or `+50%`.",
      /^(\d+(\.\d+)?x|\+\d+(\.\d+)?%)$/,
      {
        what: "rise",
        fix: "write a factor such as `3x`, or a rise such as `+50%`",
        example: "3x",
      },
    ).optional(),
    down: ratio("Breached when the value fell by more than this share of the earlier one: `50%`.").optional(),
    floor: z
      .number()
      .min(0)
      .meta({ description: "The larger of the two values must reach it; default 0.", examples: [50] })
      .optional(),
  })
  .meta({ description: "The value against the same window earlier.", examples: ["{ versus: 1w, up: 3x }"] });

const absent = z
  .strictObject({
    known_for: duration("How long a label set that was seen is expected to report; default 7d.", {
      least: minute,
      most: 90 * day,
    }).optional(),
  })
  .meta({ description: "A known label set reports nothing in the window.", examples: ["{ known_for: 7d }"] });

const baseline = z
  .strictObject({
    history: duration("How far back values are compared with; default 4w.", {
      least: hour,
      most: 366 * day,
    }).optional(),
    season: z
      .enum(seasons)
      .meta({ description: "After what the values repeat: week | day | none; default week.", examples: ["week"] })
      .optional(),
    deviations: z
      .number()
      .gt(0, { error: "`deviations` is over 0\nwrite for example `6`" })
      .max(1_000)
      .meta({ description: "How many robust deviations from the median are bad; default 6.", examples: [6] })
      .optional(),
    direction: z
      .enum(deviationDirections)
      .meta({ description: "Which side is bad: up | down | both; default both." })
      .optional(),
    min_change: ratio("Where the values hardly ever differ: how far from them is bad; default 10%.", {
      most: 100,
    }).optional(),
  })
  .meta({
    description: "The value against what was usual at this time of the season; {} for all defaults.",
    examples: ["{ season: week, direction: up }"],
  });

const slo = {
  objective: ratio("What share of events must be good.", {
    least: 0.000_001,
    most: 0.999_999_9,
    example: "99.9%",
  }),
  period: duration("The error budget's period.", { least: day, most: 366 * day }).meta({ examples: ["30d"] }),
};

const burnTier = z
  .strictObject({
    long: duration("The window that says that enough of the budget is gone.", { least: minute, most: 31 * day }),
    short: duration("The window that says that it still goes on.", { least: second, most: 31 * day }),
    factor: z
      .number({ error: (issue) => `${shown(issue.input)} is no factor\nwrite a number over 0, such as \`14.4\`` })
      .gt(0, { error: "a factor is over 0\nwrite for example `14.4`" })
      .max(1_000_000)
      .meta({ description: "Bad when the budget burns faster than this in both windows.", examples: [14.4] }),
    severity: z
      .enum(severities)
      .meta({ description: "Of the alert while this tier is the highest that fires; default the rule's." })
      .optional(),
  })
  .meta({ description: "Two windows and a burn rate.", examples: ["{ long: 1h, short: 5m, factor: 14.4 }"] });

const burn = z
  .strictObject({
    ...slo,
    tiers: z
      .union(
        [
          z.enum(burnTierTableNames),
          z.array(burnTier).min(1, { error: "there are no tiers\nwrite `google`, or a list of 1 to 10 tiers" }).max(10),
        ],
        {
          error: ({ input }) =>
            `${shown(input)} names no tiers${typeof input === "string" ? didYouMean(input, burnTierTableNames) : ""}\nwrite ${listed(burnTierTableNames)}, or a list such as \`[{ long: 1h, short: 5m, factor: 14.4 }]\``,
        },
      )
      .meta({
        description: "A table by its name, or a list of 1 to 10; the highest that fires wins; default google.",
        examples: ["google"],
      })
      .optional(),
  })
  .meta({
    description: "An error budget is spent too fast; with `measure: ratio`.",
    examples: ["{ objective: 99.9%, period: 30d, tiers: google }"],
  });

const newForm = z
  .strictObject({
    field: field("The field whose values are known or new; it is a label of the alert.").optional(),
    pattern_of: field(
      "The field with the log message, of which patterns are known or new: words stay, numbers and ids are left out.",
    ).optional(),
    learned_from: duration("How far the first evaluation looks back: what is there is known; default 14d.", {
      least: minute,
      most: 90 * day,
    }).optional(),
    settle: duration("How long after first sight it is breached while it occurs; then it is known; default 24h.", {
      least: minute,
      most: 30 * day,
    }).optional(),
  })
  .meta({
    description: "A value, or a log message pattern, that was not known.",
    examples: ["{ field: error.type, learned_from: 14d, settle: 24h }"],
  });

/** All forms and modifiers in one mapping; that exactly one form stands there is checked after `defaults` are merged. */
const when = z
  .strictObject({
    above: quantity("Breached when the value is strictly over this.").optional(),
    below: quantity("Breached when the value is strictly under this.").optional(),
    change: change.optional(),
    absent: absent.optional(),
    baseline: baseline.optional(),
    new: newForm.optional(),
    burn: burn.optional(),
    for: duration("How long it must hold before the alert fires; default 0.", { most: 30 * day }).optional(),
    min_events: whole("Floor on the events behind a mean, extreme or percentile; default 0.").optional(),
    min_bad_events: whole("Floor on the bad events of a ratio, never on traffic; default 0.").optional(),
  })
  .meta({
    description: "When the value is bad: exactly one form, and modifiers.",
    examples: ["{ above: 5%, for: 5m }"],
  });

const until = z
  .strictObject({
    above: quantity("Clear when the value is strictly over this.").optional(),
    below: quantity("Clear when the value is strictly under this.").optional(),
    for: duration("How long it must be clear before the episode ends; default 10m.", { most: 30 * day }).optional(),
  })
  .meta({
    description: "When a firing alert counts as clear; default: when `when` does not hold, for 10m.",
    examples: ["{ below: 2%, for: 15m }"],
  });

const signal = z
  .strictObject({
    source: text("A source named in the service configuration.", { most: 100, example: "logs" }),
    index: text("Elasticsearch: index, pattern or data stream.", { most: 500, example: "logs-*" }).optional(),
    table: text("Files: a table of the source.", { most: 100, example: "access" }).optional(),
    promql: text(
      "Prometheus: an expression; the value of each series that it returns, in place of `measure`. With `measure: ratio` the whole, over `$window`.",
      { most: 10_000, example: "sum by (service) (rate(http_requests_failed_total[5m]))" },
    ).optional(),
    where: where.optional(),
    filter: filter(
      "Anything more, in the source's own language: Lucene query string, query DSL, or SQL for files.",
    ).optional(),
    measure: text("count | rate (per second) | sum(f) | avg(f) | min(f) | max(f) | p95(f) | unique(f) | ratio", {
      most: 300,
      example: "count",
    }).optional(),
    bad: filter(
      "Ratio only: the bad part of the filtered whole; beside `promql` an expression over `$window`.",
    ).optional(),
    by: z
      .array(field("Field"))
      .max(10)
      .meta({
        description: "One alert per combination of these fields' values; default none.",
        examples: ["[service.name]"],
      })
      .optional(),
    max_groups: whole("How many groups are judged at most; default 200.", { least: 1, most: 10_000 }).optional(),
    window: duration(
      "How far back each evaluation looks; not shorter than the schedule's step. With `promql`, whose ranges stand in the expression: a step of the chart, and how far back `previous` lies; default the schedule's step. With `burn`: a step of the chart; default the shortest window of its tiers.",
      { least: second, most: 31 * day },
    ).optional(),
  })
  .meta({
    description: "Which number is watched.",
    examples: ["{ source: logs, index: logs-*, measure: count, window: 5m }"],
  });

export const labelValues = (description: string) =>
  z
    .record(
      field("Label"),
      z.union([z.string(), z.number(), z.boolean(), z.array(scalar).min(1).max(1_000)], {
        error: "this is no label value\nwrite one value, or a list of 1 to 1,000 values of which any may match",
      }),
    )
    .meta({ description, examples: ["{ service.name: [search, cart] }"] });

const override = z
  .strictObject({
    where: labelValues("Labels of `by` and their values; all must hold."),
    // What an override leaves out of a form the rule has said.
    when: when
      .extend({
        burn: burn.partial().meta({ description: "What of `burn` is other; the rest is the rule's." }).optional(),
      })
      .meta({ description: "What of `when` is other; the rest is the rule's.", examples: ["{ above: 10% }"] })
      .optional(),
    until: until.optional(),
    severity: z.enum(severities).meta({ description: "Another severity." }).optional(),
    owner: text("Another owner.", { most: 100, example: "payments" }).optional(),
  })
  .meta({ description: "Other limits for some label sets; the first that matches wins." });

const impact = z
  .strictObject({
    users: worded(
      "`unique(field)`: the distinct users touched, over the bad part and over the whole.",
      /^unique\(\s*[^()\s]+\s*\)$/,
      {
        what: "measure of users",
        fix: "write `unique(field)`, such as `unique(user.id)`",
        example: "unique(user.id)",
        most: 300,
      },
    ).optional(),
    reach: ratio("Declared share of users, where it cannot be measured; instead of `users`.").optional(),
    slo: z
      .strictObject(slo)
      .meta({
        description: "The objective whose error budget is spent; default the one that `burn` watches.",
        examples: ["{ objective: 99.9%, period: 30d }"],
      })
      .optional(),
  })
  .meta({ description: "What priority is scored from; what is left out is printed as not measured." });

const infra = z.strictObject({
  source: text("A source of the service configuration.", { most: 100, example: "metrics" }),
  title: text("What the chart shows.", { most: 100, example: "CPU" }),
  promql: text("Prometheus: an expression; a template may name labels.", {
    most: 10_000,
    example: 'max by (instance) (node_load1{instance="{{ labels.instance }}"})',
  }).optional(),
  index: text("Elasticsearch: index pattern.", { most: 500, example: "metrics-*" }).optional(),
  table: text("Files: table.", { most: 100, example: "latency" }).optional(),
  where: where.optional(),
  filter: filter("Anything more, in the source's own language; a template may name labels.").optional(),
  measure: text("As in `signal`.", { most: 300, example: "avg(system.cpu.total.norm.pct)" }).optional(),
  bad: filter("Ratio only: the bad part of the filtered whole.").optional(),
  by: z
    .array(field("Field"))
    .max(10)
    .meta({
      description: "A line for each combination of these fields' values, the largest five; default one in all.",
      examples: ["[host.name]"],
    })
    .optional(),
  window: duration("Length of a step of the chart; default the rule's window.", {
    least: second,
    most: 31 * day,
  }).optional(),
});

const deploys = z
  .union(
    [
      z.literal("none"),
      z.strictObject({
        service: template(
          "The service as deploys name it; default: what the labels call it.",
          '{{ labels["service.name"] }}',
        ).optional(),
        environment: template(
          "The environment as deploys name it; default: what the labels call it.",
          "production",
        ).optional(),
        window: duration("How long before the onset a deploy is a suspect; default 24h.", {
          least: minute,
          most: 14 * day,
        }).optional(),
      }),
    ],
    { error: "this says nothing of deploys\nwrite `none`, or a mapping with `service`, `environment`, `window`" },
  )
  .meta({
    description: "Which deploys are named as suspects; `none` for none.",
    examples: ["{ service: checkout, window: 6h }"],
  });

const evidence = z
  .strictObject({
    samples: whole("How many sample events the ticket shows; default 5.", { most: 20 }).optional(),
    fields: z
      .array(field("Field"))
      .max(20)
      .meta({
        description: "Fields of a sample, in order; default the source's timestamp and message.",
        examples: ['["@timestamp", message, trace.id]'],
      })
      .optional(),
    infra: z
      .array(infra)
      .max(10)
      .meta({
        description: "What the machines under it did in the same time: any signal of any source.",
        examples: ["[{ source: logs, index: metrics-*, title: CPU, measure: avg(system.cpu.total.norm.pct) }]"],
      })
      .optional(),
    deploys: deploys.optional(),
  })
  .meta({ description: "What proof the ticket carries." });

/** Of rules of other files too: whether there are such rules and labels is checked over all files. */
export const rulePattern = (description: string) =>
  worded(description, /^[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?$/, {
    what: "rule id",
    fix: "write a rule's id, where `*` may stand for any characters",
    example: "checkout-*",
    most: 100,
  });

const inhibition = z
  .strictObject({
    rules: z
      .array(rulePattern("A rule's id; `*` stands for any characters."))
      .min(1)
      .max(50)
      .meta({ description: "Rules whose alerts this one explains.", examples: ["[checkout-*]"] }),
    where: labelValues("Labels of what is explained and their values; all must hold.").optional(),
    equal: z
      .array(field("Label"))
      .max(10)
      .meta({
        description: "Labels that must have the same value on both sides; default none.",
        examples: ["[service.environment]"],
      })
      .optional(),
  })
  .meta({ description: "While an alert of this rule lasts, alerts that it explains get no ticket of their own." });

const ownership = (of: string, byDefault: Ownership) =>
  z
    .enum(ownerships)
    .meta({ description: `${of}: create_only | until_human_edit | always; default ${byDefault}.` })
    .optional();

const ticket = z
  .strictObject({
    issue_type: text("Issue type; wins over the owner's and the tracker's.", { most: 100, example: "Bug" }).optional(),
    labels: z
      .array(template("Label; may be a template.", "reliability"))
      .max(20)
      .meta({ description: "Labels beside the owner's.", examples: ["[reliability]"] })
      .optional(),
    fields: z
      .record(z.string(), z.json())
      .meta({
        description: "Raw field values by field id; text in them may be a template.",
        examples: ["{ customfield_10010: { value: red } }"],
      })
      .optional(),
    on_quiet: z
      .enum(["comment", "transition", "none"])
      .meta({ description: "When all is quiet; default comment." })
      .optional(),
    on_return: z
      .enum(["reopen", "new_linked", "comment"])
      .meta({ description: "When it comes back after Done; default reopen." })
      .optional(),
    on_wont_do: z
      .enum(["suppress", "new_linked"])
      .meta({ description: "When closed as won't do; default suppress." })
      .optional(),
    done_grace: duration(
      "How long after Done it may go on before that is told: the fix may be on its way; default 24h.",
      {
        most: 90 * day,
      },
    ).optional(),
    return_within: duration(
      "A return within this time after Done is as on_return says, a later one a new ticket; default 30d.",
      {
        most: 366 * day,
      },
    ).optional(),
    suppress_for: duration("How long a won't do holds, unless it gets worse; default 90d.", {
      most: 3_660 * day,
    }).optional(),
    verify_for: duration("How long it must be evaluated clear after Done to count as verified; default 7d.", {
      least: minute,
      most: 90 * day,
    }).optional(),
    ownership: z
      .strictObject({
        priority: ownership("The priority", "until_human_edit"),
        labels: ownership("Labels of rule and owner", "until_human_edit"),
        summary: ownership("The summary", "create_only"),
        description: ownership("The description", "create_only"),
        assignee: ownership("The assignee", "create_only"),
      } satisfies Record<TicketField, unknown>)
      .meta({ description: "Which fields Backfeed may write again after the ticket was filed." })
      .optional(),
  })
  .meta({ description: "How the ticket looks and lives." });

/** One rule as it is written, after `defaults` are merged into it. */
export const ruleSchema = z
  .strictObject({
    id: name("Unique over all files; part of the identity of its tickets, so keep it.", "id", "checkout-errors"),
    formerly: z
      .array(name("An id it had before.", "id", "checkout-errors"))
      .max(20)
      .meta({ description: "Ids it had before: its tickets stay its own.", examples: ["[checkout-5xx]"] })
      .optional(),
    title: template(
      "The ticket's summary, a Liquid template.",
      '{{ labels["service.name"] }}: {{ value | percent }} of requests fail',
    ),
    why: text("For the product owner: what this means for people.", {
      most: 2_000,
      example: "People see an error page instead of a paid order.",
    }),
    severity: z.enum(severities).meta({ description: "A fact about the problem; default warning." }).optional(),
    owner: text("An owner of the owners file; default `default`.", { most: 100, example: "payments" }).optional(),
    runbook: worded("Where it says what to do.", /^https?:\/\/[^\s<>"]+$/, {
      what: "web address",
      fix: "write an address that begins with https://",
      example: "https://runbooks.example.com/checkout-errors",
      most: 2_000,
    }).optional(),
    mode: z
      .enum(modes)
      .meta({ description: "file | dry_run (decide and show, send nothing) | report (pages only); default file." })
      .optional(),
    schedule: text("When it is evaluated: cron, five fields, or six with seconds first; default every minute.", {
      most: 200,
      example: "* * * * *",
    }).optional(),
    timezone: text("IANA timezone of the schedule and of `versus`; default UTC.", {
      most: 100,
      example: "Europe/Berlin",
    }).optional(),
    signal,
    when,
    until: until.optional(),
    overrides: z
      .array(override)
      .max(100)
      .meta({
        description: "Other limits for some label sets; the first that matches wins.",
        examples: ["[{ where: { service.name: search }, when: { above: 10% } }]"],
      })
      .optional(),
    no_data: z
      .enum(["keep", "breach", "clear"])
      .meta({ description: "What no data means for an alert; default keep." })
      .optional(),
    keep_for: duration("How long `keep` holds before the episode ends as vanished; default 24h, 7d for `absent`.", {
      least: minute,
      most: 90 * day,
    }).optional(),
    known_for: duration("How long a label set that was seen is judged although it reports nothing; default 7d.", {
      least: minute,
      most: 90 * day,
    }).optional(),
    problem: name(
      "Rules with the same problem and the same group values share one finding; default the rule's id.",
      "problem",
      "checkout-down",
    ).optional(),
    group: z
      .array(field("Field"))
      .max(10)
      .meta({
        description: "A subset of `signal.by`: alerts that share a ticket; default all of it; [] is one ticket.",
        examples: ["[service.name]"],
      })
      .optional(),
    impact: impact.optional(),
    evidence: evidence.optional(),
    ticket: ticket.optional(),
    inhibits: z
      .array(inhibition)
      .max(50)
      .meta({
        description: "Which alerts of other rules this one explains: they get no ticket while it lasts.",
        examples: ["[{ rules: [checkout-*], equal: [service.environment] }]"],
      })
      .optional(),
  })
  .meta({ description: "One rule: which number, when it is bad, how alerts group, how tickets behave." });

const partOfSignal = signal.partial().meta({
  description: "Which number is watched; `defaults` and rule together.",
  examples: ["{ measure: count, window: 5m }"],
});

const defaultsSchema = ruleSchema
  .omit({ id: true, formerly: true, inhibits: true })
  .partial()
  .extend({ signal: partOfSignal.optional() })
  .meta({ description: "Merged into every rule of the file key by key; lists replace." });

/** A rule file as it is written; `rules` is only a list here, since each rule is checked after the merge. */
export const ruleFileSchema = z
  .strictObject({
    apiVersion: z.literal("backfeed/v1").meta({ description: "backfeed/v1", examples: ["backfeed/v1"] }),
    defaults: defaultsSchema.optional(),
    rules: z
      .array(z.unknown())
      .max(2_000)
      .meta({ description: "The rules.", examples: ["[]"] }),
  })
  .meta({ description: "A rule file.", examples: ["apiVersion: backfeed/v1"] });

/** What an editor should complete: as `ruleFileSchema`, with rules in full, where `defaults` may give any key. */
export const ruleFileEditorSchema = ruleFileSchema.extend({
  rules: z
    .array(ruleSchema.partial().required({ id: true }).extend({ signal: partOfSignal.optional() }))
    .meta({ description: "The rules." }),
});

export type RuleInput = z.output<typeof ruleSchema>;
export type WhenInput = z.output<typeof when>;
export type BurnInput = z.output<typeof burn>;
export type UntilInput = z.output<typeof until>;
export const keepForDefaultMs = { absent: 7 * day, other: 24 * hour };
