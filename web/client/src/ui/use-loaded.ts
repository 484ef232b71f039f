/** What is fetched for a key: the last request counts, earlier answers are dropped. */
import { ref, shallowRef, watch, type Ref, type ShallowRef } from "vue";

import { asProblem, type ApiProblem } from "../problem";

export interface Loaded<T> {
  readonly value: ShallowRef<T | null>;
  readonly problem: Ref<ApiProblem | null>;
  readonly loading: Ref<boolean>;
  reload(): void;
}

export function useLoaded<K, T>(
  key: () => K | null,
  fetch: (key: K, signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const value = shallowRef<T | null>(null);
  const problem = ref<ApiProblem | null>(null);
  const loading = ref(false);
  let running: AbortController | null = null;

  async function load(wanted: K | null): Promise<void> {
    running?.abort();
    running = null;
    problem.value = null;
    if (wanted === null) {
      value.value = null;
      loading.value = false;
      return;
    }
    const mine = new AbortController();
    running = mine;
    loading.value = true;
    try {
      const found = await fetch(wanted, mine.signal);
      if (running === mine) value.value = found;
    } catch (error) {
      if (running !== mine || mine.signal.aborted) return;
      value.value = null;
      problem.value = asProblem(error);
    } finally {
      if (running === mine) loading.value = false;
    }
  }

  watch(key, load, { immediate: true });
  return { value, problem, loading, reload: () => void load(key()) };
}
