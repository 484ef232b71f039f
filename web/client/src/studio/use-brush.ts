/** The brush: a receiving grid, then cells by click, drag, table or crosshair. */
import { computed, shallowRef } from "vue";

import { t } from "../text";
import { done } from "../ui/toasts";
import { NO_BRUSH, paint, toggle, type Brush, type Touch } from "./brush";
import type { Coverage } from "./use-coverage";
import type { Outbox } from "./use-outbox";

export type BrushTool = ReturnType<typeof useBrush>;

export function useBrush(coverage: Coverage, outbox: Outbox) {
  const brush = shallowRef<Brush>(NO_BRUSH);
  let dragged = false;

  const count = computed(() => {
    const cells = [...brush.value.cells].map(coverage.cellOf).filter((cell) => cell !== null);
    return { n: cells.length, households: cells.reduce((sum, cell) => sum + cell.n_households, 0) };
  });

  function settle(touch: Touch): void {
    if (touch.kind === "taken") brush.value = touch.brush;
    else if (touch.kind === "other_village") done(t("hint.other_village"));
    else if (touch.kind === "no_grid") done(t("hint.brush_target"));
  }

  function dragOver(id: number): void {
    const cell = coverage.cellOf(id);
    // The press that aims is the click's business, not the drag's.
    if (!cell || !brush.value.target) return;
    const before = brush.value;
    settle(paint(brush.value, cell));
    if (before !== brush.value) dragged = true;
  }

  function click(id: number): void {
    const cell = coverage.cellOf(id);
    if (dragged) dragged = false;
    else if (cell) settle(toggle(brush.value, cell));
  }

  async function assign(cells: readonly number[], code: string | null): Promise<boolean> {
    const wanted = cells.filter((id) => coverage.cellOf(id)?.grid_code !== code);
    if (wanted.length === 0) return false;
    const what = t("brush.did", { grid: coverage.nameOf(code), n: wanted.length });
    const sent = await outbox.step(what, { tool: "assign", cell_ids: wanted, grid_code: code });
    return sent === "made" || sent === "waiting";
  }

  async function apply(): Promise<void> {
    const { target, cells } = brush.value;
    if (!target || cells.size === 0) return;
    if (await assign([...cells], target)) brush.value = { ...brush.value, cells: new Set() };
  }

  function toggleCell(id: number): void {
    const cells = new Set(brush.value.cells);
    if (!cells.delete(id)) cells.add(id);
    brush.value = { ...brush.value, cells };
  }

  return {
    brush, count, dragOver, click, assign, apply, toggleCell,
    clear: () => (brush.value = NO_BRUSH),
  };
}
