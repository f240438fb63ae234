/* A row is its link: a click anywhere on it follows [data-row-link], unless it was meant for something else in the row. */
(() => {
  const link = (event) => {
    const row = event.target.closest?.("tr:has([data-row-link])");
    if (!row || event.target.closest("a, button, input, label, select, summary, textarea") || String(getSelection())) return null;
    return row.querySelector("[data-row-link]");
  };
  document.addEventListener("click", (event) => {
    const target = link(event);
    if (!target) return;
    if (event.ctrlKey || event.metaKey) open(target.href, "_blank", "noopener");
    else target.click();
  });
  document.addEventListener("auxclick", (event) => {
    const target = event.button === 1 && link(event);
    if (target) open(target.href, "_blank", "noopener");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const anchor = event.target.closest?.("[data-row-link]");
    if (!anchor || !event.detail.successful) return;
    const row = anchor.closest("tr");
    for (const other of row.parentElement.children) {
      other.classList.toggle("is-active", other === row);
      other.toggleAttribute("aria-current", false);
    }
    row.setAttribute("aria-current", "true");
  });

  /* A list that fits lets its head stick to the page; a wider one scrolls inside its own box. */
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      target.classList.remove("fits");
      target.classList.toggle("fits", target.scrollWidth <= target.clientWidth);
    }
  });
  const watch = () => document.querySelectorAll("[data-table-scroll]").forEach((box) => watcher.observe(box));
  document.addEventListener("htmx:load", watch);
  watch();
})();
