/** The one polite live region: finished sentences and news, never single tokens. */

const SENTENCE = /^[\s\S]*?(?:[.!?…:](?=\s)|\n)/;
const KEPT = 6;

export function createAnnouncer(region) {
  let said = 0;

  function say(text) {
    const clean = text
      .replace(/!?\[([^\]]*)\]\((?:[^\s()]|\([^\s()]*\))+\)/g, "$1")
      .replace(/[*#`]+|^\s*[-•]\s+/gm, "")
      .trim();
    if (!clean) return;
    const line = document.createElement("p");
    line.textContent = clean;
    region.append(line);
    while (region.childElementCount > KEPT) region.firstElementChild.remove();
  }

  return {
    say,

    /** `text` is the reply so far; says the sentences that are complete since the last call, and all of it when `whole`. */
    reply(text, whole) {
      if (text.length < said) said = 0;
      for (let match = SENTENCE.exec(text.slice(said)); match; match = SENTENCE.exec(text.slice(said))) {
        said += match[0].length;
        say(match[0]);
      }
      if (!whole) return;
      say(text.slice(said));
      said = 0;
    },

    /** A reply starts over: what was heard of it is forgotten. */
    restart() {
      said = 0;
    },
  };
}
