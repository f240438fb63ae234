/* details[data-menu]: one open at a time, closed by Escape, by a click elsewhere or by a choice; arrows move inside. */
(() => {
  const open = () => document.querySelectorAll("details[data-menu][open]");
  const close = (menu) => {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  };

  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  /* Pressing on plain text inside gives the focus to the page that holds the menu: that is not leaving it. */
  document.addEventListener("focusin", (event) => {
    for (const menu of open()) if (!menu.contains(event.target) && !event.target.contains(menu)) menu.open = false;
  });
  document.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.matches?.("details[data-menu]") || !event.target.open) return;
      const panel = event.target.querySelector(".menu-panel");
      panel.classList.remove("opens-up");
      if (panel.getBoundingClientRect().bottom > innerHeight) panel.classList.add("opens-up");
      if (panel.getBoundingClientRect().top < 0) panel.classList.remove("opens-up");
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details[data-menu][open]");
    if (event.key === "Escape") {
      for (const one of open()) close(one);
      return;
    }
    if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const choices = [...menu.querySelectorAll(".menu-panel a, .menu-panel button, .menu-panel input:enabled:not([type=hidden])")];
    if (!choices.length) return;
    event.preventDefault();
    const at = choices.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    choices[(at + choices.length) % choices.length].focus();
  });
})();
