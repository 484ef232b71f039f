/**
 * Steps on their way: kept by this browser first, sent one after another, taken off only when the
 * server has said yes. When it cannot be reached they wait, in order.
 */
import { computed, onScopeDispose, ref, shallowRef } from "vue";

import { newKey } from "../api";
import { planApi } from "../plans/api";
import type { Piece, PlanChange, PlanStep, StepWish } from "../plans/contract";
import { asProblem, type ApiProblem } from "../problem";
import { problemText } from "../text";
import { isUnfinished, NOTHING_KEPT, readKept, writeKept, type Doing, type Entry, type Kept, type Refused } from "./keep";
import { decided, meaningOf, piecesOf, placeOf, refusedOf, wasMade } from "./outcome";
import type { PlanState } from "./use-plan";

/** Somebody was first: what was refused, what one was about to do, what was done meanwhile. */
export interface Clash {
  readonly problem: ApiProblem;
  readonly kept: string;
  readonly last: PlanStep | null;
}

/** A step that would cut pieces off a grid, which somebody has to decide on. */
export interface Torn {
  readonly entry: Entry;
  readonly grid: string;
  readonly pieces: readonly Piece[];
}

export type Sent = "made" | "waiting" | "refused" | "asked";

const RETRY_MS = 5000;

export type Outbox = ReturnType<typeof useOutbox>;

export function useOutbox(state: PlanState) {
  const { id, plan } = state;
  const kept = shallowRef<Kept>(NOTHING_KEPT);
  const found = shallowRef<Kept | null>(null);
  const sending = ref(false);
  const away = ref<ApiProblem | null>(null);
  const failure = ref<ApiProblem | null>(null);
  const savedAt = ref<Date | null>(null);
  const keptAt = ref<Date | null>(null);
  const clash = shallowRef<Clash | null>(null);
  const torn = shallowRef<Torn | null>(null);
  const answered = new Map<string, (sent: Sent) => void>();
  const queue = computed(() => kept.value.queue);
  const refused = computed(() => kept.value.refused);
  const drawing = computed(() => kept.value.doing !== null);
  const busy = computed(() => sending.value || queue.value.length > 0);
  let retry = 0;

  function keep(change: Partial<Kept>): void {
    const now = new Date();
    kept.value = { ...kept.value, ...change, saved_at: now.toISOString() };
    // Said only when it is true: the writing takes a moment, and a crash may come first.
    void writeKept(id, kept.value).then(() => (keptAt.value = now));
  }

  /** What an earlier visit left here; nothing of it is sent or drawn before somebody says so. */
  async function look(): Promise<void> {
    const earlier = await readKept(id);
    if (isUnfinished(earlier)) found.value = earlier;
    else kept.value = earlier;
  }

  /** Go on with what was found: its steps are sent, its refusals listed; its drawing comes back. */
  function restore(): Doing | null {
    const earlier = found.value;
    found.value = null;
    if (!earlier) return null;
    keep({ doing: earlier.doing, queue: earlier.queue, refused: earlier.refused });
    void drain();
    return earlier.doing;
  }

  function discard(): void {
    found.value = null;
    keep(NOTHING_KEPT);
  }

  function without(entry: Entry): readonly Entry[] {
    return queue.value.filter((one) => one.key !== entry.key);
  }

  function answer(entry: Entry, sent: Sent): void {
    answered.get(entry.key)?.(sent);
    answered.delete(entry.key);
  }

  /** Put a refused step in the list. A drawing that the server keeps goes by the server's key. */
  function setAside(entry: Entry, problem: ApiProblem): void {
    const sketch = problem.facts["sketch_id"];
    const there = typeof sketch === "string";
    const key = there ? sketch : entry.key;
    const aside: Refused = { ...entry, key, there, why: problemText(problem), code: problem.code, place: placeOf(problem.facts) };
    keep({ queue: without(entry), refused: [...refused.value.filter((one) => one.key !== key), aside] });
  }

  /** The drawings that the server keeps: from here, from elsewhere, from the command line. */
  async function findSketches(): Promise<void> {
    const there = (await planApi.sketches(id)).map(refusedOf);
    const here = refused.value.filter((one) => !one.there);
    if (there.length || here.length !== refused.value.length) keep({ refused: [...there, ...here] });
  }

  async function refuse(entry: Entry, problem: ApiProblem): Promise<void> {
    const meaning = meaningOf(problem);
    if (meaning !== "away") away.value = null;
    switch (meaning) {
      case "away":
        away.value = problem;
        keep({ queue: queue.value.map((one) => (one.key === entry.key ? { ...one, tried: true } : one)) });
        window.clearTimeout(retry);
        retry = window.setTimeout(() => void drain(), RETRY_MS);
        for (const one of queue.value) answer(one, "waiting");
        return;
      case "pieces":
        keep({ queue: without(entry) });
        torn.value = { entry, grid: String(problem.facts["grid"] ?? ""), pieces: piecesOf(problem) };
        return answer(entry, "asked");
      case "conflict": {
        const now = await planApi.plan(id);
        if (plan.value && wasMade(entry, plan.value.version, now)) {
          keep({ queue: without(entry) });
          await state.load();
          return answer(entry, "made");
        }
        setAside(entry, problem);
        clash.value = { problem, kept: entry.what, last: now.steps.at(-1) ?? null };
        return answer(entry, "refused");
      }
      case "refused":
        setAside(entry, problem);
        failure.value = problem;
        return answer(entry, "refused");
    }
  }

  async function drain(): Promise<void> {
    if (sending.value || clash.value) return;
    sending.value = true;
    try {
      for (let entry = queue.value[0]; entry && plan.value; entry = queue.value[0]) {
        let change: PlanChange;
        try {
          change = await planApi.step(id, entry.wish, plan.value.version, entry.key);
        } catch (error) {
          await refuse(entry, asProblem(error));
          if (away.value || clash.value) return;
          continue;
        }
        away.value = failure.value = null;
        keep({ queue: without(entry) });
        savedAt.value = new Date();
        await state.accept(change);
        answer(entry, "made");
      }
    } finally {
      sending.value = false;
    }
  }

  function push(entry: Entry): Promise<Sent> {
    failure.value = null;
    const sent = new Promise<Sent>((resolve) => answered.set(entry.key, resolve));
    keep({ queue: [...queue.value, entry], doing: null });
    void drain();
    return sent;
  }

  function step(what: string, wish: StepWish): Promise<Sent> {
    return push({ key: newKey(), what, wish, at: new Date().toISOString(), tried: false });
  }

  /** Make the torn step with a decision: keep the piece as an enclave, or give it to a grid. */
  function decide(loose: string): Promise<Sent> {
    const asked = torn.value;
    torn.value = null;
    if (!asked) return Promise.resolve("refused");
    return step(asked.entry.what, decided(asked.entry.wish, loose));
  }

  /** Leave the torn step; what was drawn stays in the list of refusals. */
  function leaveTorn(why: string): void {
    if (torn.value) {
      const aside: Refused = { ...torn.value.entry, why, code: "patch.multipart", there: false, place: torn.value.pieces[0]?.at ?? null };
      keep({ refused: [...refused.value, aside] });
    }
    torn.value = null;
  }

  function unlist(one: Refused): void {
    keep({ refused: refused.value.filter((other) => other.key !== one.key) });
  }

  /** Send a refused drawing once more; the server forgets it when it has become a step. */
  function again(one: Refused): Promise<Sent> {
    unlist(one);
    return step(one.what, one.wish);
  }

  function forget(one: Refused): void {
    unlist(one);
    // Somebody else may have dropped it meanwhile.
    if (one.there) void planApi.dropSketch(id, one.key).catch(asProblem);
  }

  /** A change that is made at once or not at all: undo, redo, a resolution. */
  async function write(what: string, send: (version: number) => Promise<PlanChange>): Promise<boolean> {
    if (!plan.value || busy.value) return false;
    sending.value = true;
    failure.value = null;
    try {
      const change = await send(plan.value.version);
      savedAt.value = new Date();
      await state.accept(change);
      return true;
    } catch (error) {
      const problem = asProblem(error);
      if (meaningOf(problem) === "conflict") await collide(problem, what);
      else failure.value = problem;
      return false;
    } finally {
      sending.value = false;
    }
  }

  async function collide(problem: ApiProblem, what: string): Promise<void> {
    const now = await planApi.plan(id);
    clash.value = { problem, kept: what, last: now.steps.at(-1) ?? null };
  }

  async function settle(): Promise<void> {
    await state.load();
    clash.value = null;
    void drain();
  }

  /** Take back the last thing done: a step that still waits is simply not sent. */
  async function undo(what: string): Promise<boolean> {
    const waiting = away.value ? queue.value.at(-1) : undefined;
    if (!waiting) return write(what, (version) => planApi.undo(id, version));
    keep({ queue: without(waiting) });
    return true;
  }

  const online = (): void => void drain();
  window.addEventListener("online", online);
  onScopeDispose(() => {
    window.removeEventListener("online", online);
    window.clearTimeout(retry);
  });

  return {
    queue, refused, found, drawing, sending, busy, away, failure, savedAt, keptAt, clash, torn,
    look, findSketches, restore, discard, step, decide, leaveTorn, again, forget, undo, collide, settle, write,
    keepDoing: (doing: Doing | null) => keep({ doing }),
    redo: (what: string) => write(what, (version) => planApi.redo(id, version)),
    undoStep: (seq: number, what: string) => write(what, (version) => planApi.undoStep(id, seq, version)),
  };
}
