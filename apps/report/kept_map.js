"use strict";

// Kept tokens: a map of all steps, the layers at one of them, and the text as the state has it then.
document.querySelectorAll("figure.kept").forEach((figure) => {
  const find = (selector) => figure.querySelector(selector);
  const [steps, layers, text, slider] = [find(".steps"), find(".layers"), find(".text"), find("input")];
  const [chooseMap, chooseBand, play, output] =
    [find("[data-choose=map]"), find("[data-choose=band]"), find("[data-play]"), find("output")];
  let map, bands, step, spans, image, shares, timer = null;

  const NEVER = 0xffff;
  const isKept = (dropped, at) => dropped === NEVER || dropped > at;
  const length = () => map.tokens.length;
  // In how many of the bands a token is there after a step.
  const count = (token, at) =>
    token > at ? 0 : bands.reduce((sum, band) => sum + (isKept(map.dropped_at[band][token], at) ? 1 : 0), 0);

  function resize(canvas) {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    return canvas.getContext("2d");
  }

  // Rows are steps. A long text has several steps a row, and the mean of several tokens a column.
  function paintSteps() {
    const n = length(), side = Math.min(n, 1024), [r, g, b] = theme.colour(`--c-${map.colour}`);
    const place = (index) => Math.floor(index * side / n);
    const sums = new Float32Array(side * side), kept = new Int32Array(side + 1), tokens = new Int32Array(side);
    for (let token = 0; token < n; ++token) {
      const column = place(token);
      tokens[column] += 1;
      kept.fill(0);
      kept[column] = bands.length;
      for (const band of bands) {
        const dropped = map.dropped_at[band][token];
        if (dropped !== NEVER) kept[Math.max(column, place(dropped))] -= 1;
      }
      for (let row = column, now = 0; row < side; ++row) {
        now += kept[row];
        sums[row * side + column] += now;
      }
    }
    const pixels = new ImageData(side, side);
    sums.forEach((sum, at) => {
      if (sum > 0) pixels.data.set([r, g, b, 40 + 215 * sum / (bands.length * tokens[at % side])], 4 * at);
    });
    image = document.createElement("canvas");
    image.width = image.height = side;
    image.getContext("2d").putImageData(pixels, 0, 0);
  }

  function drawSteps() {
    const context = resize(steps), {width, height} = steps, n = length();
    context.imageSmoothingEnabled = image.width > width;
    context.drawImage(image, 0, 0, width, height);
    const y = (step + 0.5) * height / n;
    context.strokeStyle = css(theme.colour("--ink"), 0.75);
    context.lineWidth = Math.max(1, width / 600);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
  }

  function drawLayers() {
    const context = resize(layers), {width, height} = layers, n = length();
    const [wide, high] = [width / n, height / map.bands.length];
    map.bands.forEach((_, band) => {
      context.fillStyle = css(theme.colour(`--c-${map.colour}`), bands.includes(band) ? 0.9 : 0.25);
      for (let token = 0; token <= step; ++token) {
        if (!isKept(map.dropped_at[band][token], step)) continue;
        context.fillRect(token * wide, band * high, Math.max(wide, 0.75), Math.max(1, high - (high > 4 ? 1 : 0)));
      }
    });
  }

  function drawText() {
    let kept = 0;
    spans.forEach((span, token) => {
      const share = count(token, step) / bands.length;
      kept += share;
      const state = token > step ? -1 : share;
      if (shares[token] === state) return;
      shares[token] = state;
      span.style.setProperty("--v", share.toFixed(3));
      span.className = token > step ? "unread" : share === 0 ? "gone" : "";
    });
    text.querySelector(".now")?.classList.remove("now");
    const now = spans[step];
    now.classList.add("now");
    const [top, bottom] = [now.offsetTop - text.scrollTop, now.offsetTop + now.offsetHeight - text.scrollTop];
    if (top < 0 || bottom > text.clientHeight) text.scrollTop = now.offsetTop - text.clientHeight / 2;
    output.textContent = `Step ${step + 1} of ${length()} reads “${shown(step)}”; ` +
      `${Math.round(10 * kept) / 10} tokens are kept${bands.length > 1 ? ", on average" : ""}.`;
  }

  const shown = (token) => map.tokens[token].replace(/\n/g, "↵").replace(/[\u0000-\u001f\u007f]/g, "�");

  function describe(token) {
    const names = bands.length === 1 ? [] : [`kept in ${count(token, step)} of ${bands.length}`];
    const drops = bands.map((band) => map.dropped_at[band][token]).filter((dropped) => dropped !== NEVER);
    if (drops.length) names.push(`dropped at step ${1 + Math.min(...drops)}` +
      (drops.length > 1 ? ` to ${1 + Math.max(...drops)}` : ""));
    if (drops.length < bands.length) names.push(drops.length ? "elsewhere never" : "never dropped");
    output.textContent = `“${shown(token)}”, token ${token + 1}: ${names.join(", ")}.`;
  }

  function move(to) {
    step = Math.min(Math.max(to, 0), length() - 1);
    slider.value = step;
    drawSteps();
    drawLayers();
    drawText();
  }

  function repaint() {
    figure.style.setProperty("--c", `var(--c-${map.colour})`);
    paintSteps();
    move(step);
  }

  function pickBands() {
    bands = chooseBand.value === "all" ? map.bands.map((_, band) => band) : [Number(chooseBand.value)];
    repaint();
  }

  // Steps are written as 16-bit numbers in base 64.
  const unpacked = (packed) => ({
    ...packed,
    dropped_at: packed.dropped_at.map((text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      return Uint16Array.from({length: bytes.length / 2}, (_, i) => bytes[2 * i] + 256 * bytes[2 * i + 1]);
    }),
  });

  function pickMap() {
    const before = map;
    map = unpacked(data.kept_maps[Number(chooseMap.value)]);
    const option = (value, name) => new Option(name, value);
    chooseBand.replaceChildren(option("all", "all"), ...map.bands.map((name, band) => option(band, name)));
    slider.max = length() - 1;
    if (!before || before.tokens.length !== length()) step = Math.floor(0.6 * length());
    spans = map.tokens.map((token, index) => {
      const span = document.createElement("span");
      // An empty line stays one; other ends of lines are where a book was broken, not this column.
      const paragraph = /\n\s*\n/.test(token) || (/^\n/.test(token) && /\n$/.test(map.tokens[index - 1] ?? ""));
      span.textContent = shown(index) + (paragraph ? "\n" : token.endsWith("\n") ? " " : "");
      span.dataset.token = index;
      return span;
    });
    text.replaceChildren(...spans);
    shares = new Array(length()).fill(null);
    pickBands();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (step === length() - 1) step = 0;
    play.textContent = "Pause";
    const stride = Math.max(1, Math.round(length() / 400));
    timer = setInterval(() => (step < length() - 1 ? move(step + stride) : stop()), 60);
  });

  const place = (event, canvas) => {
    const box = canvas.getBoundingClientRect();
    return [Math.floor((event.clientX - box.left) / box.width * length()),
            Math.floor((event.clientY - box.top) / box.height * length())];
  };
  const follow = (canvas, axis) => {
    const go = (event) => move(place(event, canvas)[axis]);
    canvas.addEventListener("pointerdown", go);
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) go(event);
      else describe(Math.min(Math.max(place(event, canvas)[0], 0), length() - 1));
    });
  };
  follow(steps, 1);
  follow(layers, 0);
  text.addEventListener("pointerover", (event) => {
    if (event.target.dataset.token !== undefined) describe(Number(event.target.dataset.token));
  });
  text.addEventListener("click", (event) => {
    if (event.target.dataset.token !== undefined) move(Number(event.target.dataset.token));
  });
  figure.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20}[event.key];
    if (by === undefined || event.target === slider || event.target.tagName === "SELECT") return;
    event.preventDefault();
    move(step + by);
  });
  slider.addEventListener("input", () => move(Number(slider.value)));
  chooseMap.addEventListener("change", pickMap);
  chooseBand.addEventListener("change", pickBands);
  theme.onChange(repaint);
  new ResizeObserver(() => map && move(step)).observe(figure);
  pickMap();
});
