import { expect, it } from "vitest";

import type { PlanRow } from "./contract";
import { listed } from "./filter";

function plan(title: string, state: PlanRow["state"], owner: string | null = null): PlanRow {
  return { plan_id: title, title, state, owner, base_publication: 1, version: 1, n_changed: 0 };
}
const plans = [plan("田园", "draft", "李四"), plan("甲村", "published"), plan("乙村", "withdrawn")];

it("lists plans at work, plans that ended, or all", () => {
  expect(listed(plans, "open", "").map((one) => one.title)).toEqual(["田园"]);
  expect(listed(plans, "ended", "").map((one) => one.title)).toEqual(["甲村", "乙村"]);
  expect(listed(plans, "all", "")).toHaveLength(3);
});

it("finds a plan by its title or by whose it is", () => {
  expect(listed(plans, "all", " 村").map((one) => one.title)).toEqual(["甲村", "乙村"]);
  expect(listed(plans, "all", "李四").map((one) => one.title)).toEqual(["田园"]);
});
