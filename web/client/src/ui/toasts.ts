/** Short messages that pass by themselves; a problem stays until it is closed. */
import { reactive } from "vue";

import { asProblem } from "../problem";
import { problemText } from "../text";

export interface Toast {
  readonly id: number;
  readonly tone: "done" | "problem";
  readonly text: string;
  readonly code?: string;
}

export const toasts = reactive<Toast[]>([]);
const SHOWN_MS = 5000;
let last = 0;

export function dismiss(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

export function done(text: string): void {
  const id = ++last;
  toasts.push({ id, tone: "done", text });
  window.setTimeout(() => dismiss(id), SHOWN_MS);
}

export function tellProblem(error: unknown): void {
  const problem = asProblem(error);
  toasts.push({ id: ++last, tone: "problem", text: problemText(problem), code: problem.code });
}
