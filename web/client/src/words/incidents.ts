import type { Words } from "./type";

export const incidents = {} as const satisfies Words;
