import { readFileSync } from "node:fs";
import { expect } from "chai";
import { actions, decisionReasons } from "../../../src/model/decision.ts";
import { findingStates } from "../../../src/model/finding.ts";
import { decided, told, vectors } from "./decide-vectors.ts";

interface Row {
  readonly key: string;
  /** `update: goes_on`, one for each action and reason that the row allows. */
  readonly decisions: readonly string[];
  readonly states: readonly string[];
}

/** The table of src/triage/README.md. */
function tableRows(): readonly Row[] {
  const text = readFileSync(new URL("../../../src/triage/README.md", import.meta.url), "utf8");
  const lines = text.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(2).map((line) => {
    const [finding = "", event = "", decisions = "", states = ""] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    return { key: `${finding} | ${event}`, decisions: decisionsOf(decisions), states: states.split(", ") };
  });
}

/** `comment, transition: all_quiet; none: unchanged` as each of its pairs. */
function decisionsOf(cell: string): readonly string[] {
  return cell.split("; ").flatMap((part) => {
    const [said = "", why = ""] = part.split(": ");
    return said.split(", ").flatMap((action) => why.split(", ").map((reason) => `${action}: ${reason}`));
  });
}

const rows = tableRows();

describe("the table of decisions", () => {
  it("has a row for each of these vectors, and vectors for each row", () => {
    expect(rows.map(({ key }) => key)).to.deep.equal(Object.keys(vectors));
  });

  it("speaks of actions, reasons and states that there are", () => {
    for (const { decisions, states } of rows) {
      for (const decision of decisions) {
        const [action, reason] = decision.split(": ");
        expect(actions).to.include(action);
        expect(decisionReasons).to.include(reason);
      }
      for (const state of states) expect(findingStates).to.include(state);
    }
  });

  for (const { key, decisions, states } of rows) {
    describe(key, () => {
      for (const [position, [given, expected]] of (vectors[key] ?? []).entries()) {
        it(`${position + 1} -> ${expected}`, () => {
          expect(told(given)).to.equal(expected);
          expect(decisions).to.include(expected.replace(/ \(.*/, ""));
          expect(states).to.include(decided(given).state);
        });
      }

      it("reaches every decision it names", () => {
        const reached = new Set((vectors[key] ?? []).map(([given]) => told(given).replace(/ \(.*/, "")));
        expect(decisions.filter((decision) => !reached.has(decision))).to.deep.equal([]);
      });
    });
  }

  it("reaches every reason that decide can give", () => {
    const elsewhere = ["pending", "grouped"];
    const named = new Set(rows.flatMap(({ decisions }) => decisions.map((each) => each.split(": ")[1])));
    expect(decisionReasons.filter((reason) => !named.has(reason))).to.deep.equal(elsewhere);
  });
});
