/* Where a row of tabs is wider than the screen, the current one is in sight. */
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const row = tab.closest(".tabs");
  const [place, frame] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
}
