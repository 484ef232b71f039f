import type { Words } from "./type";

export const console_ = {} as const satisfies Words;
