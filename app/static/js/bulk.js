/* Selected rows: the bar of a table is shown while some are ticked, and carries their ids; Shift ticks a range. */
(() => {
  let last = null;
  const box = (element) => element.closest("[data-table]");
  const ticks = (table) => [...table.querySelectorAll("[data-select]")];
  const bar = (table) => document.querySelector(`[data-bulk="${table.dataset.table}"]`);

  const show = (table) => {
    const all = ticks(table);
    const chosen = all.filter((tick) => tick.checked);
    const every = table.querySelector("[data-select-all]");
    if (every) {
      every.checked = all.length > 0 && chosen.length === all.length;
      every.indeterminate = chosen.length > 0 && chosen.length < all.length;
    }
    const form = bar(table);
    if (!form) return;
    form.hidden = chosen.length === 0;
    form.querySelector("[data-bulk-count]").textContent = chosen.length;
    const noun = form.querySelector("[data-bulk-noun]");
    noun.textContent = chosen.length > 1 ? noun.dataset.many : noun.dataset.one;
    form.querySelectorAll("input[name=ids]").forEach((input) => input.remove());
    for (const tick of chosen) {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = "ids";
      input.value = tick.value;
      form.append(input);
    }
  };

  document.addEventListener("click", (event) => {
    if (event.target.matches("[data-select]") && event.shiftKey && last && box(last) === box(event.target)) {
      const all = ticks(box(event.target));
      const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((a, b) => a - b);
      for (const tick of all.slice(from, to + 1)) tick.checked = event.target.checked;
    }
    const clear = event.target.closest("[data-bulk-clear]");
    if (!clear) return;
    const table = document.querySelector(`[data-table="${clear.closest("[data-bulk]").dataset.bulk}"]`);
    for (const tick of ticks(table)) tick.checked = false;
    show(table);
    table.querySelector("[data-select-all]")?.focus();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) for (const tick of ticks(box(event.target))) tick.checked = event.target.checked;
    else if (event.target.matches("[data-select]")) last = event.target;
    else return;
    show(box(event.target));
  });
  const refresh = () => document.querySelectorAll("[data-table]:has([data-select])").forEach(show);
  document.addEventListener("htmx:load", refresh);
  addEventListener("pageshow", refresh);
})();
