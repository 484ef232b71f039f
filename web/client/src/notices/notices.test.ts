// @vitest-environment happy-dom
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { Boot } from "../boot";
import type { Notice } from "./contract";
import { leaseAfter } from "./leader";
import { isTimeToAsk, ownPatience, pauseMs, POLL_MS, SILENCE_MS, spread } from "./pace";
import { leadsTo, say } from "./say";
import { EMPTY, KEPT, put, seen } from "./shelf";
import { openStream, type Hears } from "./stream";

const notice = (id: number, more: Partial<Notice> = {}): Notice => ({
  notice_id: id,
  kind: "incident.assigned",
  facts: {},
  at: "2026-09-01T00:00:00Z",
  seen_at: null,
  ...more,
});

describe("words", () => {
  beforeAll(() => {
    const script = document.createElement("script");
    script.id = "boot";
    script.type = "application/json";
    script.textContent = JSON.stringify({ locale: "zh-CN" } satisfies Partial<Boot>);
    document.body.append(script);
  });

  it("say of a shifted source how far, where to, and what explains it", () => {
    const facts = { source: "邻县平台", datum: "wgs84", n: 300, metres: 340, wind: "se", cause: "gcj02" };
    expect(say(notice(1, { kind: "source.shifted", facts }))).toBe(
      "来源“邻县平台”的 300 个定位整体向东南偏约 340 米，很可能实际是 GCJ-02，请核对其坐标系声明",
    );
    expect(say(notice(1, { kind: "source.shifted", facts: { ...facts, cause: "unknown" } }))).toContain("请向来源单位核实");
  });
});

describe("shelf", () => {
  it("holds each notice once, the newest first, in whatever order they come", () => {
    const first = put(EMPTY, [notice(3), notice(1)]);
    const second = put(first.shelf, [notice(2), notice(3), notice(2)]);
    expect(second.shelf.notices.map((one) => one.notice_id)).toEqual([3, 2, 1]);
    expect(second.added.map((one) => one.notice_id)).toEqual([2]);
    expect(second.shelf.unseen).toBe(3);
  });

  it("does not grow for ever", () => {
    const many = Array.from({ length: KEPT + 20 }, (_, i) => notice(i));
    expect(put(EMPTY, many).shelf.notices).toHaveLength(KEPT);
  });

  it("marks what was on it, and leaves what came meanwhile", () => {
    const { shelf } = put(EMPTY, [notice(1), notice(2), notice(3)]);
    const after = seen(shelf, 2, 1, "2026-09-01T01:00:00Z");
    expect(after.notices.map((one) => one.seen_at !== null)).toEqual([false, true, true]);
    expect(after.unseen).toBe(1);
  });
});

describe("pace", () => {
  it("waits longer after each failure, up to a minute, never all at once", () => {
    const pauses = [1, 2, 3, 4, 20].map((n) => pauseMs(n, 0.5));
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 60_000]);
    expect([spread(1000, 0), spread(1000, 1)]).toEqual([500, 1500]);
  });

  it("asks every half minute without a stream, and when a stream has fallen silent", () => {
    expect(isTimeToAsk(POLL_MS - 1, 1, false)).toBe(false);
    expect(isTimeToAsk(POLL_MS, 1, false)).toBe(true);
    expect(isTimeToAsk(POLL_MS, 1, true)).toBe(false);
    expect(isTimeToAsk(SILENCE_MS, 1, true)).toBe(true);
    expect([ownPatience(0), ownPatience(1)].map((n) => n.toFixed(1))).toEqual(["0.8", "1.2"]);
  });
});

describe("the lead among tabs", () => {
  it("stays with whoever holds it in time", () => {
    const held = leaseAfter(null, "a", 1000);
    expect(held.by).toBe("a");
    expect(leaseAfter(JSON.stringify(held), "b", 2000).by).toBe("a");
    expect(leaseAfter(JSON.stringify(held), "b", held.until + 1).by).toBe("b");
  });

  it("is nobody's where the shelf holds nonsense or a time far ahead", () => {
    expect(leaseAfter("{", "b", 0).by).toBe("b");
    expect(leaseAfter(JSON.stringify({ by: "a", until: 9e15 }), "b", 0).by).toBe("b");
  });
});

describe("where a notice leads", () => {
  it("is the desk for the desk and the list for the worker", () => {
    const one = notice(1, { facts: { incident_id: "x y" } });
    expect(leadsTo(one, true)).toBe("/incidents?id=x%20y");
    expect(leadsTo(one, false)).toBe("/me#todo");
    expect(leadsTo(notice(1, { kind: "plan.approved", facts: { plan_id: "p" } }), true)).toBe("/plans/p");
    expect(leadsTo(notice(1, { kind: "matter.refused" }), true)).toBeNull();
  });
});

describe("the stream", () => {
  class FakeSource extends EventTarget {
    static made: FakeSource[] = [];
    onerror: (() => void) | null = null;
    closed = false;
    constructor(readonly url: string) {
      super();
      FakeSource.made.push(this);
    }
    close(): void {
      this.closed = true;
    }
    say(kind: string, data: unknown, id = ""): void {
      this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data), lastEventId: id }));
    }
  }
  const made = (n: number): FakeSource => FakeSource.made[n] as FakeSource;
  let cursor = "c0";
  const heard: unknown[] = [];
  const hears: Hears = {
    cursor: () => cursor,
    notice: (one) => heard.push(one.notice_id),
    changed: (one) => heard.push(one.what),
    alive: (at) => {
      if (at) cursor = at;
    },
    behind: () => heard.push("behind"),
    away: () => heard.push("away"),
  };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", FakeSource);
    FakeSource.made = [];
    heard.length = 0;
    cursor = "c0";
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("comes back where it was after a failure", () => {
    const close = openStream(hears);
    expect(made(0).url).toBe("/api/v1/stream?after=c0");
    made(0).say("notice", notice(7), "c1");
    made(0).onerror?.();
    expect(heard).toEqual([7, "away"]);
    expect(made(0).closed).toBe(true);
    vi.advanceTimersByTime(1600);
    expect(made(1).url).toBe("/api/v1/stream?after=c1");
    close();
    expect(made(1).closed).toBe(true);
  });

  it("is given up when nothing comes through, and stays while something does", () => {
    const close = openStream(hears);
    vi.advanceTimersByTime(SILENCE_MS - 1);
    made(0).say("beat", {});
    vi.advanceTimersByTime(SILENCE_MS - 1);
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(heard).toEqual(["away"]);
    close();
    vi.advanceTimersByTime(120_000);
    expect(FakeSource.made).toHaveLength(1);
  });
});
