"use strict";

// Light and dark: as the system is, until the button says otherwise.
const theme = (() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const changed = () => {
    button.textContent = isDark() ? "☀" : "☾";
    for (const listener of listeners) listener();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    changed();
  });
  system.addEventListener("change", changed);
  changed();

  return {
    onChange(listener) { listeners.push(listener); },
    // What a custom property is now, as [red, green, blue].
    colour(name) {
      const probe = document.createElement("i");
      probe.style.color = `var(${name})`;
      document.body.append(probe);
      const rgb = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
      probe.remove();
      return rgb;
    },
  };
})();

const css = ([r, g, b], alpha = 1) => `rgba(${r}, ${g}, ${b}, ${alpha})`;
const data = JSON.parse(document.getElementById("data").textContent);
