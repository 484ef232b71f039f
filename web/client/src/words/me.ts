import type { Words } from "./type";

export const me = {} as const satisfies Words;
