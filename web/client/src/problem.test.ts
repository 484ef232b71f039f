import { describe, expect, it } from "vitest";

import { ApiProblem, asProblem, problemOf } from "./problem";

describe("a problem", () => {
  it("carries the code, the sentence and the facts of the answer", () => {
    const problem = problemOf(409, {
      code: "plan.conflict",
      detail: "The plan was changed.",
      yours: 3,
      now: 5,
    });
    expect(problem.code).toBe("plan.conflict");
    expect(problem.kind).toBe("conflict");
    expect(problem.detail).toBe("The plan was changed.");
    expect(problem.facts["now"]).toBe(5);
  });

  it.each([
    [401, "signed_out"],
    [403, "forbidden"],
    [404, "missing"],
    [409, "conflict"],
    [412, "conflict"],
    [422, "refused"],
    [429, "busy"],
    [500, "broken"],
    [0, "offline"],
  ])("of status %i is %s", (status, kind) => {
    expect(problemOf(status, null).kind).toBe(kind);
  });

  it("without details is named by its status", () => {
    expect(problemOf(418, "<html>").code).toBe("http.418");
  });

  it("may pass when it is not about what was sent", () => {
    expect(problemOf(503, null).passing).toBe(true);
    expect(problemOf(422, null).passing).toBe(false);
  });
});

it("lets what is no answer of the server fall", () => {
  expect(() => asProblem(new TypeError("a slip in our own code"))).toThrow(TypeError);
  const problem = new ApiProblem(404, {});
  expect(asProblem(problem)).toBe(problem);
});
