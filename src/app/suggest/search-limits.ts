/** A limit, as how bad something must be to be over it, and what it would have made. */
export interface Tried {
  readonly badness: number;
  readonly episodes: number;
}

/** Beyond it, what is bad half of the time is no matter of a limit. */
const mostShare = 0.5;

/**
 * For each number of episodes the most sensitive limit up to which no less sensitive one makes more: limits are tried from the
 * worst of what was measured downwards, at ranks that double, and then between the last good one and the first that is too much.
 * A limit far too low would make few episodes too, each without an end, and is never come to. Pure but for `count`.
 *
 * `worstFirst` is how bad each measured value was, sorted; at each of its ranks as many values are over the limit.
 */
export async function searchLimits(
  worstFirst: Float64Array,
  most: readonly number[],
  count: (badness: number) => Promise<number>,
): Promise<readonly (Tried | undefined)[]> {
  const counted = new Map<number, number>();
  const at = async (rank: number): Promise<Tried> => {
    const badness = worstFirst[rank] ?? Number.NaN;
    const known = counted.get(badness) ?? (await count(badness));
    counted.set(badness, known);
    return { badness, episodes: known };
  };
  const last = Math.floor(worstFirst.length * mostShare);
  const largest = Math.max(...most);
  /** In order of rank. */
  const tried: { readonly rank: number; readonly tried: Tried }[] = [];
  for (let rank = 0; rank <= last && rank < worstFirst.length; rank = Math.max(1, rank * 2)) {
    tried.push({ rank, tried: await at(rank) });
    if ((tried.at(-1)?.tried.episodes ?? 0) > largest) break;
  }
  const found: (Tried | undefined)[] = [];
  for (const allowed of most) {
    const tooMuch = tried.findIndex((each) => each.tried.episodes > allowed);
    const good = tooMuch < 0 ? tried.at(-1) : tried[tooMuch - 1];
    if (good === undefined) {
      found.push(undefined);
      continue;
    }
    let [best, low, high] = [good.tried, good.rank, tried[tooMuch]?.rank ?? good.rank];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const between = await at(middle);
      if (between.episodes > allowed) high = middle;
      else [best, low] = [between, middle];
    }
    found.push(best);
  }
  return found;
}
