/* The columns a person wants to see in a list, remembered in this browser for that list. */
(() => {
  const key = (name) => `columns.${name}`;
  const read = (name) => {
    try {
      return JSON.parse(localStorage.getItem(key(name)));
    } catch {
      return null;
    }
  };
  const apply = (choice) => {
    const table = choice.closest("[data-table]");
    for (const tick of choice.querySelectorAll("input")) table.classList.toggle(`hide-col-${tick.value}`, !tick.checked);
  };
  const restore = () => {
    for (const choice of document.querySelectorAll("[data-columns]")) {
      const hidden = read(choice.dataset.columns);
      if (!Array.isArray(hidden)) continue;
      for (const tick of choice.querySelectorAll("input:enabled")) tick.checked = !hidden.includes(tick.value);
      apply(choice);
    }
  };
  document.addEventListener("change", (event) => {
    const choice = event.target.closest("[data-columns]");
    if (!choice) return;
    apply(choice);
    const hidden = [...choice.querySelectorAll("input:not(:checked)")].map((tick) => tick.value);
    try {
      localStorage.setItem(key(choice.dataset.columns), JSON.stringify(hidden));
    } catch {
      // storage refused: the choice lasts as long as the page
    }
  });
  document.addEventListener("htmx:load", restore);
  restore();
})();
