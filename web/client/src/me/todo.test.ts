import { expect, it } from "vitest";

import type { IncidentRow, Task } from "../contract";
import { doneTask, fresh, type Action, type StepAction } from "./outbox/action";
import { applied, byUrgency, can, dayState, isWaiting, openTasks } from "./todo";

const AS_OF = "2026-11-22T08:00:00.000Z";
const row = { incident_id: "i", step: "reported", version: 3 } as IncidentRow;

function step(action: string, more: Partial<StepAction> = {}): StepAction {
  const common = fresh("p", `key-${action}`, "i", "t", new Date(AS_OF));
  return { ...common, seq: 1, kind: "step", action, note: "", version: 3, became: null, ...more };
}

it("what was done on the phone is done on the screen", () => {
  const [accepted] = applied([row], [step("accept")], AS_OF);
  expect(accepted).toMatchObject({ step: "accepted", version: 3, mine: 1 });
  expect(accepted && can(accepted, "resolve")).toBe(true);
  const [resolved] = applied([row], [step("accept"), step("resolve", { seq: 2 })], AS_OF);
  expect(resolved && isWaiting(resolved)).toBe(false);
});

it("what has arrived counts until the server has been asked again", () => {
  const done = step("accept", { state: "delivered", delivered: "2026-11-22T08:00:05.000Z", became: 4 });
  expect(applied([row], [done], AS_OF)).toMatchObject([{ step: "accepted", version: 4 }]);
  expect(applied([row], [done], "2026-11-22T08:01:00.000Z")).toMatchObject([{ step: "reported", version: 3, mine: 0 }]);
});

it("what was given back waits for somebody else, until it comes back", () => {
  const [given] = applied([row], [step("return")], AS_OF);
  expect(given && isWaiting(given)).toBe(false);
  const [back] = applied([{ ...row, step: "returned" }], [], AS_OF);
  expect(back && isWaiting(back)).toBe(true);
});

it("what was taken back is as if it had not been done", () => {
  expect(applied([row], [step("accept", { state: "withdrawn" })], AS_OF)).toMatchObject([{ step: "reported", mine: 0 }]);
});

it("a task that was done on the phone is gone, on its way and until the server has been asked again", () => {
  const tasks = [{ task_id: "t-1", title: "巡查" }, { task_id: "t-2", title: "走访" }] as Task[];
  const open = (more: Partial<Action>, asOf = AS_OF): string[] => {
    const wish = doneTask("p", "k", { id: "t-1", title: "巡查" }, "无异常", new Date(AS_OF));
    return openTasks(tasks, [{ ...wish, seq: 1, ...more } as Action], asOf).map((one) => one.task_id);
  };
  expect(open({})).toEqual(["t-2"]);
  const arrived = { state: "delivered", delivered: "2026-11-22T08:00:05.000Z" } as const;
  expect(open(arrived)).toEqual(["t-2"]);
  expect(open(arrived, "2026-11-22T08:01:00.000Z")).toEqual(["t-1", "t-2"]);
  expect(open({ state: "withdrawn" })).toEqual(["t-1", "t-2"]);
});

it("the last day of a task belongs to it", () => {
  expect(["2026-11-21", "2026-11-22", "2026-11-23"].map((day) => dayState(day, "2026-11-22"))).toEqual(["overdue", "today", "ahead"]);
});

it("what is due first stands first, and what has no limit last", () => {
  const due = [null, "2026-11-23T00:00:00Z", "2026-11-22T00:00:00Z", null];
  const rows = due.map((due_at) => ({ ...row, due_at }));
  expect(rows.sort(byUrgency).map((one) => one.due_at)).toEqual([due[2], due[1], null, null]);
});
