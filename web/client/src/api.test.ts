// @vitest-environment happy-dom
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { address, api, newKey } from "./api";
import { ApiProblem } from "./problem";

beforeAll(() => {
  const script = document.createElement("script");
  script.id = "boot";
  script.textContent = JSON.stringify({ locale: "en", csrf: "token" });
  document.body.append(script);
});
afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: string): ReturnType<typeof vi.fn> {
  const fetch = vi.fn(async () => new Response(body, { status }));
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

describe("address", () => {
  it("leaves out what is empty and repeats lists", () => {
    expect(address("/plans/1/cells", { village: ["a", "b"], grid: "", after: undefined })).toBe(
      "/api/v1/plans/1/cells?village=a&village=b",
    );
  });
});

it("keys are UUIDs of version 4, also without a secure context", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(newKey()).toMatch(uuid);
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes.fill(255) });
  expect(newKey()).toMatch(uuid);
});

describe("writing", () => {
  it("sends the token and the key, and the body as JSON", async () => {
    const fetch = answering(201, '{"incident_id":"1"}');
    await api.report({ matter_code: "01", summary: "…" }, "the-key");
    const [url, sent] = fetch.mock.calls[0] as [string, RequestInit];
    expect(url).toBe("/api/v1/incidents");
    expect(sent.headers).toMatchObject({ "X-CSRFToken": "token", "Idempotency-Key": "the-key" });
    expect(JSON.parse(String(sent.body))).toEqual({ matter_code: "01", summary: "…" });
  });
});

describe("reading", () => {
  it("turns problem details into a problem", async () => {
    answering(404, '{"code":"not_found","detail":"There is no unit 9."}');
    await expect(api.unit("9")).rejects.toMatchObject({ code: "not_found", kind: "missing" });
  });

  it("is a broken answer when something else than JSON comes back", async () => {
    answering(200, "<html>a proxy speaks</html>");
    await expect(api.unit("9")).rejects.toMatchObject({ kind: "broken" });
  });

  it("is offline when nothing comes back", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("failed to fetch");
    });
    const problem = await api.unit("9").catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(ApiProblem);
    expect(problem).toMatchObject({ kind: "offline" });
  });
});
