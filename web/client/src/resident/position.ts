/** The browser's position (WGS84), offered where there is one and sent only when asked for. */

const WAIT_MS = 15_000;

/** Show the button of a block and put what the browser knows into the form's hidden fields. */
export function offerPosition(block: HTMLElement): void {
  const form = block.closest("form");
  const [ask, forget] = block.querySelectorAll("button");
  const said = block.querySelector('[role="status"]');
  // On plain http a browser knows no position; then nothing is offered.
  if (!form || !ask || !said || !window.isSecureContext || !("geolocation" in navigator)) {
    return;
  }
  const put = (lon: string, lat: string, accuracy: string): void => {
    for (const [name, value] of Object.entries({ lon, lat, accuracy })) {
      form.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.setAttribute("value", value);
    }
  };
  const tell = (words: string | undefined): void => {
    said.textContent = words ?? "";
  };
  ask.addEventListener("click", () => {
    tell(block.dataset.asking);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        put(coords.longitude.toFixed(7), coords.latitude.toFixed(7), coords.accuracy.toFixed(1));
        tell(block.dataset.found?.replace("{metres}", String(Math.round(coords.accuracy))));
        if (block.dataset.locate === "send") {
          form.requestSubmit();
        }
        forget?.removeAttribute("hidden");
      },
      () => {
        put("", "", "");
        tell(block.dataset.failed);
      },
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: 0 },
    );
  });
  forget?.addEventListener("click", () => {
    put("", "", "");
    tell("");
    forget.setAttribute("hidden", "");
  });
  block.removeAttribute("hidden");
}
