import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { ApiProblem } from "../../problem";
import { fresh, type Action, type StepAction } from "./action";
import { replay } from "./replay";

const kept = vi.hoisted(() => ({ actions: [] as Action[] }));
vi.mock("./store", () => ({
  list: async () => ({ actions: kept.actions, newer: 0 }),
  save: async (changed: Action[]) => {
    kept.actions = kept.actions.map((one) => changed.find((other) => other.seq === one.seq) ?? one);
  },
}));

function step(seq: number, subject: string): StepAction {
  const common = fresh("p", `key-${seq}`, subject, "t", new Date());
  return { ...common, seq, kind: "step", action: "accept", note: "", version: 1, became: null };
}

const states = (): string[] => kept.actions.map((one) => one.state);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("navigator", {});
  kept.actions = [step(1, "a"), step(2, "b")];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("everything goes, one after the other", async () => {
  const sent: string[] = [];
  await expect(replay("p", async (one) => (sent.push(one.key), { version: 2 }), () => undefined)).resolves.toBe("idle");
  expect(sent).toEqual(["key-1", "key-2"]);
  expect(states()).toEqual(["delivered", "delivered"]);
});

it("an answer that never comes is given up, and nothing is lost", async () => {
  const ended = replay("p", () => new Promise(() => undefined), () => undefined);
  await vi.advanceTimersByTimeAsync(45_000);
  await expect(ended).resolves.toBe("idle");
  expect(states()).toEqual(["waiting", "waiting"]);
  expect(kept.actions[0]).toMatchObject({ tries: 1 });
});

it("a refusal of one does not keep another back", async () => {
  const post = async (one: Action): Promise<{ version: number }> => {
    if (one.key === "key-1") throw new ApiProblem(409, { code: "record.stale" });
    return { version: 2 };
  };
  await replay("p", post, () => undefined);
  expect(states()).toEqual(["conflict", "delivered"]);
});

it("without a sign-in everything stays as it is", async () => {
  const post = async (): Promise<never> => {
    throw new ApiProblem(401, { code: "session.none" });
  };
  await expect(replay("p", post, () => undefined)).resolves.toBe("signed_out");
  expect(states()).toEqual(["waiting", "waiting"]);
  expect(kept.actions[0]).toMatchObject({ tries: 0 });
});

it("where another tab is at it, this one leaves it alone", async () => {
  vi.stubGlobal("navigator", { locks: { request: (_: string, __: object, then: (lock: null) => unknown) => then(null) } });
  const post = vi.fn();
  await expect(replay("p", post, () => undefined)).resolves.toBe("idle");
  expect(post).not.toHaveBeenCalled();
});
