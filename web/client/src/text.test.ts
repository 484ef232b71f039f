// @vitest-environment happy-dom
import { beforeAll, describe, expect, it } from "vitest";

import type { Boot } from "./boot";
import { ApiProblem } from "./problem";
import { allWords, factsOf, fill, problemText, t, word } from "./text";

beforeAll(() => {
  const script = document.createElement("script");
  script.id = "boot";
  script.type = "application/json";
  script.textContent = JSON.stringify({ locale: "zh-CN" } satisfies Partial<Boot>);
  document.body.append(script);
});

/** The beginnings of keys that the code puts together: `t(`board.of_${x}`)`, `word("step", x)`. */
function putTogether(code: string): readonly string[] {
  const begun = (pattern: RegExp, of: (found: RegExpMatchArray) => string): string[] => Array.from(code.matchAll(pattern), of);
  return [
    ...begun(/[`"]([\w.]+[._])\$\{/g, (found) => found[1] ?? ""),
    ...begun(/word\("(\w+)", `(\w+_)\$\{/g, (found) => `${found[1]}.${found[2]}`),
    ...begun(/word\(["']([\w.]+)["'], (?!`)/g, (found) => `${found[1]}.`),
    // The cards of drawn steps: `${tool}.title`, `${tool}.do`.
    ...["split", "merge", "reshape", "nibble", "draw"].map((tool) => `${tool}.`),
  ];
}

describe("words", () => {
  const entries = Object.entries(allWords());

  it("are there in both languages", () => {
    expect(entries.length).toBeGreaterThan(400);
    expect(entries.filter(([, [zh, en]]) => !zh.trim() || !en.trim())).toEqual([]);
  });

  it("name the same facts in both languages", () => {
    const facts = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    const apart = entries.filter(([, [zh, en]]) => facts(zh).join() !== facts(en).join());
    expect(apart.map(([key]) => key)).toEqual([]);
  });

  it("are all said somewhere", () => {
    const files = import.meta.glob(["./**/*.vue", "./**/*.ts", "!./words/*"], {
      query: "?raw",
      import: "default",
      eager: true,
    });
    const code = Object.values(files).join("\n");
    const begun = putTogether(code);
    const said = (key: string): boolean => begun.some((start) => key.startsWith(start)) || code.includes(`"${key}"`) || code.includes(`'${key}'`);
    const silent = entries.map(([key]) => key).filter((key) => !said(key));
    expect(silent).toEqual([]);
  });

  it("are Chinese where they should be", () => {
    const bilingual = new Set(["me.language"]);
    const latin = entries.filter(([key, [zh]]) => !bilingual.has(key) && !/\p{Script=Han}/u.test(zh));
    expect(latin.map(([key]) => key)).toEqual([]);
  });
});

describe("t", () => {
  it("speaks the page's language and fills in the facts", () => {
    expect(t("nav.publication", { n: 12 })).toBe("第 12 版");
  });

  it("leaves a missing fact to be seen", () => {
    expect(fill("{a} of {b}", { a: 1 })).toBe("1 of {b}");
  });

  it("passes over a Python format in a shared sentence", () => {
    expect(fill("{n:,} 件", { n: "1,204" })).toBe("1,204 件");
  });
});

describe("word", () => {
  it("says a code that is new to it as it is", () => {
    expect(word("step", "accepted")).toBe("已接单");
    expect(word("step", "teleported")).toBe("teleported");
    expect(word("step", null)).toBe("");
  });
});

it("takes from an answer only facts that a sentence can hold", () => {
  expect(factsOf({ n: 3, name: "甲", list: [1], none: null })).toEqual({ n: 3, name: "甲" });
});

it("prefers the server's own sentence to ours", () => {
  expect(problemText(new ApiProblem(422, { detail: "坐标系未声明" }))).toBe("坐标系未声明");
  expect(problemText(new ApiProblem(0, {}))).toMatch(/连接不上/);
});
