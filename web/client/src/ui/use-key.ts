import { onBeforeUnmount, onMounted } from "vue";

/** Keys of a screen; what is typed into a field is not a command. `run` says whether it was one. */
export function useKeys(run: (event: KeyboardEvent) => boolean): void {
  function listen(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    if (run(event)) event.preventDefault();
  }
  onMounted(() => document.addEventListener("keydown", listen));
  onBeforeUnmount(() => document.removeEventListener("keydown", listen));
}
