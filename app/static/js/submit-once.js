/* form[data-once]: a second click does nothing until the answer comes; the button shows that something moves. */
(() => {
  const free = (form) => {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("[data-busy]")) {
      delete button.dataset.busy;
      button.removeAttribute("aria-disabled");
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if ("sending" in form.dataset) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (event.defaultPrevented) return;
    form.dataset.sending = "";
    // Not « disabled »: a disabled button would not send its own name and value.
    const button = event.submitter || form.querySelector("[type=submit]");
    button?.setAttribute("aria-disabled", "true");
    if (button) button.dataset.busy = "";
  }, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form[data-once]");
    if (form) free(form);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(free));
})();
