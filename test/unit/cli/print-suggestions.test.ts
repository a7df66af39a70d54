import { expect } from "chai";
import type { KnobSuggestions, SuggestReport } from "../../../src/cli/ports.ts";
import { printSuggestions } from "../../../src/cli/print-suggestions.ts";

const none = "even the worst that was measured is over it too often";

function reportOf(measured: number): SuggestReport {
  const now = {
    ...{ limit: 0.05, until: { forMs: 600_000 }, tickets: 0, returns: 0, perMonth: 0, episodes: 0 },
    ...{ shortShare: undefined, lastedShare: 0 },
  };
  const suggestions = [1, 5, 20].map((perMonth) => ({ perMonth, outcome: undefined }));
  const knob: KnobSuggestions = { name: "above", unit: "ratio", measured, now, suggestions };
  return { rule: "errors", from: 0, to: 1, ticks: 1, labelSets: 1, requests: 1, knobs: [knob], caveats: [] };
}

describe("printed suggestions", () => {
  it("say that even the worst value is over it too often, of values that there were", () => {
    expect(printSuggestions(reportOf(12), false)).to.include(none);
  });

  it("say nothing of the worst value where nothing was measured", () => {
    expect(printSuggestions(reportOf(0), false)).not.to.include(none);
  });
});
