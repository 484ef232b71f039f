/** How the page looks to its reader: large letters, light or dark. Kept on this phone alone. */
import { ref } from "vue";

export type Shade = "auto" | "light" | "dark";
export const SHADES: readonly Shade[] = ["auto", "light", "dark"];

const LARGE = "wangge.large";
const SHADE = "wangge.shade";

// A browser may refuse its storage altogether; then the page looks as it always does.
function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // The choice holds until the page is left.
  }
}

export const large = ref(read(LARGE) === "yes");
export const shade = ref<Shade>(SHADES.find((one) => one === read(SHADE)) ?? "auto");

const night = matchMedia("(prefers-color-scheme: dark)");

/** Put the choices on the page; the styles do the rest. The phone's own choice may change with the hour. */
export function applyLook(): void {
  const { dataset } = document.documentElement;
  const dark = shade.value === "dark" || (shade.value === "auto" && night.matches);
  dataset["large"] = large.value ? "yes" : "no";
  dataset["shade"] = dark ? "dark" : "light";
  night.onchange = applyLook;
}

export function setLarge(wanted: boolean): void {
  large.value = wanted;
  write(LARGE, wanted ? "yes" : "no");
  applyLook();
}

export function setShade(wanted: Shade): void {
  shade.value = wanted;
  write(SHADE, wanted);
  applyLook();
}
