// A process of its own that writes ticks until it is killed: `node store-writer-process.js URL` once compiled. It goes
// on where each rule stands, as the program does.
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import type { RuleCommit } from "../../src/store/store.ts";
import { alert, commentDraft, event, finding, quietCounts, ruleCommit, tick } from "./store-builders.ts";

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: store-writer-process.ts URL");
const store = await openSqlStore({ url });
process.stdout.write("open\n");

const names = Array.from({ length: 130 }, (_, index) => `rule-${index}`);
const states = await store.state.ruleStates();
const doneUntil = (name: string) => states.get(name)?.watermark ?? 0;

for (let at = Math.min(...names.map(doneUntil)) + 1; ; at++) {
  const rules = names.filter((name) => doneUntil(name) < at).map((name) => changed(name, at));
  const failures = await store.state.commitTick(tick(rules, at));
  if (failures.length > 0) throw new Error(failures[0]?.message);
  await new Promise((resolve) => process.stdout.write(`${at}\n`, resolve));
}

/** Everything a rule's commit can hold, each part carrying its tick. Most rules only move their watermark. */
function changed(name: string, at: number): RuleCommit {
  const state = { ...ruleCommit(name).state, watermark: at };
  if (Number(name.slice(5)) % 10 !== 0) return ruleCommit(name, { state, counts: quietCounts });
  return ruleCommit(name, {
    state,
    alertsChanged: [alert(name, { since: at })],
    labelSetsSeen: [{ ruleId: name, labels: { at: String(at) }, seenAt: at }],
    labelSetsForgotten: [{ at: String(at - 1) }],
    findings: [
      {
        finding: finding(name, { changedAt: at }),
        events: [event({ at })],
        outbox: [commentDraft(name, `m-${at}`, { createdAt: at })],
      },
    ],
  });
}
