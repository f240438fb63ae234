/** Where the page's session comes from: its link, or the site's page around the frame (bridge.js). */

/** `{enter(resume), keeps, watched(), context(), name(), tell(type, data), hear(acts), ask(), anew()}`: see bridge.js and conversation.js. */
export async function createEntrance(boot, api) {
  if (boot.mode === "embed") return (await import("./bridge.js")).createBridge();
  const nothing = () => {};
  return {
    keeps: true,
    watched: () => true,
    context: () => ({}),
    name: () => boot.store,
    enter: (resume) => api.open(boot.session_url, { notice_version: boot.notice_version, ...(resume ? { resume } : {}) }),
    tell: nothing,
    hear: nothing,
    ask: nothing,
    anew: nothing,
  };
}
