/** What stands out on the map: by the state of a feature, so that no tile is read again. */
import type { Map as MapLibreMap } from "maplibre-gl";

import { levelOf } from "../codes";
import type { Level } from "../contract";

export type CellMark = "brush" | "target" | "from" | null;
export type PaintRow = { readonly paint: string | null; readonly outline: string | null };

interface Unit {
  readonly level: Level;
  readonly code: string;
}

function unitOf(code: string | null): Unit | null {
  const level = code ? levelOf(code) : null;
  return code && level ? { code, level } : null;
}

export function marksOn(map: MapLibreMap) {
  let hovered: Unit | null = null;
  let chosen: Unit | null = null;
  let hoveredCell: number | null = null;
  let painted: ReadonlyMap<string, PaintRow> = new Map();
  let marked = new Map<number, CellMark>();

  function setUnit({ code, level }: Unit, state: Record<string, unknown>): void {
    if (map.getSource("units")) map.setFeatureState({ source: "units", sourceLayer: level, id: code }, state);
  }

  return {
    hover(code: string | null): void {
      if (code === (hovered?.code ?? null)) return;
      if (hovered) setUnit(hovered, { hover: false });
      hovered = unitOf(code);
      if (hovered) setUnit(hovered, { hover: true });
    },

    hoverCell(cell: number | null): void {
      if (cell === hoveredCell || !map.getSource("draft")) return;
      if (hoveredCell !== null) map.setFeatureState({ source: "draft", id: hoveredCell }, { hover: false });
      hoveredCell = cell;
      if (cell !== null) map.setFeatureState({ source: "draft", id: cell }, { hover: true });
    },

    choose(code: string | null): void {
      if (code === (chosen?.code ?? null)) return;
      if (chosen) setUnit(chosen, { chosen: false });
      chosen = unitOf(code);
      if (chosen) setUnit(chosen, { chosen: true });
    },

    /** Paint units: the server sends a value a unit, the shapes are already here as tiles. */
    paint(rows: ReadonlyMap<string, PaintRow>): void {
      for (const code of painted.keys()) {
        const unit = rows.has(code) ? null : unitOf(code);
        if (unit) setUnit(unit, { paint: null, outline: null });
      }
      for (const [code, row] of rows) {
        const before = painted.get(code);
        const unit = before?.paint === row.paint && before.outline === row.outline ? null : unitOf(code);
        if (unit) setUnit(unit, { paint: row.paint, outline: row.outline });
      }
      painted = rows;
    },

    markCells(marks: ReadonlyMap<number, CellMark>): void {
      for (const cell of marked.keys()) {
        if (!marks.has(cell)) map.setFeatureState({ source: "draft", id: cell }, { mark: null });
      }
      for (const [cell, mark] of marks) {
        if (marked.get(cell) !== mark) map.setFeatureState({ source: "draft", id: cell }, { mark });
      }
      marked = new Map(marks);
    },
  };
}
