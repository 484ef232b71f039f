/** The tree of areas as plain values: what is loaded, what is open, which rows are seen. */
import { lineage } from "../codes";
import type { UnitRow } from "../contract";

export interface TreeRow {
  readonly unit: UnitRow;
  readonly depth: number;
  readonly open: boolean;
  readonly leaf: boolean;
  readonly position: number;
  readonly siblings: number;
}

export type Children = ReadonlyMap<string, readonly UnitRow[]>;

/** The rows that are seen, from the top; the children of an open unit follow it once loaded. */
export function visibleRows(
  roots: readonly UnitRow[],
  children: Children,
  open: ReadonlySet<string>,
): TreeRow[] {
  const rows: TreeRow[] = [];
  const walk = (units: readonly UnitRow[], depth: number): void => {
    units.forEach((unit, i) => {
      const isOpen = open.has(unit.code);
      rows.push({
        unit,
        depth,
        open: isOpen,
        leaf: unit.n_children === 0,
        position: i + 1,
        siblings: units.length,
      });
      if (isOpen) walk(children.get(unit.code) ?? [], depth + 1);
    });
  };
  walk(roots, 0);
  return rows;
}

export type TreeMove =
  | { readonly kind: "focus"; readonly code: string }
  | { readonly kind: "open" | "shut" | "choose"; readonly code: string };

/** What a key does at a row, after the ARIA tree pattern; none for a key without meaning here. */
export function treeMove(rows: readonly TreeRow[], code: string, key: string): TreeMove | null {
  const at = rows.findIndex((row) => row.unit.code === code);
  const row = rows[at];
  if (!row) return null;
  const focus = (index: number): TreeMove | null => {
    const target = rows[Math.max(0, Math.min(rows.length - 1, index))];
    return target ? { kind: "focus", code: target.unit.code } : null;
  };
  switch (key) {
    case "ArrowDown":
      return focus(at + 1);
    case "ArrowUp":
      return focus(at - 1);
    case "Home":
      return focus(0);
    case "End":
      return focus(rows.length - 1);
    case "ArrowRight":
      if (row.leaf) return null;
      return row.open ? focus(at + 1) : { kind: "open", code };
    case "ArrowLeft": {
      if (row.open) return { kind: "shut", code };
      const parent = rows.slice(0, at).findLastIndex((above) => above.depth < row.depth);
      return parent >= 0 ? focus(parent) : null;
    }
    case "Enter":
    case " ":
      return { kind: "choose", code };
    default:
      return null;
  }
}

/** The units that must be open for a unit to be seen below the root of this tree. */
export function pathTo(code: string, root: string): string[] {
  return lineage(code).filter((step) => step.length >= root.length && step.length < code.length);
}
