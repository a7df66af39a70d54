const longestWord = 100;

/** Candidates that may have been meant, the nearest first: those that hold the word or are in it count as near too. */
export function nearest(word: string, candidates: readonly string[], most: number): readonly string[] {
  const wanted = normalized(word);
  if (wanted.length > longestWord) return [];
  const farthest = Math.max(1, Math.floor(wanted.length / 3));
  const near = candidates.flatMap((candidate) => {
    const name = normalized(candidate);
    const slip =
      Math.abs(name.length - wanted.length) <= farthest ? editDistance(wanted, name) : Number.POSITIVE_INFINITY;
    const part = name.includes(wanted) || wanted.includes(name);
    const distance = slip <= farthest ? slip : farthest + 1;
    return slip <= farthest || part ? [{ candidate, distance }] : [];
  });
  return near
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** The candidate that was probably meant, by edit distance; undefined when none is near. For "did you mean". */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = normalized(word);
  if (wanted.length > longestWord) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, normalized(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean …?` to put after a message, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const meant = closest(word, candidates);
  return meant === undefined ? "" : `, did you mean \`${meant}\`?`;
}

/** Candidates for a message, at most twenty of them. */
export function listed(candidates: readonly string[]): string {
  if (candidates.length === 0) return "none is configured";
  const shown = candidates.slice(0, 20).map((candidate) => `\`${candidate}\``);
  return candidates.length > 20 ? `${shown.join(", ")} and ${candidates.length - 20} more` : shown.join(", ");
}

/** `newTickets`, `new-tickets` and `new_tickets` are the same slip. */
function normalized(word: string): string {
  return word
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase();
}

/** Optimal string alignment: insert, delete, replace, swap of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
