/** One entry a text, Chinese first: a text without its English twin does not compile. */
export type Words = Readonly<Record<string, readonly [zh: string, en: string]>>;
