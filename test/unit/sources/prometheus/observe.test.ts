import { expect } from "chai";
import fc from "fast-check";
import { infinite } from "../../../../src/model/infinity.ts";
import { readInstant, readNumber } from "../../../../src/sources/prometheus/answer.ts";
import { observe } from "../../../../src/sources/prometheus/observe.ts";
import { planInstants } from "../../../../src/sources/prometheus/plan.ts";
import { promqlQuery } from "../../../support/promql-query.ts";

const series = (labels: Record<string, string>, value: number | undefined) => ({ labels, value });

describe("series of an expression", () => {
  it("are observations by their labels, one event each; one without the label is in no group", () => {
    const found = [
      series({ service: "a", zone: "1" }, 3),
      series({ service: "b" }, undefined),
      series({ service: "" }, 5),
      series({ zone: "1" }, 6),
    ];
    expect(observe(promqlQuery("x", ["service"]), found, [])).to.deep.equal({
      kind: "answered",
      observations: [
        { labels: { service: "a" }, value: 3, events: 1 },
        { labels: { service: "b" }, value: undefined, events: 1 },
      ],
      notAnswered: 0,
    });
  });

  it("that are none are no groups, and one observation of nothing without `by`", () => {
    const nothing = { labels: {}, value: undefined, events: 0 };
    expect(observe(promqlQuery("x"), [], [])).to.have.deep.property("observations", [nothing]);
    expect(observe(promqlQuery("x", ["service"]), [], [])).to.have.deep.property("observations", []);
  });

  it("that fall together are a failure with their labels and the way out, not a silent pick", () => {
    const two = [
      series({ service: "a", instance: "web-1", job: "j" }, 1),
      series({ service: "a", instance: 'web-2"\n', job: "j" }, 2),
    ];
    const answer = observe(promqlQuery("x", ["service"]), two, []);
    expect(answer).to.deep.equal({
      kind: "failed",
      failure: {
        code: "refused",
        retryable: false,
        message:
          'several series fall together under `by: [service]`: {instance="web-1"} and {instance="web-2\\""}. ' +
          "Aggregate them, such as `max by (service) (…)`, or add `instance` to `by`",
      },
    });
    const alone = observe(promqlQuery("x"), two, []);
    expect(alone).to.have.nested.property("failure.message").that.contains("without `by`").and.contains("`max(…)`");
  });

  it("are the largest when there are too many, and those that must be answered before them", () => {
    const many = Array.from({ length: 9 }, (_, place) => series({ service: `s${place}` }, place));
    const answer = observe(promqlQuery("x", ["service"], 3), many, [{ service: "s1" }]);
    if (answer.kind !== "answered") throw new Error("failed");
    expect(answer.observations.map(({ labels }) => labels["service"])).to.deep.equal(["s1", "s8", "s7"]);
    expect(answer.notAnswered).to.equal(6);
  });

  it("keep whatever their labels hold", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1, unit: "binary" }), { maxLength: 20 }), (names) => {
        const found = names.map((name, place) => series({ service: name, __proto__: "x" } as never, place));
        const answer = observe(promqlQuery("x", ["service"]), found, []);
        if (answer.kind !== "answered") throw new Error(answer.failure.message);
        expect(answer.observations.map(({ labels }) => labels["service"])).to.deep.equal(names);
      }),
    );
  });
});

describe("numbers of Prometheus", () => {
  it("are read as Go writes them: NaN is no value, infinities are what JSON can hold and compare", () => {
    const read = ["1.5", "-0.25", "1e+06", "NaN", "+Inf", "-Inf", "Inf", ""].map(readNumber);
    expect(read).to.deep.equal([1.5, -0.25, 1e6, undefined, infinite, -infinite, infinite, undefined]);
    expect(JSON.parse(JSON.stringify(infinite)))
      .to.equal(infinite)
      .and.greaterThan(1e300);
  });

  it("of a scalar are one series without labels", () => {
    expect(readInstant({ resultType: "scalar", result: [1, "4"] })).to.deep.equal([{ labels: {}, value: 4 }]);
  });
});

describe("plan of a metrics source", () => {
  it("asks for what was there at any time by a subquery that no comment can swallow", () => {
    const question = { query: promqlQuery("up # all", ["job"]), window: { from: 0, to: 604_800_000 }, mustAnswer: [] };
    const [instant] = planInstants([{ ...question, anyTime: true }], []);
    expect(instant?.expression).to.equal("last_over_time((up # all\n)[604800000ms:604800ms])");
    expect(planInstants([question, { ...question, anyTime: true }], [])).to.have.length(2);
  });
});
