/* canvas[data-chart]: drawn from the JSON beside it, in the page's own colours; the library is fetched only by pages that have one. */
(() => {
  let library;
  const charts = new Map();
  const load = () =>
    (library ||= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.chartLibrary;
      script.onload = () => resolve(window.Chart);
      script.onerror = reject;
      document.head.append(script);
    }));
  /* Resolves a light-dark() token to the colour that is really painted. */
  const colour = (token) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${token})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const written = new Intl.NumberFormat("fr-FR");

  const draw = (Chart, canvas) => {
    charts.get(canvas)?.destroy();
    const { labels, series, unit } = JSON.parse(document.getElementById(canvas.dataset.chartData).textContent);
    const kind = canvas.dataset.chart;
    const line = kind === "line";
    const palette = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"].map(colour);
    const text = colour("--ink-2");
    const grid = colour("--line");
    const value = (number) => `${written.format(number)}${unit ? `\u00a0${unit}` : ""}`;
    charts.set(
      canvas,
      new Chart(canvas, {
        type: line ? "line" : "bar",
        data: {
          labels,
          datasets: series.map(({ label, data }, index) => ({
            label,
            data,
            borderColor: palette[index % palette.length],
            backgroundColor: palette[index % palette.length],
            borderWidth: line ? 2 : 0,
            borderRadius: line ? 0 : 3,
            maxBarThickness: 40,
            // On a long line only a value that stands alone needs a point: nothing else would draw it.
            pointRadius: ({ dataIndex: at }) => (labels.length <= 20 || ((data[at - 1] ?? null) === null && (data[at + 1] ?? null) === null) ? 3 : 0),
            tension: 0.25,
          })),
        },
        options: {
          animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 250 },
          maintainAspectRatio: false,
          interaction: { mode: "index", intersect: false },
          font: { family: "Inter, system-ui, sans-serif" },
          scales: {
            x: { stacked: kind === "stacked", grid: { display: false }, ticks: { color: text, maxRotation: 0, autoSkipPadding: 16 }, border: { color: grid } },
            y: {
              stacked: kind === "stacked",
              beginAtZero: true,
              grid: { color: grid },
              border: { display: false },
              ticks: { color: text, maxTicksLimit: 5, callback: value },
            },
          },
          plugins: {
            legend: { display: series.length > 1, align: "start", labels: { color: text, boxWidth: 10, boxHeight: 10 } },
            tooltip: { callbacks: { label: ({ dataset, parsed }) => ` ${dataset.label} : ${value(parsed.y)}` } },
          },
        },
      }),
    );
  };

  const drawAll = async (again) => {
    for (const [canvas, chart] of charts) {
      if (canvas.isConnected) continue;
      chart.destroy();
      charts.delete(canvas);
    }
    const found = [...document.querySelectorAll("canvas[data-chart]")].filter((canvas) => again || !charts.has(canvas));
    if (!found.length) return;
    const Chart = await load();
    Chart.defaults.font.family = "Inter, system-ui, sans-serif";
    for (const canvas of found) draw(Chart, canvas);
  };
  document.addEventListener("htmx:load", () => drawAll(false));
  document.addEventListener("theme-change", () => drawAll(true));
  drawAll(false);
})();
