/** The villages in work: their cells and borders as the plan would have them. */
import { computed, reactive, shallowRef } from "vue";

import { GRID_TINTS } from "../map/draft-style";
import type { LonLat } from "../contract";
import { interior } from "../map/interior";
import { planApi } from "../plans/api";
import type { Cell, CellFacts, PlanChange } from "../plans/contract";
import { t } from "../text";
import { toArcs, type Arc, type Arcs } from "./arcs";
import { applyChange, gridTotals, tints, toMap, type CellMap } from "./cells";

export type Coverage = ReturnType<typeof useCoverage>;

export function useCoverage(id: string) {
  const villages = reactive(new Map<string, string>());
  const cells = shallowRef<CellMap>(new Map());
  const tint = shallowRef<ReadonlyMap<string, number>>(new Map());
  const byVillage = shallowRef<ReadonlyMap<string, Arcs>>(new Map());
  const totals = computed(() => gridTotals(cells.value));
  // A border between two villages comes with both.
  const arcs = computed<Arcs>(() => {
    const all = new Map<string, Arc>();
    for (const own of byVillage.value.values()) for (const [key, arc] of own) all.set(key, arc);
    return all;
  });

  function take(next: CellMap): void {
    cells.value = next;
    tint.value = tints(next, tint.value, GRID_TINTS.length);
  }

  async function loadArcs(codes: readonly string[]): Promise<void> {
    const found = await Promise.all(
      codes.map(async (code) => [code, toArcs(await planApi.arcs(id, [code]))] as const),
    );
    const known = found.filter(([code]) => villages.has(code));
    byVillage.value = new Map([...byVillage.value, ...known]);
  }

  async function reload(): Promise<void> {
    const codes = [...villages.keys()];
    if (codes.length === 0) return take(new Map());
    const [found] = await Promise.all([planApi.cells(id, codes), loadArcs(codes)]);
    take(toMap(found));
  }

  async function add(code: string, name: string): Promise<void> {
    if (villages.has(code)) return;
    const added = await planApi.cells(id, [code]);
    villages.set(code, name);
    take(new Map([...cells.value, ...toMap(added)]));
    await loadArcs([code]);
  }

  function drop(code: string): void {
    villages.delete(code);
    byVillage.value = new Map([...byVillage.value].filter(([village]) => village !== code));
    take(new Map([...cells.value].filter(([, cell]) => cell.properties.village_code !== code)));
  }

  /** Take in what a step changed; the borders of the villages it touched are asked for anew. */
  async function accept({ changed, gone }: PlanChange): Promise<void> {
    const touched = new Set(changed.features.map((cell) => cell.properties.village_code));
    for (const cell of gone) {
      const village = cells.value.get(cell)?.properties.village_code;
      if (village) touched.add(village);
    }
    const shown = changed.features.filter((cell) => villages.has(cell.properties.village_code));
    take(applyChange(cells.value, { ...changed, features: shown }, gone));
    await loadArcs([...touched].filter((code) => villages.has(code)));
  }

  /** Show borders as they were drawn before the server has seen them: it cannot be reached. */
  function foresee(redrawn: Arcs): void {
    byVillage.value = new Map(
      [...byVillage.value].map(([code, own]) => [
        code,
        new Map([...own].map(([key, arc]) => [key, redrawn.get(key) ?? arc])),
      ]),
    );
  }

  function cellOf(cell: number | null): CellFacts | null {
    return cell === null ? null : (cells.value.get(cell)?.properties ?? null);
  }

  const subgroups = computed(
    () =>
      new Map(
        [...cells.value.values()].map(({ properties: cell }) => [
          cell.subgroup_code,
          `${cell.grid_name ?? ""} ${cell.subgroup_name ?? ""}`,
        ]),
      ),
  );

  /** A place inside each grid: where its name stands. */
  const middles = computed<readonly LonLat[]>(() => {
    const largest = new Map<string, Cell>();
    for (const cell of cells.value.values()) {
      const { grid_code: grid, area_m2: size = 0 } = cell.properties;
      if (grid && size >= (largest.get(grid)?.properties.area_m2 ?? 0)) largest.set(grid, cell);
    }
    return [...largest.values()].map((cell) => interior(cell.geometry)).filter((at) => at !== null);
  });

  function nameOf(code: string | null): string {
    if (!code) return t("hint.free");
    return totals.value.get(code)?.name ?? subgroups.value.get(code) ?? villages.get(code) ?? code;
  }

  function tintOf(cell: number): number {
    return tint.value.get(cellOf(cell)?.grid_code ?? "") ?? -1;
  }

  return { villages, cells, tint, totals, arcs, reload, add, drop, accept, foresee, middles, cellOf, nameOf, tintOf };
}
