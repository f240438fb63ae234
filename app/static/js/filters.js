/* form[data-auto-submit]: sends itself, at once for a choice, after a short rest for typing; empty fields stay out of the URL. */
(() => {
  const waiting = new WeakMap();
  const send = (form, after) => {
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(() => form.requestSubmit(), after));
  };
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.matches("[data-auto-submit]") || event.isComposing) return;
    if (event.target.matches("select")) event.target.classList.toggle("is-set", event.target.value !== "");
    // Without htmx a page load takes the caret away: typing is then sent by Enter.
    if (event.target.matches("[type=search], [type=text]")) form.hasAttribute("hx-get") && send(form, 300);
    else send(form, 0);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-auto-submit]")) return;
    clearTimeout(waiting.get(form));
    const empty = [...form.elements].filter((field) => field.name && field.value === "" && !field.disabled);
    for (const field of empty) field.disabled = true;
    setTimeout(() => empty.forEach((field) => (field.disabled = false)), 0);
  }, true);
})();
