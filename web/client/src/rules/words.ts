/** A limit in words, for reading. */
import { locale, t } from "../text";
import type { End, Kind, Limit, Subject } from "./contract";
import { ENDS, said } from "./limits";

/** The limits of a subject with their unit; of one without limits, that none is set. */
export function rangeText(limit: Limit): string {
  const end = (name: End): string => {
    const n = limit[name];
    return n === null ? "" : withUnit(limit.subject, said(limit.subject, n, locale()));
  };
  if (ENDS[limit.subject].length === 0) return t("rules.no_number");
  const { least, most } = limit;
  if (least !== null && most !== null) {
    const first = limit.subject === "area" ? end("least") : said(limit.subject, least, locale());
    return t("rules.between", { least: first, most: end("most") });
  }
  if (least !== null) return t("rules.at_least", { least: end("least") });
  return most === null ? t("rules.unchecked") : t("rules.at_most", { most: end("most") });
}

/** A limit as one line: its range and what it does. */
export function limitText(limit: Limit): string {
  if (limit.severity === "off") return t("rules.unchecked");
  const does = t(`rules.severity_${limit.severity}`);
  return ENDS[limit.subject].length === 0 ? does : `${rangeText(limit)} · ${does}`;
}

export function rowText(kind: Kind, subject: Subject): string {
  return t("rules.row", { kind: t(`rules.kind_${kind}`), subject: t(`rules.subject_${subject}`) });
}

function withUnit(subject: Subject, text: string): string {
  return subject === "households" || subject === "parts" ? `${text} ${t(`rules.unit_${subject}`)}` : text;
}
