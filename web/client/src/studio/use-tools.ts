/** What the chosen tool does with clicks, drags and keys; the plan is changed by its `step` only. */
import { computed, ref, shallowRef, watch, type ShallowRef } from "vue";

import type { CellFacts, LonLat } from "../contract";
import type { CellMark, GridMap, Hit } from "../map/map";
import type { Sketch } from "../map/sketch";
import { t } from "../text";
import { done } from "../ui/toasts";
import { NO_BRUSH, paint, toggle, type Brush, type Touch } from "./brush";
import { withoutLast, type Tool } from "./tools";
import type { PlanState } from "./use-plan";

export function useTools(state: PlanState, map: ShallowRef<GridMap | undefined>) {
  const tool = ref<Tool>("select");
  const brush = shallowRef<Brush>(NO_BRUSH);
  const grid = ref<string | null>(null);
  const into = ref<string | null>(null);
  const line = shallowRef<readonly LonLat[] | null>(null);
  const typed = shallowRef<readonly LonLat[]>([]);
  const picked = ref<number | null>(null);
  let sketch: Sketch | null = null;

  const subgroups = computed(
    () =>
      new Map(
        [...state.cells.value.values()].map(({ properties: cell }) => [
          cell.subgroup_code,
          `${cell.grid_name ?? ""} ${cell.subgroup_name ?? ""}`,
        ]),
      ),
  );
  const nameOf = (code: string | null): string => {
    if (!code) return t("hint.free");
    return state.totals.value.get(code)?.name ?? subgroups.value.get(code) ?? code;
  };
  const cellOf = (id: number | null): CellFacts | null =>
    id === null ? null : (state.cells.value.get(id)?.properties ?? null);

  const brushed = computed(() => {
    const cells = [...brush.value.cells].map(cellOf).filter((cell) => cell !== null);
    return { n: cells.length, households: cells.reduce((sum, cell) => sum + cell.n_households, 0) };
  });

  const hint = computed(() => {
    if (state.villages.size === 0) return t("studio.villages_none");
    switch (tool.value) {
      case "brush":
        return brush.value.target
          ? t("hint.brush_cells", { grid: nameOf(brush.value.target) })
          : t("hint.brush_target");
      case "split":
        return grid.value ? t("hint.split_line", { grid: nameOf(grid.value) }) : t("hint.split_grid");
      case "merge":
        return grid.value ? t("hint.merge_into", { grid: nameOf(grid.value) }) : t("hint.merge_from");
      default:
        return t("hint.select");
    }
  });

  /** Which cells stand out: those under the brush, the grid that receives, the grid that goes. */
  const marks = computed(() => {
    const found = new Map<number, CellMark>();
    const whole = (code: string | null, mark: CellMark): void => {
      if (!code) return;
      for (const [id, cell] of state.cells.value) {
        if (cell.properties.grid_code === code) found.set(id, mark);
      }
    };
    whole(brush.value.target, "target");
    whole(grid.value, tool.value === "merge" ? "from" : "target");
    whole(into.value, "target");
    if (picked.value !== null) found.set(picked.value, "target");
    for (const id of brush.value.cells) found.set(id, "brush");
    return found;
  });
  watch(marks, (found) => map.value?.markCells(found));

  function settle(touch: Touch): void {
    if (touch.kind === "taken") brush.value = touch.brush;
    else if (touch.kind === "other_village") done(t("hint.other_village"));
    else if (touch.kind === "no_grid") done(t("hint.brush_target"));
  }

  function reset(): void {
    brush.value = NO_BRUSH;
    grid.value = into.value = line.value = picked.value = null;
    typed.value = [];
    map.value?.setSketch([]);
    sketch?.stop();
    sketch = null;
  }

  watch(tool, (now) => {
    reset();
    map.value?.cursor(now === "select" ? "" : "crosshair");
    map.value?.brush(now === "brush" ? dragOver : null);
  });

  let dragged = false;
  function dragOver(id: number): void {
    const cell = cellOf(id);
    // The press that aims is the click's business, not the drag's.
    if (!cell || !brush.value.target) return;
    const before = brush.value;
    settle(paint(brush.value, cell));
    if (before !== brush.value) dragged = true;
  }

  async function startLine(): Promise<void> {
    const take = (drawn: LonLat[]): void => {
      line.value = drawn;
      // The pen forgets what it drew; the line stays to be looked at until it is decided on.
      map.value?.setSketch(drawn);
    };
    sketch = (await map.value?.sketchLine(take)) ?? null;
    map.value?.cursor("crosshair");
  }

  /** A click on the map; says whether a tool wanted it. */
  function click(hit: Hit): boolean {
    const cell = cellOf(hit.cell);
    if (!cell) return false;
    switch (tool.value) {
      case "brush":
        if (dragged) dragged = false;
        else settle(toggle(brush.value, cell));
        return true;
      case "split":
        if (!cell.grid_code) return true;
        grid.value = cell.grid_code;
        void startLine();
        return true;
      case "merge":
        if (!cell.grid_code) return true;
        if (!grid.value || grid.value === cell.grid_code) grid.value = cell.grid_code;
        else if (grid.value.slice(0, 12) !== cell.village_code) done(t("hint.other_village"));
        else into.value = cell.grid_code;
        return true;
      default:
        picked.value = cell.cell_id;
        return true;
    }
  }

  async function apply(): Promise<void> {
    const { target, cells } = brush.value;
    if (!target || cells.size === 0) return;
    const what = `${t("tool.assign")} → ${nameOf(target)}（${t("hint.brush_count", brushed.value)}）`;
    if (await state.step(what, { tool: "assign", cell_ids: [...cells], grid_code: target })) {
      brush.value = { ...brush.value, cells: new Set() };
    }
  }

  async function assign(cells: readonly number[], code: string): Promise<void> {
    const wanted = cells.filter((id) => cellOf(id)?.grid_code !== code);
    const what = `${t("tool.assign")} → ${nameOf(code)}`;
    if (await state.step(what, { tool: "assign", cell_ids: wanted, grid_code: code })) reset();
  }

  async function split(name: string): Promise<void> {
    if (!grid.value || !line.value) return;
    const code = grid.value;
    const wish = { tool: "split" as const, grid_code: code, line: line.value, ...(name ? { name } : {}) };
    if (await state.step(`${t("tool.split")} ${nameOf(code)}`, wish)) reset();
    else again();
  }

  /** The line is not right: keep the grid, draw anew. */
  function again(): void {
    line.value = null;
    typed.value = [];
    map.value?.setSketch([]);
    sketch?.clear();
  }

  async function merge(): Promise<void> {
    if (!grid.value || !into.value) return;
    const what = `${t("tool.merge")} ${nameOf(grid.value)} → ${nameOf(into.value)}`;
    if (await state.step(what, { tool: "merge", from: grid.value, into: into.value })) reset();
    else into.value = null;
  }

  /** The line by keys: the crosshair is the middle of the map, the arrows move the map under it. */
  function type(key: string): boolean {
    if (tool.value !== "split" || !grid.value || line.value) return false;
    const centre = map.value?.view().at;
    if (key === " " && centre) typed.value = [...typed.value, centre];
    else if (key === "Backspace" && typed.value.length) typed.value = withoutLast(typed.value);
    else if (key === "Enter" && typed.value.length > 1) line.value = typed.value;
    else return false;
    map.value?.setSketch(typed.value);
    return true;
  }

  function toggleCell(id: number): void {
    const cells = new Set(brush.value.cells);
    if (!cells.delete(id)) cells.add(id);
    brush.value = { ...brush.value, cells };
  }

  return {
    tool, brush, brushed, grid, into, line, typed, picked, hint, nameOf, cellOf, click, apply,
    assign, split, again, merge, type, reset, toggleCell,
  };
}
