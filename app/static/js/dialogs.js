/* Native dialogs: opened by [data-dialog-open], closed by Escape, [data-dialog-close], a click outside or « HX-Trigger: dialog-close ».
   The focus goes back to what opened them. A typed confirmation frees its button only when the text is right. */
(() => {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (!dialog || dialog.open) return;
      const back = opener.closest("details[data-menu]")?.querySelector("summary") || opener;
      opener.closest("details[data-menu]")?.removeAttribute("open");
      prepare(dialog);
      dialog.showModal();
      dialog.addEventListener("close", () => back.isConnected && back.focus(), { once: true });
      return;
    }
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog")?.close();
    else if (event.target instanceof HTMLDialogElement && event.target.open && outside(event)) event.target.close();
  });

  const outside = (event) => {
    const box = event.target.getBoundingClientRect();
    return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  };

  const prepare = (dialog) => {
    const form = dialog.querySelector("form[data-typed]");
    if (!form) return;
    form.elements.confirmation.value = "";
    form.querySelector("[data-typed-submit]").disabled = true;
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-typed]");
    if (!form || event.target.name !== "confirmation") return;
    form.querySelector("[data-typed-submit]").disabled = event.target.value.trim() !== form.dataset.typed;
  });

  document.addEventListener("dialog-close", () => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close()));
  document.querySelector("[data-error-summary]")?.focus();
  document.addEventListener("htmx:afterSettle", (event) => event.detail.elt.querySelector?.("[data-error-summary]")?.focus());
})();
