import { z } from "zod";
import { formatLabels } from "../../model/labels.ts";
import { areSilenced, type Silence } from "../../model/silence.ts";
import { formatInstant } from "../../model/time.ts";
import { cutCodePoints } from "../../support/clean-text.ts";
import { day } from "../../support/duration.ts";
import { BackfeedError } from "../../support/errors.ts";
import { nearest } from "../../support/yaml/closest.ts";
import type { Audit } from "../audit.ts";
import { RequestFault } from "../faults.ts";
import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";
import { pageOf, pageQuery, viewPage } from "../views/common.ts";
import { silenceView, viewSilence } from "../views/silence-view.ts";

const longestMs = 90 * day;
/** Of one that holds until it gets worse: somebody should look at it again some day. */
const longestUntilWorseMs = 365 * day;
const mostLabels = 20;
/** Of how many open findings it is asked whether a silence concerns them, and on how many that is noted. */
const findingsAsked = 1_000;
const findingsNoted = 50;
/** Of how many rules it is asked whether they were meant by an id that is none. */
const nearRules = 3;
/** Characters of a timeline's sentence that name what is silenced. */
const mostWords = 300;

// zod leaves the name `__proto__` out of a record, and a silence must not become wider than what was asked for.
const matchers = z
  .unknown()
  .refine((value) => typeof value !== "object" || value === null || !Object.hasOwn(value, "__proto__"), {
    message: "no label is called __proto__",
  })
  .pipe(z.record(z.string().min(1).max(300), z.string().max(1_000)))
  .refine((labels) => Object.keys(labels).length <= mostLabels, { message: `at most ${mostLabels} labels` });

export function silenceRoutes(program: ServerProgram, audit: Audit): readonly Route[] {
  const { silences, history } = program;
  /** Open findings that it silences by itself. */
  const concerned = async (silence: Silence) => {
    const { ruleId } = silence;
    const filter = ruleId === undefined ? {} : { rule: ruleId };
    const open = await history.findings({ state: "open", limit: findingsAsked, ...filter });
    return open.items
      .filter(({ worst, others }) => areSilenced([worst, ...others], [silence]))
      .slice(0, findingsNoted)
      .map(({ id }) => id);
  };

  /** What to say of a rule that nothing can come from; false for one that is loaded, or that a finding still names. */
  const unknownRule = async (ruleId: string): Promise<string | false> => {
    const known = await program.ruleIds();
    if (known.includes(ruleId)) return false;
    if ((await history.findings({ rule: ruleId, limit: 1 })).items.length > 0) return false;
    const near = nearest(ruleId, known, nearRules).map((id) => `\`${id}\``);
    return `no rule with this id is loaded: ${near.length > 0 ? `did you mean ${near.join(" or ")}?` : "`/api/v1/rules` lists them"}`;
  };

  return [
    route({
      method: "get",
      path: "/api/v1/silences",
      operation: "listSilences",
      summary: "Silences, newest first, those that are over included.",
      access: "viewer",
      query: pageQuery,
      answer: { kind: "json", name: "SilencePage", schema: pageOf(silenceView) },
      handle: async ({ query, now }) => viewPage(await silences.list(query), (silence) => viewSilence(silence, now)),
    }),
    route({
      method: "post",
      path: "/api/v1/silences",
      operation: "addSilence",
      summary: "From now on nothing is told of alerts that have these labels, or are of this rule, or both.",
      access: "operator",
      body: {
        matchers: matchers.optional(),
        ruleId: z.string().min(1).max(200).optional(),
        reason: z.string().trim().min(1).max(500),
        untilWorse: z
          .boolean()
          .optional()
          .meta({ description: "Hold for each finding only until it gets a band worse than it is now, or at first." }),
        endsAt: z.number().int().optional().meta({
          description:
            "Milliseconds since 1970; at most 90 days ahead. With `untilWorse` at most 365 days, which is the default then.",
        }),
      },
      answer: { kind: "json", name: "Silence", schema: silenceView },
      handle: async ({ body, caller, now }) => {
        const { matchers: labels = {}, ruleId, reason, untilWorse = false } = body;
        const latest = now + (untilWorse ? longestUntilWorseMs : longestMs);
        const endsAt = body.endsAt ?? (untilWorse ? latest : undefined);
        const nothingNamed = ruleId === undefined && Object.keys(labels).length === 0;
        refuseFaults({
          matchers: nothingNamed && "name a rule or at least one label",
          ruleId: ruleId !== undefined && (await unknownRule(ruleId)),
          endsAt: endFault(endsAt, now, latest),
        });
        if (endsAt === undefined) throw new BackfeedError("internal", "a silence without an end was not refused");
        const times = { startsAt: now, endsAt, createdAt: now };
        const worse = untilWorse ? { untilWorse } : {};
        const silence = await silences.add({
          matchers: labels,
          ruleId,
          author: caller.name,
          reason,
          ...worse,
          ...times,
        });
        await audit(await concerned(silence), {
          at: now,
          caller,
          code: "silence_added",
          did: `silenced ${wordsOf(silence)} ${untilWorse ? "until it gets worse, at the latest " : ""}until ${formatInstant(endsAt)}: ${silence.reason}`,
          facts: { silence: silence.id },
        });
        return viewSilence(silence, now);
      },
    }),
    route({
      method: "post",
      path: "/api/v1/silences/{id}/end",
      operation: "endSilence",
      summary: "Ends a silence now: what is still open is decided anew at its next tick.",
      access: "operator",
      faults: [404, 409],
      params: { id: z.string().regex(/^\d{1,15}$/, "a silence's id") },
      answer: { kind: "json", name: "SilenceEnded", schema: silenceView },
      handle: async ({ params: { id }, caller, now }) => {
        const silence = await silences.end(id, now);
        await audit(await concerned(silence), {
          at: now,
          caller,
          code: "silence_ended",
          did: `ended the silence of ${wordsOf(silence)}`,
          facts: { silence: id },
        });
        return viewSilence(silence, now);
      },
    }),
  ];
}

function endFault(endsAt: number | undefined, now: number, latest: number): string | false {
  if (endsAt === undefined) return "say when it ends, or `untilWorse`";
  if (endsAt > now && endsAt <= latest) return false;
  return `this is not within the next ${(latest - now) / day} days`;
}

/** What a schema of one member cannot see, told as the schemas tell it. */
function refuseFaults(told: Readonly<Record<string, string | false>>): void {
  const faults = Object.entries(told).flatMap(([at, message]) =>
    message === false ? [] : [{ in: "body", at, message }],
  );
  if (faults.length === 0) return;
  throw new RequestFault(400, "invalid_request", "the request is not as documented", { details: { faults } });
}

function wordsOf({ ruleId, matchers: labels }: Silence): string {
  const named = Object.keys(labels).length === 0 ? [] : [formatLabels(labels)];
  return cutCodePoints([...(ruleId === undefined ? [] : [`rule ${ruleId}`]), ...named].join(", "), mostWords);
}
