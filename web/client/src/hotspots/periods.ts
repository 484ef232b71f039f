/** Counting periods as ISO dates; both days belong to a period. Pure: today comes in. */

export interface Period {
  readonly since: string;
  readonly until: string;
}

export type Preset = "7" | "30" | "90" | "365" | "month" | "year";
export const PRESETS: readonly Preset[] = ["7", "30", "90", "month", "year", "365"];
const DAY_MS = 86_400_000;

function iso(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function utc(text: string): number {
  return Date.parse(`${text}T00:00:00Z`);
}

/** The period of a preset; "7 days" are the seven days that end today. */
export function periodOf(preset: Preset, today: string): Period {
  const now = new Date(utc(today));
  if (preset === "year") return { since: `${today.slice(0, 4)}-01-01`, until: today };
  if (preset === "month") {
    const last = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0));
    return { since: `${iso(last).slice(0, 7)}-01`, until: iso(last) };
  }
  return { since: iso(new Date(now.getTime() - (Number(preset) - 1) * DAY_MS)), until: today };
}

/** The thirty days that end on a day, or its month where it is the last day of one. */
export function endingOn(day: string): Period {
  const isLast = iso(new Date(utc(day) + DAY_MS)).endsWith("-01");
  return isLast ? { since: `${day.slice(0, 7)}-01`, until: day } : periodOf("30", day);
}

export function presetOf(period: Period, today: string): Preset | null {
  return (
    PRESETS.find((preset) => {
      const one = periodOf(preset, today);
      return one.since === period.since && one.until === period.until;
    }) ?? null
  );
}

/** How many days a period has; not a number if one of its days is no date. */
export function days(period: Period): number {
  return Math.round((utc(period.until) - utc(period.since)) / DAY_MS) + 1;
}
