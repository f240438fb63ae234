/* form[data-composer]: Ctrl or Cmd with Enter sends; a sent text leaves the field. */
(() => {
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("form[data-composer]");
    if (!form || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector(".btn-primary"));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.matches?.("form[data-composer]")) event.target.reset();
  });
})();
