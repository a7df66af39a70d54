import type { IssueRecord } from "./record.ts";

interface Version {
  visibleAt: number;
  /** undefined: deleted. */
  issue: IssueRecord | undefined;
}

/**
 * What search sees: each write becomes visible `lag` milliseconds after it was made, a delete too. Tests make it worse with
 * `hide` (an indexed issue is missing from the next searches: seen once, then gone) and `visible` (any rule of their own).
 */
export class SearchIndex {
  /** Milliseconds; applies to writes made from now on. */
  lag: number;
  /** Asked for each indexed issue and search (numbered from 1); false leaves it out. */
  visible: (view: { issueId: string; issueKey: string; search: number; now: number }) => boolean = () => true;

  readonly #clock: () => number;
  readonly #versions = new Map<string, Version[]>();
  readonly #hidden = new Map<string, number>();
  #searches = 0;

  constructor(options: { clock: () => number; lag: number }) {
    this.#clock = options.clock;
    this.lag = options.lag;
  }

  write(id: string, issue: IssueRecord | undefined): void {
    const versions = this.#versions.get(id) ?? [];
    versions.push({ visibleAt: this.#clock() + this.lag, issue: structuredClone(issue) });
    this.#versions.set(id, versions);
  }

  /** Makes all that was written visible now. */
  flush(): void {
    for (const versions of this.#versions.values()) for (const version of versions) version.visibleAt = this.#clock();
  }

  /** The issue is missing from the next `searches` searches, indexed or not. */
  hide(issueId: string, searches: number): void {
    this.#hidden.set(issueId, searches);
  }

  /** The issues as one search sees them, unordered. */
  view(): IssueRecord[] {
    const now = this.#clock();
    this.#searches++;
    const seen: IssueRecord[] = [];
    for (const [id, versions] of this.#versions) {
      const current = versions.findLastIndex((version) => version.visibleAt <= now);
      if (current > 0) versions.splice(0, current);
      const issue = current < 0 ? undefined : versions[0]?.issue;
      const hidden = this.#hidden.get(id) ?? 0;
      if (hidden > 0) this.#hidden.set(id, hidden - 1);
      if (issue === undefined || hidden > 0) continue;
      if (this.visible({ issueId: id, issueKey: issue.key, search: this.#searches, now })) seen.push(issue);
    }
    return seen;
  }
}
