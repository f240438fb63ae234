/** Waiting for a network that comes and goes. */

export const online = () => navigator.onLine !== false;

/** 0.5 s, 1 s, 2 s … at most 15 s, spread so that a thousand phones do not come back in the same instant. */
export const backoff = (attempt) => Math.min(15000, 500 * 2 ** attempt) * (0.8 + Math.random() * 0.4);

/** Resolves after `milliseconds`, or at once when the network is back or the page is shown again. */
export function pause(milliseconds) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      window.removeEventListener("online", finish);
      document.removeEventListener("visibilitychange", shown);
      resolve();
    };
    const shown = () => document.visibilityState === "visible" && finish();
    const timer = setTimeout(finish, milliseconds);
    window.addEventListener("online", finish);
    document.addEventListener("visibilitychange", shown);
  });
}
