/** Keeps the end in sight while one reads it, never moves who reads above, and fits the page over the keyboard. */

const NEAR = 60;
const MARGIN = 12;

/** `box` scrolls `list`; `button` leads back to the end. */
export function createScroll(box, list, button) {
  let following = true;
  let anchor = null;
  let ours = 0;
  let byHand = false;

  const end = () => box.scrollHeight - box.clientHeight;
  const near = () => end() - box.scrollTop < NEAR;

  function settle() {
    if (following) {
      // A long answer is read from its beginning: stop once its first line reaches the top.
      const node = anchor?.();
      ours = Math.min(end(), node ? node.offsetTop - MARGIN : Infinity);
      box.scrollTop = ours;
    }
    button.hidden = near();
  }

  // Only the reader's own gestures stop the following: a keyboard that opens or a line that grows also moves the scroll.
  for (const gesture of ["wheel", "touchstart", "pointerdown", "keydown", "focusin"]) box.addEventListener(gesture, () => (byHand = true), { passive: true });

  box.addEventListener(
    "scroll",
    () => {
      if (byHand && Math.abs(box.scrollTop - ours) > 2) {
        following = near();
        anchor = null;
      }
      button.hidden = near();
    },
    { passive: true },
  );
  button.addEventListener("click", () => toEnd());

  const observer = new ResizeObserver(settle);
  observer.observe(box);
  observer.observe(list);

  function toEnd() {
    following = true;
    byHand = false;
    anchor = null;
    settle();
  }

  return {
    toEnd,

    /** The reply to follow, given by a function that finds its node: its first line stays in sight. */
    follow(find) {
      if (following) anchor = find;
    },
  };
}

/**
 * Gives the page the height that the keyboard leaves (`--height`, `--offset`): on iOS the layout viewport does not shrink.
 * A page that one has zoomed is left alone.
 */
export function fitKeyboard() {
  const view = window.visualViewport;
  if (!view) return;
  const fit = () => {
    if (view.scale > 1.01) return;
    const root = document.documentElement.style;
    root.setProperty("--height", `${view.height}px`);
    root.setProperty("--offset", `${view.offsetTop}px`);
  };
  view.addEventListener("resize", fit);
  view.addEventListener("scroll", fit);
  fit();
}
