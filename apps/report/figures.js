"use strict";

// The charts: what each shows is in the data; how, here.
(() => {
  const MARKS = {
    tova: "circle", h2o: "rectRot", "h2o-layer": "rectRot", "window-4": "triangle", "window-n": "triangle",
    window: "rect", "tova-head": "circle", "tova-n": "circle", decayed: "star", baseline: "crossRot",
  };
  const SHAPES = {  // the same marks in a legend
    circle: "M7 5a3 3 0 1 0 6 0a3 3 0 1 0-6 0z", rect: "M7 2h6v6h-6z", rectRot: "M10 1l4 4l-4 4l-4-4z",
    triangle: "M10 1l4 7h-8z", crossRot: "M7 2l6 6m0-6l-6 6", star: "M10 1v8m-4-4h8m-7-3l6 6m0-6l-6 6",
  };
  const DASHES = [[], [2, 3], [8, 4], [8, 3, 2, 3]];  // of series of one colour
  const narrow = matchMedia("(max-width: 46rem)");
  const charts = [];

  const short = (value) =>
    Math.abs(value) >= 1e5 ? value.toLocaleString("en", {notation: "compact"})
      : value.toLocaleString("en", {maximumSignificantDigits: 4, useGrouping: "min2"});

  function dash(figure, index) {
    const {colour, dashed} = figure.series[index];
    if (dashed) return [6, 5];
    const before = figure.series.slice(0, index).filter((other) => other.colour === colour && !other.dashed);
    return DASHES[before.length % DASHES.length];
  }

  function lineOf(figure, index) {
    const series = figure.series[index];
    const colour = css(theme.colour(`--c-${series.colour}`));
    const crowded = series.points.length > 40;
    const level = series.dashed && series.points.every((point) => point[1] === series.points[0][1]);
    return {
      label: series.name,
      data: series.points.map(([x, y, low, high]) => ({x, y, low, high})),
      borderColor: colour, backgroundColor: colour, borderWidth: crowded ? 1.5 : 2, borderDash: dash(figure, index),
      pointStyle: MARKS[series.colour] ?? "circle", pointRadius: crowded || level ? 0 : 4, pointHoverRadius: 6,
      pointHitRadius: 8, tension: 0,
    };
  }

  function barOf(figure, index) {
    const series = figure.series[index];
    const colour = theme.colour(`--c-${series.colour}`);
    const hollow = series.colour === "predicted";
    const shares = figure.kind === "shares";
    return {
      label: series.name,
      data: figure.x.categories.map((_, at) => series.points.find((point) => point[0] === at)?.[1] ?? null),
      intervals: series.points,
      backgroundColor: css(colour, hollow ? 0.15 : 0.92), borderColor: css(colour), borderWidth: hollow ? 1.5 : 0,
      borderSkipped: hollow ? "start" : false, maxBarThickness: 42, categoryPercentage: 0.74,
      barPercentage: shares ? 0.95 : 0.9,
    };
  }

  // Whiskers of the points that have an interval.
  const whiskers = {
    id: "whiskers",
    afterDatasetsDraw(chart) {
      if (chart.config.type !== "line") return;
      const {ctx, scales: {y}, chartArea} = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      chart.data.datasets.forEach((dataset, index) => {
        if (!chart.isDatasetVisible(index)) return;
        ctx.strokeStyle = dataset.borderColor;
        ctx.globalAlpha = 0.55;
        ctx.lineWidth = 1.25;
        chart.getDatasetMeta(index).data.forEach((mark, at) => {
          const {low, high} = dataset.data[at];
          if (low === undefined) return;
          // Side by side where several policies have a value.
          const x = mark.x + (index - (chart.data.datasets.length - 1) / 2) * 3;
          const [top, bottom] = [y.getPixelForValue(high), y.getPixelForValue(low)];
          ctx.beginPath();
          ctx.moveTo(x, top);
          ctx.lineTo(x, bottom);
          for (const end of [top, bottom]) {
            ctx.moveTo(x - 2.5, end);
            ctx.lineTo(x + 2.5, end);
          }
          ctx.stroke();
        });
      });
      ctx.restore();
    },
  };

  // Shares as numbers in their bars, where there is room.
  const shareNumbers = {
    id: "shareNumbers",
    afterDatasetsDraw(chart) {
      if (!chart.options.shares) return;
      const {ctx} = chart;
      ctx.save();
      ctx.font = "600 12px system-ui, sans-serif";
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      chart.data.datasets.forEach((dataset, index) => {
        chart.getDatasetMeta(index).data.forEach((bar, at) => {
          const text = `${Math.round(100 * dataset.data[at])} %`;
          const {x, base, y} = bar.getProps(["x", "base", "y"], true);
          if (!chart.isDatasetVisible(index) || Math.abs(x - base) < ctx.measureText(text).width + 8) return;
          const [r, g, b] = dataset.borderColor.match(/\d+/g).map(Number);
          ctx.fillStyle = 0.3 * r + 0.59 * g + 0.11 * b > 140 ? "#15171a" : "#ffffff";
          ctx.fillText(text, (x + base) / 2, y);
        });
      });
      ctx.restore();
    },
  };

  function scale(axis, ink, extra) {
    return {
      type: axis.categories.length ? "category" : axis.logarithmic ? "logarithmic" : "linear",
      title: {display: axis.label !== "", text: axis.label, color: ink.quiet, font: {size: 12}},
      grid: {color: ink.rule, drawBorder: false, tickLength: 4},
      ticks: {color: ink.quiet, font: {size: 12}, maxRotation: 0, callback: (value) => short(value)},
      ...extra,
    };
  }

  // Room for the whiskers, a little air, and nothing below zero where no value is.
  function limits(figure) {
    const ends = figure.series.flatMap((series) => series.points.flatMap(([, y, low, high]) => [low ?? y, high ?? y]));
    const least = Math.min(...ends), most = Math.min(Math.max(...ends), figure.y.end ?? Infinity);
    const air = 0.05 * (most - least || Math.abs(most) || 1);
    return {min: least >= 0 ? Math.max(0, least - air) : least - air, max: figure.y.end ?? most + air};
  }

  function lineScales(figure, ink) {
    const {marks} = figure.x;
    const x = scale(figure.x, ink, {});
    if (marks.length) {
      // The sizes themselves, with some air at both ends.
      x.min = marks[0] / 1.15;
      x.max = marks[marks.length - 1] * 1.15;
      x.afterBuildTicks = (axis) => { axis.ticks = marks.map((value) => ({value})); };
      x.ticks.callback = (value) => String(value);
      x.ticks.autoSkip = marks.length > 8;
    } else {
      x.max = Math.max(...figure.series.flatMap((series) => series.points.map((point) => point[0])));
      x.ticks.includeBounds = false;
      x.ticks.maxTicksLimit = narrow.matches ? 5 : 9;
    }
    return {x, y: scale(figure.y, ink, {...limits(figure), ticks: {...x.ticks, includeBounds: false, callback: short}})};
  }

  function barScales(figure, ink) {
    const names = scale(figure.x, ink, {grid: {display: false, drawBorder: false}});
    names.ticks = {color: ink.quiet, font: {size: 12}, maxRotation: narrow.matches ? 60 : 0, autoSkip: false};
    if (figure.kind === "bars") return {x: names, y: scale(figure.y, ink, {beginAtZero: true})};
    const share = scale(figure.y, ink, {min: 0, max: 1, stacked: true});
    share.ticks.callback = (value) => `${Math.round(100 * value)} %`;
    return {x: share, y: {...names, stacked: true, title: {display: false}}};
  }

  function tooltip(figure, ink) {
    const range = (low, high) => (low === undefined ? "" : ` (${short(low)} – ${short(high)})`);
    return {
      mode: "index", axis: figure.kind === "shares" ? "y" : "x", intersect: false,
      backgroundColor: ink.panel, titleColor: ink.text, bodyColor: ink.text, borderColor: ink.rule, borderWidth: 1,
      padding: 10, cornerRadius: 6, usePointStyle: true, boxPadding: 4, caretSize: 0,
      callbacks: {
        title: ([item]) => (item === undefined ? "" : figure.x.categories[item.dataIndex] ??
          `${figure.x.label}: ${short(item.parsed.x)}`),
        label: (item) => {
          if (figure.kind === "lines") {
            const {y, low, high} = item.raw;
            return ` ${item.dataset.label}: ${short(y)}${range(low, high)}`;
          }
          const [, , low, high] = item.dataset.intervals.find((point) => point[0] === item.dataIndex) ?? [];
          const value = figure.kind === "shares" ? `${(100 * item.raw).toFixed(1)} %` : short(item.raw);
          return ` ${item.dataset.label}: ${value}${figure.kind === "shares" ? "" : range(low, high)}`;
        },
      },
    };
  }

  function legend(chart, figure, place) {
    place.replaceChildren(...figure.series.map((series, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      const dataset = chart.data.datasets[index];
      const shape = figure.kind !== "lines" ? "M6 1h8v8h-8z" : dataset.pointRadius > 0 ? SHAPES[dataset.pointStyle] : "";
      button.insertAdjacentHTML("afterbegin", "<svg viewBox='0 0 20 10' aria-hidden='true'><path/><path/></svg>");
      const [line, mark] = button.querySelectorAll("path");
      if (figure.kind === "lines") line.setAttribute("d", "M0 5h20");
      line.setAttribute("stroke-dasharray", dataset.borderDash?.join(" ") ?? "");
      mark.setAttribute("d", shape ?? "");
      mark.setAttribute("fill", dataset.backgroundColor);
      button.firstChild.setAttribute("stroke", dataset.borderColor);
      button.append(series.name);
      button.addEventListener("click", () => {
        const shown = !chart.isDatasetVisible(index);
        chart.setDatasetVisibility(index, shown);
        button.setAttribute("aria-pressed", String(shown));
        chart.update();
      });
      return button;
    }));
  }

  function draw(canvas) {
    const figure = data.figures[Number(canvas.dataset.figure)];
    const ink = {};
    for (const name of ["text", "quiet", "rule", "panel"]) {
      ink[name] = css(theme.colour(name === "text" ? "--ink" : `--${name}`));
    }
    const lines = figure.kind === "lines";
    const make = lines ? lineOf : barOf;
    const shares = figure.kind === "shares";
    if (shares) canvas.parentElement.style.height = `${3.2 + 2.7 * figure.x.categories.length}rem`;
    const chart = new Chart(canvas, {
      type: lines ? "line" : "bar",
      data: {labels: lines ? undefined : figure.x.categories, datasets: figure.series.map((_, i) => make(figure, i))},
      plugins: [whiskers, shareNumbers],
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, shares,
        indexAxis: shares ? "y" : "x",
        interaction: {mode: lines ? "x" : "index", axis: shares ? "y" : "x", intersect: false},
        scales: lines ? lineScales(figure, ink) : barScales(figure, ink),
        plugins: {legend: {display: false}, tooltip: tooltip(figure, ink)},
        layout: {padding: {right: narrow.matches ? 4 : 10, top: 6}},
      },
    });
    legend(chart, figure, canvas.closest("figure").querySelector(".legend"));
    charts.push(chart);
  }

  function drawAll() {
    for (const chart of charts.splice(0)) chart.destroy();
    document.querySelectorAll("canvas[data-figure]").forEach(draw);
  }

  theme.onChange(drawAll);
  drawAll();
})();
