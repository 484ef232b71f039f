/**
 * The only module that holds words for people. `t(key, facts)` says one of them in the page's
 * language; facts stand in braces. Codes and facts stay codes and facts everywhere else.
 */
import { boot, type Locale } from "./boot";
import { ApiProblem } from "./problem";
import { board } from "./words/board";
import { codes } from "./words/codes";
import { common } from "./words/common";
import { console_ } from "./words/console";
import { drafting } from "./words/drafting";
import { duties } from "./words/duties";
import { history } from "./words/history";
import { hotspots } from "./words/hotspots";
import { inbox } from "./words/inbox";
import { imports } from "./words/imports";
import { incidents } from "./words/incidents";
import { me } from "./words/me";
import { notices } from "./words/notices";
import { rules } from "./words/rules";
import { studio } from "./words/studio";
import type { Words } from "./words/type";

const ALL = { ...common, ...board, ...codes, ...console_, ...drafting, ...duties, ...history, ...hotspots, ...inbox, ...imports, ...incidents, ...me, ...notices, ...rules, ...studio };

export type Key = keyof typeof ALL;
export type Facts = Readonly<Record<string, string | number | null | undefined>>;

export function allWords(): Words {
  return ALL;
}

/**
 * A text with its facts filled in. A Python format after a colon, as the shared theme has some, is
 * the formatter's business and is passed over; a fact that is missing leaves its braces.
 */
export function fill(text: string, facts: Facts): string {
  return text.replace(/\{(\w+)(?::[^{}]*)?\}/g, (braces, name: string) => {
    const fact = facts[name];
    return fact === null || fact === undefined ? braces : String(fact);
  });
}

export function locale(): Locale {
  return boot().locale;
}

export function t(key: Key, facts: Facts = {}): string {
  const [zh, en] = ALL[key];
  return fill(locale() === "en" ? en : zh, facts);
}

/** The word for a code of the server ("step.accepted"); a code that is new to us says itself. */
export function word(family: string, code: string | null | undefined, facts: Facts = {}): string {
  if (!code) return "";
  const key = `${family}.${code}`;
  return key in ALL ? t(key as Key, facts) : code;
}

/** Of the facts that came with a code, those that a sentence can hold. */
export function factsOf(given: Readonly<Record<string, unknown>>): Facts {
  return Object.fromEntries(
    Object.entries(given).filter(([, fact]) => typeof fact === "string" || typeof fact === "number"),
  ) as Facts;
}

/** What to tell a person about a problem: the server's own sentence, else ours by its kind. */
export function problemText(problem: ApiProblem): string {
  return problem.detail ?? word("problem", problem.kind);
}
