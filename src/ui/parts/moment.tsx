import { formatAgo, formatMoment } from "../format.ts";

/** An instant as how long ago it was; the exact one on hover and for machines. */
export function Moment({ at, now = Date.now() }: { at: number; now?: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={formatMoment(at)}>
      {formatAgo(at, now)}
    </time>
  );
}

/** An instant in the reader's timezone. */
export function ExactMoment({ at }: { at: number }) {
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={iso}>
      {formatMoment(at)}
    </time>
  );
}
