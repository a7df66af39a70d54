import type { Rule } from "../model/rule.ts";
import type { Clock } from "../support/clock.ts";
import { type Fault, formatFault, sortedFaults } from "../support/yaml/fault.ts";
import type { RuleContext } from "./context.ts";
import { type RuleFile, readRuleFile } from "./read-rule-file.ts";
import { type FoundFile, type FoundFiles, listRuleFiles, mostRuleFiles, readRuleFiles } from "./rule-files.ts";
import { ruleKey, type SelectedRules, selectRules } from "./select-rules.ts";

/** What is loaded. A value: the next load makes another. */
export interface CatalogueState extends SelectedRules {
  /** Rises by one whenever the rules or the faults change; 1 after the first load. */
  readonly generation: number;
  readonly files: number;
}

export interface CatalogueChange {
  readonly state: CatalogueState;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface CatalogueOptions {
  readonly patterns: readonly string[];
  readonly baseDirectory: string;
  readonly context: RuleContext;
  /** Told after each load that changed something, also the first. */
  readonly onLoad?: (change: CatalogueChange) => void;
  /** Which files; default those that match the patterns. */
  readonly listFiles?: () => Promise<readonly string[]>;
  /** Those are not all of them. */
  readonly partial?: boolean;
}

export interface Catalogue {
  /** What is loaded now; nothing before the first load. */
  current(): CatalogueState;
  /** Reads the files now, and takes what they say. */
  reload(): Promise<CatalogueState>;
  /**
   * Looks at the files. A change is taken when two looks in a row find the same: a file half written, or missing for
   * the moment in which an editor or a ConfigMap swaps it, is not what anybody meant. Gives whether rules or faults changed.
   */
  poll(): Promise<boolean>;
  /** Polls every `intervalMs` until the signal aborts. */
  watch(options: WatchOptions): Promise<void>;
}

interface WatchOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Default 2 s: a change is taken within 4. */
  readonly intervalMs?: number;
  readonly onChange?: (state: CatalogueState) => void;
}

/** What is there before the first load. */
export const noRules: CatalogueState = {
  generation: 0,
  files: 0,
  rules: [],
  kept: [],
  notLoaded: [],
  complete: true,
  faults: [],
  hash: "",
};

/** Holds the rules that run. Content decides, not time stamps or watches, so that no way of replacing a file is missed. */
export function createCatalogue(options: CatalogueOptions): Catalogue {
  const { baseDirectory, context } = options;
  const listFiles = options.listFiles ?? (() => listRuleFiles(options));
  let state = noRules;
  let taken: FoundFiles | undefined;
  let seen: string | undefined;
  let parsed = new Map<string, { readonly hash: string; readonly file: RuleFile }>();
  let queue: Promise<unknown> = Promise.resolve();

  /** One look or load at a time, in order. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  const look = async () => readRuleFiles(await listFiles(), [...(taken?.files.keys() ?? [])], baseDirectory);

  const parse = (name: string, found: FoundFile): RuleFile => {
    const before = parsed.get(name);
    if (before?.hash === found.hash) return before.file;
    return found.kind === "read" ? readRuleFile(name, found.bytes, context) : failedFile(name, found.code);
  };

  const take = (found: FoundFiles): boolean => {
    taken = found;
    seen = undefined;
    const next = new Map<string, { readonly hash: string; readonly file: RuleFile }>();
    for (const [name, file] of found.files) next.set(name, { hash: file.hash, file: parse(name, file) });
    parsed = next;
    const before = state;
    const files = [...next.values()].map(({ file }) => file);
    const selected = withCatalogueFaults(
      selectRules(files, before.rules, options),
      found,
      before.rules,
      options.patterns,
    );
    const same = selected.hash === before.hash && faultsKey(selected.faults) === faultsKey(before.faults);
    state = { ...selected, generation: same ? before.generation : before.generation + 1, files: files.length };
    if (!same) options.onLoad?.({ state, ...differences(before.rules, state.rules) });
    return !same;
  };

  const poll = () =>
    inTurn(async () => {
      const found = await look();
      if (found.hash === taken?.hash) {
        seen = undefined;
        return false;
      }
      if (found.hash !== seen) {
        seen = found.hash;
        return false;
      }
      return take(found);
    });

  return {
    current: () => state,
    reload: () =>
      inTurn(async () => {
        take(await look());
        return state;
      }),
    poll,
    async watch({ signal, clock, intervalMs = 2_000, onChange }) {
      while (!signal.aborted) {
        try {
          await clock.sleep(intervalMs, signal);
        } catch (thrown) {
          if (signal.aborted) return;
          throw thrown;
        }
        if (await poll()) onChange?.(state);
      }
    },
  };
}

/** No file at all after there were rules is a folder that is not mounted, not a wish: everything goes on. */
function withCatalogueFaults(
  selected: SelectedRules,
  found: FoundFiles,
  running: readonly Rule[],
  patterns: readonly string[],
): SelectedRules {
  const name = patterns.join(", ");
  const fault = (message: string, fix: string, severity: Fault["severity"]): Fault => ({
    file: name,
    line: 1,
    column: 1,
    path: "",
    message,
    fix,
    severity,
  });
  if (found.files.size === 0) {
    const lost = running.length > 0;
    const none = fault(
      lost ? "no rule file matches any more; the rules that were loaded go on" : "no rule file matches",
      lost
        ? "bring the folder back; to run without rules, restart"
        : "write rules there, or name their place in `rules` of the configuration",
      lost ? "error" : "warning",
    );
    const base = lost
      ? { ...selected, rules: running, kept: running.map((rule) => rule.id), complete: false }
      : selected;
    return { ...base, faults: [...selected.faults, none] };
  }
  if (found.beyondLimit === 0) return selected;
  const tooMany = fault(
    `${found.beyondLimit} rule files beyond the limit of ${mostRuleFiles} are not read`,
    "put several rules into one file",
    "error",
  );
  return { ...selected, complete: false, faults: sortedFaults([...selected.faults, tooMany]) };
}

function failedFile(file: string, code: string): RuleFile {
  const message = code === "ENOENT" ? "there is no such file" : `the file cannot be read (${code})`;
  const fix = "check the path and who may read it";
  return {
    file,
    readable: false,
    entries: [],
    faults: [{ file, line: 1, column: 1, path: "", message, fix, severity: "error" }],
  };
}

function differences(before: readonly Rule[], after: readonly Rule[]) {
  const was = new Map(before.map((rule) => [rule.id, ruleKey(rule)]));
  const is = new Set(after.map((rule) => rule.id));
  return {
    added: after.filter((rule) => !was.has(rule.id)).map((rule) => rule.id),
    changed: after.filter((rule) => was.has(rule.id) && was.get(rule.id) !== ruleKey(rule)).map((rule) => rule.id),
    removed: before.filter((rule) => !is.has(rule.id)).map((rule) => rule.id),
  };
}

function faultsKey(faults: readonly Fault[]): string {
  return faults.map(formatFault).join("\n");
}
