/** Pulling a list down from its top asks for it anew; a button beside it does the same. */
import { onBeforeUnmount, onMounted, ref, type Ref } from "vue";

const FAR_PX = 72;

export function usePull(list: Readonly<Ref<HTMLElement | null>>, refresh: () => void) {
  /** Far enough: letting go will refresh. */
  const pulled = ref(false);
  let from: number | null = null;

  const start = (event: TouchEvent): void => {
    from = list.value?.scrollTop === 0 ? (event.touches[0]?.clientY ?? null) : null;
  };
  const move = (event: TouchEvent): void => {
    if (from !== null) pulled.value = (event.touches[0]?.clientY ?? 0) - from > FAR_PX;
  };
  const end = (): void => {
    if (pulled.value) refresh();
    pulled.value = false;
    from = null;
  };

  onMounted(() => {
    list.value?.addEventListener("touchstart", start, { passive: true });
    list.value?.addEventListener("touchmove", move, { passive: true });
    list.value?.addEventListener("touchend", end);
  });
  onBeforeUnmount(() => {
    list.value?.removeEventListener("touchstart", start);
    list.value?.removeEventListener("touchmove", move);
    list.value?.removeEventListener("touchend", end);
  });
  return pulled;
}
