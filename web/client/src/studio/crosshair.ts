/** A crosshair moved by keys: pixels in the map's frame; near its rim the map moves instead. */
import type { Pixel } from "../map/map";

export interface Frame {
  readonly width: number;
  readonly height: number;
}

const RIM = 48;
const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const FAST = 10;

export interface Moved {
  readonly to: Pixel;
  /** How far the map has to move so that the crosshair stays in sight. */
  readonly pan: readonly [x: number, y: number];
}

/** Where an arrow key takes the crosshair: 1 pixel, with Shift 10; none for another key. */
export function nudge(from: Pixel, key: string, shift: boolean, frame: Frame): Moved | null {
  const step = STEPS[key];
  if (!step) return null;
  const by = shift ? FAST : 1;
  const wanted = { x: from.x + step[0] * by, y: from.y + step[1] * by };
  const to = {
    x: Math.min(Math.max(wanted.x, RIM), Math.max(RIM, frame.width - RIM)),
    y: Math.min(Math.max(wanted.y, RIM), Math.max(RIM, frame.height - RIM)),
  };
  return { to, pan: [wanted.x - to.x, wanted.y - to.y] };
}

/** The next of some places after the present one, in a fixed order and round again. */
export function nextOf<T>(places: readonly T[], present: T | null, back: boolean): T | null {
  if (places.length === 0) return null;
  const at = present === null ? -1 : places.indexOf(present);
  const next = at < 0 ? (back ? places.length - 1 : 0) : (at + (back ? -1 : 1) + places.length) % places.length;
  return places[next] ?? null;
}
