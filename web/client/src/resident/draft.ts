/** What somebody has begun to write stays on the device until it is sent. */

const KEY = "wangge.report.words";

/** Put back what was written here before, and keep what is written now. */
export function keepDraft(form: HTMLFormElement): void {
  const words = form.querySelector("textarea");
  if (!words) {
    return;
  }
  try {
    words.value ||= sessionStorage.getItem(KEY) ?? "";
    words.addEventListener("input", () => {
      sessionStorage.setItem(KEY, words.value);
    });
  } catch {
    // A browser that keeps nothing: the page works all the same.
  }
}

/** Forget what was written: it has arrived. */
export function forgetDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
