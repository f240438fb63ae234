/* [data-copy="text"]: copies it, and says so on the spot. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const tell = (detail) => document.dispatchEvent(new CustomEvent("toast", { detail }));
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    tell({ kind: "error", message: "Le navigateur a refusé la copie : sélectionnez le texte à la main." });
    return;
  }
  button.dataset.copied = "";
  const use = button.querySelector("use");
  const before = use?.getAttribute("href");
  use?.setAttribute("href", before.replace(/#.*/, "#check"));
  tell({ kind: "success", message: "Copié." });
  setTimeout(() => {
    delete button.dataset.copied;
    use?.setAttribute("href", before);
  }, 2000);
});
