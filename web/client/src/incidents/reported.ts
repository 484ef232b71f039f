/** When an incident was reported, as exactly as that is known. */
import type { Locale } from "../boot";
import type { Precision } from "../contract";
import { moment, relative } from "../format";

export interface Reported {
  readonly occurred_at: string;
  readonly occurred_precision: Precision;
  readonly reported_at: string;
}

/** A report without a time of its own has that of what it reports, and is known no better. */
function known(one: Reported): Precision {
  return one.reported_at === one.occurred_at ? one.occurred_precision : "time";
}

export function reportedAt(one: Reported): string {
  return moment(one.reported_at, known(one));
}

/** How long ago it was reported; where only the month is known, that month. */
export function reportedAgo(one: Reported, now: Date, locale: Locale): string {
  return known(one) === "month" ? reportedAt(one) : relative(one.reported_at, now, locale);
}
