import { expect, test } from "vitest";

import { sizeToSend } from "./shrink";

test("a large photo keeps its shape and loses its size", () => {
  expect(sizeToSend(4000, 3000)).toEqual({ width: 1600, height: 1200 });
  expect(sizeToSend(3000, 4000)).toEqual({ width: 1200, height: 1600 });
});

test("a small photo stays, and a thin one does not vanish", () => {
  expect(sizeToSend(800, 600)).toEqual({ width: 800, height: 600 });
  expect(sizeToSend(100_000, 10)).toEqual({ width: 1600, height: 1 });
});
