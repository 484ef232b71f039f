/** How figures are put: changes, shares, spells, and days joined to bars. Pure. */
import type { Locale } from "../boot";
import { DASH, decimal } from "../format";
import type { Line, Window } from "./answer";

const DAY_MS = 86_400_000;

/** A change in percent of what was, with its sign; a dash where nothing was or nothing compares. */
export function change(line: Pick<Line, "then" | "comparable">, now: number, locale: Locale): string {
  if (line.comparable || !line.then) return DASH;
  return new Intl.NumberFormat(locale, {
    style: "percent",
    signDisplay: "exceptZero",
    maximumFractionDigits: 1,
  }).format(now / line.then - 1);
}

/** A share of two counts in percent; a dash of nothing. */
export function percent(part: number, whole: number, locale: Locale): string {
  if (!whole) return DASH;
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(part / whole);
}

/** A length of time in the unit that a person would use. */
export function spell(seconds: number | null, locale: Locale): string {
  if (seconds === null) return DASH;
  const zh = locale !== "en";
  if (seconds < 5400) return `${decimal(seconds / 60, 0, locale)} ${zh ? "分钟" : "min"}`;
  if (seconds < 2 * 86_400) return `${decimal(seconds / 3600, 1, locale)} ${zh ? "小时" : "h"}`;
  return `${decimal(seconds / 86_400, 1, locale)} ${zh ? "天" : "d"}`;
}

export interface Bar {
  readonly since: string;
  readonly until: string;
  readonly n: number;
}

function utc(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The valid incidents of a period by day, by week (counted back from its end) or by month. */
export function bars(days: readonly Line[], window: Window): Bar[] {
  const n = new Map(days.map((line) => [line.key, line.counts.valid]));
  const first = utc(window.since);
  const last = utc(window.until);
  const length = Math.round((last - first) / DAY_MS) + 1;
  const found: { since: string; until: string; n: number }[] = [];
  for (let k = 0; k < length; k += 1) {
    const day = iso(first + k * DAY_MS);
    const begins =
      length <= 62 || k === 0 || (length <= 400 ? (length - k) % 7 === 0 : day.endsWith("-01"));
    if (begins) found.push({ since: day, until: day, n: 0 });
    const bar = found.at(-1);
    if (bar) {
      bar.until = day;
      bar.n += n.get(day) ?? 0;
    }
  }
  return found;
}

/** The valid incidents of a period by month, those of known days and those of known months. */
export function monthBars(days: readonly Line[], months: readonly Line[], window: Window): Bar[] {
  const n = new Map<string, number>();
  for (const line of [...days, ...months]) {
    const month = line.key.slice(0, 7);
    n.set(month, (n.get(month) ?? 0) + line.counts.valid);
  }
  const found: Bar[] = [];
  for (let day = window.since; day <= window.until; ) {
    const month = day.slice(0, 7);
    const next = iso(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 1));
    const until = iso(utc(next) - DAY_MS);
    found.push({ since: day, until: until < window.until ? until : window.until, n: n.get(month) ?? 0 });
    day = next;
  }
  return found;
}

/** Round steps of an axis from 0 to at least `most`, about four of them. */
export function ticks(most: number): number[] {
  const raw = Math.max(most, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, ([1, 2, 5, 10].find((s) => s * power >= raw) ?? 10) * power);
  return Array.from({ length: Math.ceil(Math.max(most, 1) / step) + 1 }, (_, k) => k * step);
}
