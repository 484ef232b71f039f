/** Drawing without a mouse: a crosshair in the map's frame, moved and pressed by keys. */
import { computed, ref, type ShallowRef } from "vue";

import type { LonLat } from "../contract";
import type { GridMap, Pixel } from "../map/map";
import { t } from "../text";
import { nextOf, nudge } from "./crosshair";
import type { Coverage } from "./use-coverage";
import type { Tools } from "./use-tools";

export type Crosshair = ReturnType<typeof useCrosshair>;

export function useCrosshair(tools: Tools, coverage: Coverage, map: ShallowRef<GridMap | undefined>) {
  const pixel = ref<Pixel>({ x: 0, y: 0 });
  const on = ref(false);
  const place = ref("");
  let stop: LonLat | null = null;

  const frame = () => ({
    width: map.value?.canvas.clientWidth ?? 0,
    height: map.value?.canvas.clientHeight ?? 0,
  });

  function at(): LonLat | null {
    return map.value?.unproject(pixel.value) ?? null;
  }

  /** Say where it stands, and let the tool follow. */
  function arrive(): boolean {
    const here = at();
    if (!here || !map.value) return false;
    const moved = tools.border.carry(here);
    tools.hover(here);
    const cell = coverage.cellOf(map.value.hitAt(pixel.value).cell);
    place.value = cell ? `${cell.grid_name ?? t("hint.free")} ${cell.subgroup_name ?? ""}` : t("cross.outside");
    return moved;
  }

  function enter(): void {
    const { width, height } = frame();
    if (!on.value && (pixel.value.x === 0 || pixel.value.x > width || pixel.value.y > height)) {
      pixel.value = { x: Math.round(width / 2), y: Math.round(height / 2) };
    }
    on.value = true;
    arrive();
  }

  function leave(): void {
    on.value = false;
    tools.hover(null);
  }

  function move(key: string, shift: boolean): boolean {
    const moved = nudge(pixel.value, key, shift, frame());
    if (!moved) return false;
    const before = pixel.value;
    if (moved.pan[0] || moved.pan[1]) map.value?.panBy(...moved.pan);
    pixel.value = moved.to;
    // What is held may not go there: neither does the crosshair.
    if (!arrive()) pixel.value = before;
    return true;
  }

  function jump(to: LonLat): void {
    stop = to;
    const { width, height } = frame();
    const wanted = map.value?.project(to);
    if (!wanted) return;
    const inside = wanted.x > 0 && wanted.y > 0 && wanted.x < width && wanted.y < height;
    if (!inside) map.value?.panBy(Math.round(wanted.x - width / 2), Math.round(wanted.y - height / 2));
    const now = map.value?.project(to) ?? wanted;
    pixel.value = { x: Math.round(now.x), y: Math.round(now.y) };
    arrive();
  }

  /** The place after the present one of those in sight; the nearest to begin with. */
  function onward(backwards: boolean): LonLat | null {
    const { width, height } = frame();
    const far = (to: LonLat): number => {
      const p = map.value?.project(to);
      if (!p || p.x < 0 || p.y < 0 || p.x > width || p.y > height) return Infinity;
      return Math.hypot(p.x - pixel.value.x, p.y - pixel.value.y);
    };
    const seen = tools.stops.value.filter((to) => Number.isFinite(far(to)));
    const places = seen.length ? seen : tools.stops.value;
    if (stop && places.includes(stop)) return nextOf(places, stop, backwards);
    return places.reduce<LonLat | null>((best, to) => (best && far(best) <= far(to) ? best : to), null);
  }

  /** A key at the crosshair; says whether it was one of its own. */
  function key(event: KeyboardEvent): boolean {
    const { key: name, shiftKey: shift } = event;
    const command = event.ctrlKey || event.metaKey;
    if (!command && move(name, shift)) return true;
    const here = at();
    if (!here || !map.value) return false;
    if (command) {
      if (name === "Enter") return tools.pen.end();
      return false;
    }
    switch (name) {
      case "Enter":
      case " ":
        tools.press(map.value.hitAt(pixel.value), true);
        return true;
      case "Backspace":
      case "Delete":
        if (tools.tool.value === "move") tools.border.remove(here);
        else tools.back();
        return true;
      case "Tab": {
        const next = onward(shift);
        if (next) jump(next);
        return next !== null;
      }
      case "+":
      case "=":
        map.value.zoomBy(1);
        return true;
      case "-":
        map.value.zoomBy(-1);
        return true;
      default:
        return false;
    }
  }

  return { pixel, on, enter, leave, key, jump, said: computed(() => `${place.value} ${tools.hint.value}`) };
}
