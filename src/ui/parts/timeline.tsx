import type { TimelineEvent } from "../api/answers.ts";
import { eventWords } from "../words.ts";
import { ExactMoment } from "./moment.tsx";

const kindWords: Readonly<Record<TimelineEvent["kind"], string>> = {
  state: "state",
  decision: "decision",
  delivery: "delivery",
  priority: "priority",
  operator: "person",
  ticket: "ticket",
};

/** What happened, the newest first. */
export function Timeline({ events }: { events: readonly TimelineEvent[] }) {
  if (events.length === 0) return <p className="dimmed">Nothing has happened yet.</p>;
  // Of one instant the last comes first, too: what was delivered above what was decided.
  const newestFirst = [...events].reverse().sort((a, b) => b.at - a.at);
  return (
    <ol className="timeline">
      {newestFirst.map((event) => (
        <li key={`${event.at} ${event.code} ${event.text}`} data-kind={event.kind}>
          <span className="timeline-head">
            <ExactMoment at={event.at} /> <span className="dimmed">{kindWords[event.kind]}</span>
          </span>
          <bdi>{eventWords(event)}</bdi>
        </li>
      ))}
    </ol>
  );
}
