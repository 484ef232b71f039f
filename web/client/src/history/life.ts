/** A unit's life laid out for drawing: a row for each unit, a column for each edition in which something happened. */
import type { Life, LifeLink, LifeNode } from "./api";

export const ROW = 44;
export const HEAD = 26;
export const LEAST_COLUMN = 28;
const PADDING = 16;

export interface Bar {
  readonly node: LifeNode;
  readonly y: number;
  readonly from: number;
  readonly to: number;
  /** In force today: the bar runs on. */
  readonly open: boolean;
  /** It was there before anything that is told of it. */
  readonly earlier: boolean;
}

export interface Flow {
  readonly link: LifeLink;
  readonly x: number;
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

export interface Layout {
  readonly columns: readonly { readonly n: number; readonly at: string; readonly x: number }[];
  readonly bars: readonly Bar[];
  readonly flows: readonly Flow[];
  readonly width: number;
  readonly height: number;
}

/**
 * Time runs to the right, edition by edition. Units stand below each other in the order in which
 * they began; land that changed hands is a stroke from one row to another, the wider the more.
 */
export function layOut(life: Life, room: number): Layout {
  const moments = new Map<number, string>();
  for (const { publication, at } of life.links) moments.set(publication, at);
  for (const { publication, from } of life.nodes) {
    if (publication !== null && !moments.has(publication)) moments.set(publication, from);
  }
  const numbers = [...moments.keys()].sort((a, b) => a - b);
  const step = Math.max(LEAST_COLUMN, (room - 2 * PADDING) / Math.max(numbers.length, 1));
  const columns = numbers.map((n, i) => ({ n, at: moments.get(n) ?? "", x: PADDING + i * step }));
  const width = Math.max(room, PADDING * 2 + numbers.length * step);
  const xOf = new Map(columns.map(({ n, x }) => [n, x]));
  const endOf = new Map(columns.map(({ at, x }) => [Date.parse(at), x]));
  const rowOf = new Map(life.nodes.map((node, i) => [node.code, HEAD + i * ROW + ROW / 2]));
  const bars = life.nodes.map((node) => {
    const ended = node.to === null ? undefined : endOf.get(Date.parse(node.to));
    const from = xOf.get(node.publication ?? -1);
    return {
      node,
      y: rowOf.get(node.code) ?? 0,
      from: from ?? 0,
      to: ended ?? width,
      open: node.to === null,
      earlier: from === undefined,
    };
  });
  const most = Math.max(1, ...life.links.filter(({ from, to }) => from !== to).map(({ area_m2 }) => area_m2));
  const flows = life.links.flatMap((link) => {
    const [x, from, to] = [xOf.get(link.publication), rowOf.get(link.from ?? ""), rowOf.get(link.to ?? "")];
    if (x === undefined || from === undefined || to === undefined || from === to) return [];
    return [{ link, x, from, to, width: 1.5 + 5.5 * Math.sqrt(link.area_m2 / most) }];
  });
  return { columns, bars, flows, width, height: HEAD + life.nodes.length * ROW };
}

/** The units that have a retired unit's land today, through however many changes. */
export function heirs(life: Life, code: string): LifeNode[] {
  const known = new Map(life.nodes.map((node) => [node.code, node]));
  const found = new Map<string, LifeNode>();
  const seen = new Set<string>();
  const walk = (unit: string): void => {
    const node = known.get(unit);
    if (!node || seen.has(unit)) return;
    seen.add(unit);
    if (node.to === null) found.set(unit, node);
    else for (const link of life.links) if (link.from === unit && link.to && link.at === node.to) walk(link.to);
  };
  walk(code);
  return [...found.values()].sort((a, b) => a.code.localeCompare(b.code));
}

/** What happened, the newest first; what a unit merely kept stays out. */
export function told(life: Life): LifeLink[] {
  return life.links.filter(({ from, to }) => from !== to).reverse();
}
