import { z } from "zod";
import { isActive, type Silence } from "../../model/silence.ts";
import { instant, labels } from "./common.ts";

export const silenceView = z.object({
  id: z.string(),
  matchers: labels,
  ruleId: z.string().optional(),
  author: z.string(),
  reason: z.string(),
  untilWorse: z.boolean().meta({
    description:
      "For each finding it ends when that gets a band worse than when it was silenced; `endsAt` is the latest.",
  }),
  startsAt: instant,
  endsAt: instant,
  createdAt: instant,
  endedAt: instant.optional().meta({ description: "When an operator ended it early." }),
  active: z.boolean().meta({ description: "Whether it holds now." }),
});

export function viewSilence(silence: Silence, now: number): z.infer<typeof silenceView> {
  const { id, matchers, ruleId, author, reason, startsAt, endsAt, createdAt, endedAt, untilWorse = false } = silence;
  const active = isActive(silence, now);
  return {
    id,
    matchers: { ...matchers },
    ruleId,
    author,
    reason,
    untilWorse,
    startsAt,
    endsAt,
    createdAt,
    endedAt,
    active,
  };
}
