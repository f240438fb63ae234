/* The trial page of a deployment: gives the widget its settings, then writes down what it tells. */
(() => {
  const list = document.getElementById("journal");
  const note = (name, data) => {
    const line = document.createElement("li");
    const time = document.createElement("time");
    const word = document.createElement("code");
    time.textContent = new Date().toLocaleTimeString("fr-FR");
    word.textContent = name;
    line.append(time, " ", word);
    const said = data && (data.content || data.message || data.name || data.code);
    if (said) line.append(` ${String(said).slice(0, 120)}`);
    list.prepend(line);
  };
  const events = ["open", "close", "message:sent", "message:received", "file:uploading", "file:uploaded", "file:error"];
  window.AiManagerConfig = {
    ...JSON.parse(document.currentScript.dataset.config),
    onReady: (widget) => {
      note("ready");
      for (const name of events) widget.on(name, (data) => note(name, data));
    },
    onError: (error) => note("error", error),
  };
})();
