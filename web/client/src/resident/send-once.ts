/** A report is sent once: its button rests while it is on its way. */
export function sendOnce(form: HTMLFormElement): void {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement) || button.name) {
      return;
    }
    // After the form was read: what is disabled is not sent.
    setTimeout(() => {
      button.disabled = true;
      button.textContent = form.dataset.once ?? button.textContent;
    });
  });
  // Coming back to the page, one may send again; the server knows the report by its key.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      location.reload();
    }
  });
}
