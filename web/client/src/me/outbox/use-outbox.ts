/** The outbox as a screen sees it: what is in it, and what a person can do with it. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef } from "vue";

import { newKey } from "../../api";
import { boot } from "../../boot";
import type { IncidentReport, IncidentRow, Task } from "../../contract";
import { ApiProblem } from "../../problem";
import { t } from "../../text";
import { again, counts, doneTask, fresh, isOpen, withWishes, type Action, type Wish } from "./action";
import { replay, untilDue } from "./replay";
import { send } from "./send";
import { add, list, save, tidy } from "./store";

/** Whose outbox this is; whoever works the machine itself has none of their own. */
export function me(): string {
  return boot().viewer.person_id ?? "";
}

const CHANNEL = "wangge-outbox";

export interface Doing {
  readonly row: IncidentRow;
  readonly action: string;
  readonly note: string;
  readonly title: string;
  readonly photos: readonly ArrayBuffer[];
}

export function useOutbox() {
  const person = me();
  const actions = shallowRef<readonly Action[]>([]);
  /** Deeds that are being written down: until the phone has them it may not be put away. */
  const beingKept = shallowRef<readonly Wish[]>([]);
  const deeds = computed(() => withWishes(actions.value, beingKept.value));
  /** Records that only a newer shell can read. */
  const newer = ref(0);
  const signedOut = ref(false);
  const sending = ref(false);
  let timer = 0;
  let others: BroadcastChannel | undefined;

  async function refresh(): Promise<void> {
    const listed = await list(person);
    actions.value = listed.actions;
    newer.value = listed.newer;
  }

  function changed(): void {
    void refresh();
    others?.postMessage("changed");
  }

  /** Send what is due, then come back when the next one is. */
  async function go(): Promise<void> {
    window.clearTimeout(timer);
    if (sending.value) return;
    sending.value = true;
    try {
      signedOut.value = (await replay(person, send, changed)) === "signed_out";
    } finally {
      sending.value = false;
    }
    const wait = signedOut.value ? null : await untilDue(person);
    // Another tab may hold the lock: then this one looks again, not at once.
    if (wait !== null) timer = window.setTimeout(() => void go(), Math.max(wait, 1000));
  }

  /** Try everything that waits now, whatever was said about later. */
  async function hurry(): Promise<void> {
    const waiting = (await list(person)).actions.filter((one) => one.state === "waiting" && one.after > 0);
    await save(waiting.map((one) => ({ ...one, after: 0 })));
    await go();
  }

  async function put(wishes: readonly Wish[], photos: ReadonlyMap<string, ArrayBuffer>): Promise<void> {
    beingKept.value = [...beingKept.value, ...wishes];
    try {
      await add(wishes, photos);
      await refresh();
    } catch {
      // No room, or a browser that keeps nothing: then it was not done, and that has to be seen.
      throw new ApiProblem(0, { code: "outbox.not_kept", detail: t("outbox.not_kept") });
    } finally {
      beingKept.value = beingKept.value.filter((one) => !wishes.includes(one));
    }
    others?.postMessage("changed");
    void go();
  }

  /** Photos of something that was just done: each is an action of its own. */
  function photosOf(
    given: readonly ArrayBuffer[],
    subject: string,
    title: string,
    now: Date,
    of: { incident: string | null; step: string | null; report: string | null },
  ): { wishes: Wish[]; bytes: Map<string, ArrayBuffer> } {
    const bytes = new Map(given.map((jpeg) => [newKey(), jpeg]));
    const wishes = [...bytes.keys()].map((key) => ({ ...fresh(person, key, subject, title, now), kind: "photo" as const, ...of }));
    return { wishes, bytes };
  }

  async function step({ row, action, note, title, photos }: Doing): Promise<void> {
    const now = new Date();
    const key = newKey();
    const subject = row.incident_id;
    const more = photosOf(photos, subject, title, now, { incident: subject, step: key, report: null });
    const made = { ...fresh(person, key, subject, title, now), kind: "step" as const, action, note, version: row.version, became: null };
    await put([made, ...more.wishes], more.bytes);
  }

  async function report(said: IncidentReport, title: string, photos: readonly ArrayBuffer[]): Promise<void> {
    const now = new Date();
    const key = newKey();
    const more = photosOf(photos, key, title, now, { incident: null, step: null, report: key });
    // When it was seen is when it was written, however late it arrives.
    const claimed = { ...said, occurred_at: now.toISOString() };
    const made = { ...fresh(person, key, key, title, now), kind: "report" as const, report: claimed, number: null, owner: null };
    await put([made, ...more.wishes], more.bytes);
  }

  async function finish(task: Task, result: string): Promise<void> {
    const about = { id: task.task_id, title: `${task.title} ${task.unit_name}` };
    await put([doneTask(person, newKey(), about, result, new Date())], new Map());
  }

  async function retry(action: Action, version?: number): Promise<void> {
    await save([again(action, version)]);
    changed();
    void go();
  }

  /** Take back what has not arrived, and photos of a report that goes with it. */
  async function withdraw(action: Action): Promise<void> {
    const gone = actions.value.filter(
      (one) => isOpen(one) && (one.key === action.key || (action.kind === "report" && one.subject === action.subject)),
    );
    await save(gone.map((one) => ({ ...one, state: "withdrawn" as const })));
    changed();
    void go();
  }

  const onOnline = (): void => void hurry();
  const onSeen = (): void => {
    if (document.visibilityState === "visible") void go();
  };

  onMounted(async () => {
    if (typeof BroadcastChannel !== "undefined") {
      others = new BroadcastChannel(CHANNEL);
      others.onmessage = () => void refresh();
    }
    window.addEventListener("online", onOnline);
    document.addEventListener("visibilitychange", onSeen);
    await tidy(person, Date.now());
    await refresh();
    void go();
  });
  onBeforeUnmount(() => {
    window.clearTimeout(timer);
    others?.close();
    window.removeEventListener("online", onOnline);
    document.removeEventListener("visibilitychange", onSeen);
  });

  return { actions, deeds, newer, signedOut, sending, counts: computed(() => counts(deeds.value)), step, report, finish, retry, withdraw, hurry, refresh };
}

export type Outbox = ReturnType<typeof useOutbox>;
