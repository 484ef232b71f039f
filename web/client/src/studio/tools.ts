/** The tools of the studio: their keys, and what a press of each means. */
export type Tool =
  | "select"
  | "brush"
  | "move"
  | "reshape"
  | "split"
  | "merge"
  | "nibble"
  | "draw"
  | "measure";

export const TOOL_KEYS: Readonly<Record<Tool, string>> = {
  select: "V",
  brush: "B",
  move: "E",
  reshape: "R",
  split: "S",
  merge: "M",
  nibble: "N",
  draw: "D",
  measure: "L",
};

export const TOOLS = Object.keys(TOOL_KEYS) as readonly Tool[];

/** Tools that change nothing: whoever may see a plan may use them. */
export const LOOKING: ReadonlySet<Tool> = new Set<Tool>(["select", "measure"]);

export function toolOf(key: string): Tool | null {
  return TOOLS.find((tool) => TOOL_KEYS[tool] === key.toUpperCase()) ?? null;
}

/** What a tool draws once it has its grid: a line, a ring, or nothing. */
export function drawsWith(tool: Tool): "line" | "ring" | null {
  if (tool === "reshape" || tool === "split" || tool === "measure") return "line";
  return tool === "nibble" || tool === "draw" ? "ring" : null;
}

/** Tools that begin with a click on a grid. */
export function needsGrid(tool: Tool): boolean {
  return tool === "split" || tool === "nibble" || tool === "merge";
}
