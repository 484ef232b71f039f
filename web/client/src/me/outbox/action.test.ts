import { expect, it } from "vitest";

import {
  again,
  arrived,
  backOff,
  counts,
  delayed,
  FORMAT,
  fresh,
  isReadable,
  next,
  nextDue,
  outlived,
  ready,
  stopped,
  withWishes,
  type Action,
  type PhotoAction,
  type ReportAction,
  type StepAction,
  type Wish,
} from "./action";

const NOW = new Date("2026-11-22T08:00:00Z");
const STALE = { status: 409, code: "record.stale", detail: null };
const NO_ANSWER = { status: 0, code: "offline", detail: null };

let seq = 0;
function base(subject: string) {
  seq += 1;
  return { ...fresh("p", `key-${seq}`, subject, "t", NOW), seq };
}
function step(subject: string, action: string, more: Partial<StepAction> = {}): StepAction {
  return { ...base(subject), kind: "step", action, note: "", version: 1, became: null, ...more };
}
function photo(subject: string, more: Partial<PhotoAction> = {}): PhotoAction {
  return { ...base(subject), kind: "photo", incident: subject, step: null, report: null, ...more };
}
function report(more: Partial<ReportAction> = {}): ReportAction {
  const common = base(`key-${seq + 1}`);
  return { ...common, kind: "report", report: { matter_code: "m", summary: "s" }, number: null, owner: null, ...more };
}
const keys = (actions: readonly Action[]): string[] => actions.map((one) => one.key);

it("words of an event go in order, its photos after them, words of any event before photos of another", () => {
  const [accept, picture, resolve, other] = [step("a", "accept"), photo("a"), step("a", "resolve"), step("b", "accept")];
  const all = [other, resolve, picture, accept];
  expect(keys(ready(all))).toEqual([accept.key, other.key]);
  const accepted = [other, resolve, picture, { ...accept, state: "delivered" as const }];
  expect(keys(ready(accepted))).toEqual([resolve.key, other.key]);
  const words = accepted.map((one) => (one.kind === "step" && one.subject === "a" ? { ...one, state: "delivered" as const } : one));
  expect(keys(ready(words))).toEqual([other.key, picture.key]);
});

it("what waits for a person holds up its own event and no other", () => {
  const all = [stopped(step("a", "accept"), STALE), step("a", "resolve"), photo("a"), step("b", "accept")];
  expect(keys(ready(all))).toEqual([all[3]?.key]);
});

it("a photo that fails does not hold up another one", () => {
  const [bad, good] = [photo("a"), photo("a")];
  expect(keys(ready([stopped(bad, { ...STALE, code: "photo.unreadable" }), good]))).toEqual([good.key]);
});

it("photos of a report wait for its number, and go nowhere when it is taken back", () => {
  const said = report();
  const picture = photo(said.subject, { incident: null, report: said.key });
  expect(keys(ready([said, picture]))).toEqual([said.key]);
  const after = arrived(said, [said, picture], { incident_id: "i-1", number: "n-1", owner_name: "王" }, NOW);
  expect(after).toMatchObject([{ state: "delivered", number: "n-1", owner: "王" }, { incident: "i-1" }]);
  expect(keys(ready(after))).toEqual([picture.key]);
  expect(ready([{ ...said, state: "withdrawn" }, picture])).toEqual([]);
});

it("a step done on top of another carries the version that the other led to", () => {
  const [accept, resolve] = [step("a", "accept", { version: 3 }), step("a", "resolve", { version: 3 })];
  const [done, following] = arrived(accept, [accept, resolve], { version: 5 }, NOW);
  expect(done).toMatchObject({ state: "delivered", became: 5, delivered: NOW.toISOString() });
  expect(following).toMatchObject({ key: resolve.key, version: 5 });
});

it("after an answer that was lost, what somebody else did in between is not passed over", () => {
  const accept = { ...step("a", "accept", { version: 3 }), tries: 1 };
  const resolve = step("a", "resolve", { version: 3 });
  // The card says 6: ours made 4, somebody else the others. The server has to see 4 and refuse.
  expect(arrived(accept, [accept, resolve], { version: 6 }, NOW)[1]).toMatchObject({ version: 4 });
});

it("tries come further apart, up to five minutes, and never together", () => {
  const waits = [1, 2, 3, 8, 20].map((tries) => backOff(tries, 1));
  expect(waits).toEqual([2000, 4000, 8000, 256_000, 300_000]);
  expect(backOff(3, 0)).toBe(4000);
  const late = delayed(step("a", "accept"), NO_ANSWER, 1000, 1);
  expect(late).toMatchObject({ state: "waiting", tries: 1, after: 3000 });
  expect(next([late], 2999)).toBeNull();
  expect(next([late], 3000)).toBe(late);
  expect(nextDue([late])).toBe(3000);
});

it("a version that somebody else changed is a conflict, all else a failure; both are kept and counted", () => {
  const conflict = stopped(step("a", "accept"), STALE);
  const failed = stopped(step("b", "accept"), { status: 422, code: "step.wrong", detail: "no" });
  expect([conflict.state, failed.state]).toEqual(["conflict", "failed"]);
  const delivered = { ...step("c", "accept"), state: "delivered" as const, delivered: NOW.toISOString() };
  expect(counts([conflict, failed, step("d", "accept"), delivered])).toEqual({
    waiting: 1,
    failed: 2,
    lastDelivered: NOW.toISOString(),
  });
  expect(again(conflict, 9)).toMatchObject({ state: "waiting", version: 9, tries: 0, told: null });
  expect(nextDue([conflict, failed])).toBeNull();
});

it("records of a newer shell are left alone", () => {
  expect(isReadable(step("a", "accept"))).toBe(true);
  expect(isReadable({ format: FORMAT + 1 })).toBe(false);
  expect(isReadable({})).toBe(false);
});

it("what is still being written down counts at once, and only once", () => {
  const kept = step("a", "accept", { state: "delivered", delivered: NOW.toISOString() });
  const written = step("a", "resolve");
  const wish: Wish = written;
  expect(counts(withWishes([kept], [wish])).waiting).toBe(1);
  expect(withWishes([kept, written], [wish])).toEqual([kept, written]);
});

it("what has not arrived is never too old", () => {
  const old = new Date(NOW.getTime() + 30 * 86_400_000).getTime();
  const waiting = step("a", "accept");
  const ended = { ...step("b", "accept"), state: "delivered" as const, delivered: NOW.toISOString() };
  expect(keys(outlived([waiting, ended, stopped(step("c", "x"), STALE)], old))).toEqual([ended.key]);
});
