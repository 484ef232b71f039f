/** Numbers, times and places as people read them. Pure: the clock and the language come in. */
import type { Bbox, Locale } from "./boot";
import type { LonLat, Precision } from "./contract";

export const DASH = "—";

export function count(n: number | null | undefined, locale: Locale): string {
  return n === null || n === undefined ? DASH : new Intl.NumberFormat(locale).format(n);
}

/** An area in the unit a reader can picture: m2 below a hectare, hectares below 1 km2. */
export function area(m2: number | null | undefined, locale: Locale): string {
  if (m2 === null || m2 === undefined) return DASH;
  const say = (n: number, digits: number): string =>
    new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(n);
  if (m2 < 10_000) return `${say(m2, 0)} m²`;
  if (m2 < 1_000_000) return locale === "en" ? `${say(m2 / 10_000, 1)} ha` : `${say(m2 / 10_000, 1)} 公顷`;
  return `${say(m2 / 1_000_000, m2 < 100_000_000 ? 2 : 0)} km²`;
}

/** A distance: decimetres near a border, whole metres further off, kilometres beyond one. */
export function distance(m: number | null | undefined, locale: Locale): string {
  if (m === null || m === undefined) return DASH;
  const digits = m < 10 ? 1 : 0;
  if (m >= 1000) {
    return `${new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(m / 1000)} km`;
  }
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(m)} m`;
}

/** A position to about a decimetre, longitude first, as it is copied. */
export function position(at: LonLat): string {
  return `${at[0].toFixed(6)}, ${at[1].toFixed(6)}`;
}

export function share(part: number, locale: Locale): string {
  const percent = part * 100;
  const digits = percent > 0 && percent < 1 ? 1 : 0;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(percent)} %`;
}

export function decimal(n: number | null | undefined, digits: number, locale: Locale): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return DASH;
  return new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(n);
}

/** A probability: three decimals, and never "0.000". */
export function probability(p: number | null | undefined, locale: Locale): string {
  if (p === null || p === undefined || !Number.isFinite(p)) return DASH;
  return p < 0.001 ? "< 0.001" : decimal(p, 3, locale);
}

// China has one clock, whatever the computer's own is set to. Swedish writes 2026-11-22 08:05:00.
const CHINA = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Asia/Shanghai",
  dateStyle: "short",
  timeStyle: "medium",
});

function inChina(at: Date | string): readonly [day: string, time: string] {
  const [day = "", time = ""] = CHINA.format(new Date(at)).split(" ");
  return [day, time];
}

/** The day in China of a moment, as 2026-11-22. */
export function date(at: Date | string): string {
  return inChina(at)[0];
}

/** The moment that a field "2026-12-01T08:00" means, whatever clock the computer keeps: China's. */
export function fromChina(field: string): string {
  return `${field.length === 16 ? `${field}:00` : field}+08:00`;
}

export function dateTime(iso: string): string {
  const [day, time] = inChina(iso);
  return `${day} ${time.slice(0, 5)}`;
}

/** A moment as exactly as it is known: 2018-10, 2018-10-05 or 2018-10-05 08:30. */
export function moment(iso: string, known: Precision): string {
  return known === "time" ? dateTime(iso) : date(iso).slice(0, known === "day" ? 10 : 7);
}

export function clock(at: Date): string {
  return inChina(at)[1];
}

/** How long before or after now, in the largest unit that is not nought. */
export function relative(iso: string, now: Date, locale: Locale): string {
  const seconds = Math.round((new Date(iso).getTime() - now.getTime()) / 1000);
  const say = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  const size = Math.abs(seconds);
  // Two clocks never agree to the second, and nobody needs them to.
  if (size < 60) return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");
  if (size < 3600) return say.format(Math.trunc(seconds / 60), "minute");
  if (size < 86_400) return say.format(Math.trunc(seconds / 3600), "hour");
  return say.format(Math.trunc(seconds / 86_400), "day");
}

const STEPS = [1, 2, 5] as const;

/** The longest round length whose bar fits `room` pixels at that ground resolution. */
export function scaleBar(metresPerPixel: number, room: number): { metres: number; pixels: number } {
  const longest = metresPerPixel * room;
  const power = 10 ** Math.floor(Math.log10(longest));
  const step = [...STEPS].reverse().find((s) => s * power <= longest) ?? 1;
  return { metres: step * power, pixels: (step * power) / metresPerPixel };
}

/** The ground length of one pixel at a latitude; tiles of 512 pixels. */
export function metresPerPixel(zoom: number, lat: number): number {
  return (40_075_016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** zoom);
}

/** "1:25 000" for a screen of 96 dots an inch. */
export function scaleText(perPixel: number, locale: Locale): string {
  const ratio = perPixel / 0.000_264_58;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(ratio)) - 1);
  return `1 : ${new Intl.NumberFormat(locale).format(Math.round(ratio / unit) * unit)}`;
}

export function joinBoxes(boxes: readonly Bbox[]): Bbox | null {
  if (boxes.length === 0) return null;
  return [
    Math.min(...boxes.map((b) => b[0])),
    Math.min(...boxes.map((b) => b[1])),
    Math.max(...boxes.map((b) => b[2])),
    Math.max(...boxes.map((b) => b[3])),
  ];
}
