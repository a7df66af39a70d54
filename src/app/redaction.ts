import type { Block, Document, Inline } from "../model/document.ts";
import type { EvidenceRequest, SectionRequest } from "../model/evidence.ts";
import type { Labels } from "../model/labels.ts";
import type { OutboxAction } from "../model/outbox.ts";
import type { Answer, BatchAnswer, HistoryAnswer, Observation, PastAnswers, ProbeAnswer } from "../model/query.ts";
import type { Source } from "../sources/source.ts";
import { asBackfeedError, BackfeedError } from "../support/errors.ts";

export type Redact = (text: string) => string;

/** Label values repeat at every tick; looking for secrets in each costs more than remembering. */
const mostRemembered = 50_000;

/**
 * A source whose labels and failures hold no secrets: they are redacted before anything is hashed, stored or shown.
 * Two values that differ only in a secret become one label set, and the larger observation stands for both.
 */
export function redactingSource(source: Source, redact: Redact): Source {
  const remembered = new Map<string, string>();
  const label = (value: string): string => {
    let clean = remembered.get(value);
    if (clean === undefined) {
      clean = redact(value);
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.set(value, clean);
    }
    return clean;
  };
  const { history } = source;
  return {
    name: source.name,
    ...(history === undefined
      ? {}
      : {
          async history(batch, signal): Promise<HistoryAnswer> {
            const { answers, probes, requests } = await history.call(source, batch, signal);
            return {
              requests,
              answers: answers.map((past) => redactPast(past, (each) => redactAnswer(each, label, redact), redact)),
              probes: probes.map((past) => redactPast(past, (each) => redactProbe(each, redact), redact)),
            };
          },
        }),
    samples: (request, signal) => source.samples(request, signal),
    async messages(request, signal) {
      const { messages, more } = await source.messages(request, signal).catch((thrown: unknown) => {
        const { kind, message, retryable } = asBackfeedError(thrown);
        throw new BackfeedError(kind, redact(message), { retryable, cause: thrown });
      });
      return { messages: messages.map(({ at, text }) => ({ at, text: redact(text) })), more };
    },
    series: (request, signal) => source.series(request, signal),
    async lines(request, signal) {
      const { lines, more } = await source.lines(request, signal);
      return { lines: lines.map((line) => ({ ...line, labels: redactLabels(line.labels, label) })), more };
    },
    check: (queries, signal) => source.check(queries, signal),
    close: () => source.close(),
    async answer(batch, signal): Promise<BatchAnswer> {
      const answer = await source.answer(batch, signal);
      return {
        requests: answer.requests,
        answers: answer.answers.map((each) => redactAnswer(each, label, redact)),
        probes: answer.probes.map((each) => redactProbe(each, redact)),
      };
    },
  };
}

function redactAnswer(answer: Answer, label: Redact, redact: Redact): Answer {
  if (answer.kind === "failed") {
    return { kind: "failed", failure: { ...answer.failure, message: redact(answer.failure.message) } };
  }
  let changed = false;
  const observations = answer.observations.map((observation) => {
    const labels = redactLabels(observation.labels, label);
    if (labels === observation.labels) return observation;
    changed = true;
    return { ...observation, labels };
  });
  return changed ? { ...answer, observations: mergeEqual(observations) } : answer;
}

function redactPast<Part>(past: PastAnswers<Part>, part: (part: Part) => Part, redact: Redact): PastAnswers<Part> {
  if (past.kind === "failed") {
    return { kind: "failed", failure: { ...past.failure, message: redact(past.failure.message) } };
  }
  return { kind: "answered", windows: past.windows.map((each) => (each === undefined ? undefined : part(each))) };
}

function redactProbe(answer: ProbeAnswer, redact: Redact): ProbeAnswer {
  if (answer.kind === "answered") return answer;
  return { kind: "failed", failure: { ...answer.failure, message: redact(answer.failure.message) } };
}

/** The same object when nothing was found in it. */
function redactLabels(labels: Labels, label: Redact): Labels {
  let clean: Record<string, string> | undefined;
  for (const name in labels) {
    const value = labels[name] ?? "";
    const redacted = label(value);
    if (redacted === value) continue;
    clean ??= { ...labels };
    clean[name] = redacted;
  }
  return clean ?? labels;
}

function mergeEqual(observations: readonly Observation[]): readonly Observation[] {
  const byLabels = new Map<string, Observation>();
  for (const observation of observations) {
    const key = JSON.stringify(Object.entries(observation.labels).sort());
    const other = byLabels.get(key);
    if (other === undefined || observation.events > other.events) byLabels.set(key, observation);
  }
  return [...byLabels.values()];
}

/** Everything in an intent that people will read, without secrets. Identity, route and queries stay as they are. */
export function redactAction(action: OutboxAction, redact: Redact): OutboxAction {
  switch (action.kind) {
    case "create":
      return redactCreate(action, redact);
    case "comment": {
      const document = redactDocument(action.document, redact);
      return { ...action, document, ...redactProof(action.evidence, redact) };
    }
    case "reopen": {
      const closedDocument = redactDocument(action.closedDocument, redact);
      const document = redactDocument(action.document, redact);
      return { ...action, document, closedDocument, ...redactProof(action.evidence, redact) };
    }
    case "link":
      return action;
    case "labels":
      return { ...action, add: action.add.map(redact), remove: action.remove.map(redact) };
    case "field":
      return { ...action, value: redact(action.value) };
    default:
      return { ...action, document: redactDocument(action.document, redact) };
  }
}

function redactProof(evidence: EvidenceRequest | undefined, redact: Redact): { evidence?: EvidenceRequest } {
  return evidence === undefined ? {} : { evidence: redactEvidence(evidence, redact) };
}

function redactCreate(action: Extract<OutboxAction, { kind: "create" }>, redact: Redact): OutboxAction {
  const document = redactDocument(action.document, redact);
  const { page } = action;
  return {
    ...action,
    document,
    summary: redact(action.summary),
    evidence: redactEvidence(action.evidence, redact),
    page: page === undefined ? undefined : { ...page, title: redact(page.title) },
  };
}

function redactEvidence(request: EvidenceRequest, redact: Redact): EvidenceRequest {
  return {
    ...request,
    sections: request.sections.map((section) => ({
      ...section,
      about: redactDocument(section.about, redact),
      chart: redactChart(section.chart, redact),
      links: section.links.map(({ text, url }) => ({ text: redact(text), url: redact(url) })),
      infra: section.infra.map((infra) => ({
        ...infra,
        title: redact(infra.title),
        ask: "refused" in infra.ask ? { refused: redact(infra.ask.refused) } : infra.ask,
      })),
    })),
  };
}

function redactChart(chart: SectionRequest["chart"], redact: Redact): SectionRequest["chart"] {
  const marks = chart.marks?.map(({ at, label }) => ({ at, label: redact(label) }));
  return { ...chart, title: redact(chart.title), ...(marks === undefined ? {} : { marks }) };
}

function redactDocument(document: Document, redact: Redact): Document {
  return document.map((block) => redactBlock(block, redact));
}

function redactBlock(block: Block, redact: Redact): Block {
  const inline = (content: readonly Inline[]) => content.map((part) => redactInline(part, redact));
  switch (block.kind) {
    case "heading":
    case "code":
      return { ...block, text: redact(block.text) };
    case "paragraph":
      return { ...block, content: inline(block.content) };
    case "list":
      return { ...block, items: block.items.map(inline) };
    case "table":
      return { ...block, rows: block.rows.map((row) => row.map(inline)) };
  }
}

function redactInline(part: Inline, redact: Redact): Inline {
  return part.kind === "link"
    ? { ...part, text: redact(part.text), url: redact(part.url) }
    : { ...part, text: redact(part.text) };
}
