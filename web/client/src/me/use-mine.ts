/** What a worker answers for: the last answer at once, then the newest, then whenever it changes. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef, type Ref } from "vue";

import { api } from "../api";
import { boot } from "../boot";
import type { Matter, Mine } from "../contract";
import { joinBoxes } from "../format";
import { onNotice } from "../notices/store";
import { asProblem, type ApiProblem } from "../problem";
import { boxOf } from "./ground";
import type { Action } from "./outbox/action";
import { forget, keep, kept } from "./outbox/store";
import { me } from "./outbox/use-outbox";
import { takeAlong } from "./shell";
import { applied, byUrgency, isWaiting, openTasks } from "./todo";

const POLL_MS = 30_000;
const MINE = "mine";
const MATTERS = "matters";

export function useMine(actions: Ref<readonly Action[]>) {
  const person = me();
  const mine = shallowRef<Mine | null>(null);
  const matters = shallowRef<readonly Matter[]>([]);
  const problem = ref<ApiProblem | null>(null);
  /** When the server last said how things are. */
  const asOf = ref("");
  let tag: string | null = null;
  let timer = 0;
  let deafen: (() => void) | undefined;

  const rows = computed(() => applied(mine.value?.incidents ?? [], actions.value, asOf.value));
  const waiting = computed(() => rows.value.filter(isWaiting).sort(byUrgency));
  const tasks = computed(() => openTasks(mine.value?.tasks ?? [], actions.value, asOf.value));
  const bbox = computed(() => {
    const boxes = (mine.value?.area.features ?? []).map(boxOf).filter((box) => box !== null);
    return joinBoxes(boxes) ?? boot().area?.bbox ?? null;
  });

  async function load(): Promise<void> {
    const asked = new Date();
    try {
      const found = await api.mine(tag);
      problem.value = null;
      asOf.value = asked.toISOString();
      if (!found) return;
      tag = found.tag;
      mine.value = found.mine;
      await keep(person, MINE, found.mine, asked);
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  async function loadMatters(): Promise<void> {
    try {
      matters.value = await api.matters();
      await keep(person, MATTERS, matters.value, new Date());
    } catch (error) {
      asProblem(error);
      matters.value = (await kept<Matter[]>(person, MATTERS))?.answer ?? [];
    }
  }

  /** What the phone has from before, so that the screen does not wait for the network. */
  async function recall(): Promise<void> {
    await forget(person);
    const before = await kept<Mine>(person, MINE);
    if (!before || mine.value) return;
    mine.value = before.answer;
    asOf.value = before.at;
  }

  const onSeen = (): void => {
    if (document.visibilityState === "visible") void load();
  };

  onMounted(async () => {
    await recall();
    // A notice is heard at once where there is a stream; asking works without one.
    deafen = onNotice(() => void load());
    timer = window.setInterval(onSeen, POLL_MS);
    document.addEventListener("visibilitychange", onSeen);
    window.addEventListener("online", onSeen);
    await Promise.all([load(), loadMatters()]);
    const { publication } = boot();
    if (publication !== null && bbox.value && navigator.onLine) void takeAlong(publication, bbox.value);
  });
  onBeforeUnmount(() => {
    deafen?.();
    window.clearInterval(timer);
    document.removeEventListener("visibilitychange", onSeen);
    window.removeEventListener("online", onSeen);
  });

  return { mine, matters, problem, asOf, waiting, tasks, bbox, load };
}

export type MineOfPhone = ReturnType<typeof useMine>;
