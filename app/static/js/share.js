/* [data-share-url]: the phone's own sharing, or a copy of the link where there is none. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share-url]");
  if (!button) return;
  const { shareUrl: url, shareTitle: title } = button.dataset;
  const tell = (detail) => document.dispatchEvent(new CustomEvent("toast", { detail }));
  try {
    if (navigator.share) await navigator.share({ url, title });
    else {
      await navigator.clipboard.writeText(url);
      tell({ kind: "success", message: "Lien copié." });
    }
  } catch (error) {
    if (error.name !== "AbortError") tell({ kind: "error", message: "Le partage n’a pas abouti. Copiez le lien à la main." });
  }
});
