/* form[data-unsaved]: asks before unsaved work is left, and says that there is some. */
(() => {
  const saved = new WeakMap();
  const forms = () => [...document.querySelectorAll("form[data-unsaved]")];
  // A field marked data-aside is not the person's work.
  const picture = (form) =>
    JSON.stringify([...new FormData(form)].filter(([name]) => !form.elements[name]?.dataset?.aside).map(([name, value]) => [name, value instanceof File ? `${value.name}:${value.size}` : value]));
  const dirty = (form) => saved.has(form) && saved.get(form) !== picture(form);
  const remember = (form) => {
    // A form that came back with errors holds work that is not saved yet.
    saved.set(form, form.querySelector("[data-error-summary]") ? "" : picture(form));
    note(form);
  };
  const note = (form) => {
    const text = form.querySelector("[data-unsaved-note]");
    if (text) text.hidden = !dirty(form);
  };

  document.addEventListener("input", (event) => event.target.form?.matches("[data-unsaved]") && note(event.target.form));
  document.addEventListener("submit", (event) => event.target.matches("[data-unsaved]") && saved.delete(event.target));
  document.addEventListener("form-saved", () => forms().forEach(remember));
  document.addEventListener("htmx:load", () => forms().filter((form) => !saved.has(form)).forEach(remember));
  addEventListener("beforeunload", (event) => {
    if (forms().some(dirty)) event.preventDefault();
  });
  addEventListener("pageshow", () => forms().forEach(remember));
})();
