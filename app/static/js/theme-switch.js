/* [data-theme-switch]: passes from light to dark and back, remembered in this browser. */
(() => {
  const root = document.documentElement;
  const isDark = () => root.getAttribute("data-bs-theme") === "dark";
  const name = () => {
    for (const label of document.querySelectorAll("[data-theme-label]")) label.textContent = isDark() ? "Thème clair" : "Thème sombre";
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const theme = isDark() ? "light" : "dark";
    root.setAttribute("data-bs-theme", theme);
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // storage refused: the choice lasts as long as the page
    }
  });
  new MutationObserver(() => {
    name();
    document.dispatchEvent(new CustomEvent("theme-change"));
  }).observe(root, { attributeFilter: ["data-bs-theme"] });
  name();
})();
