"use strict";
(() => {
  const drawings = JSON.parse(document.getElementById("drawings").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const touched = matchMedia("(pointer: coarse)").matches;
  const config = { displayModeBar: false, displaylogo: false, responsive: true, showTips: false };

  // A color is a name after "@", and only where plotly expects a color: nothing else is changed.
  const colored = (value, key, style) => {
    if (Array.isArray(value)) return value.map((each) => colored(each, "", style));
    if (value !== null && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, colored(each, name, style)]));
    if (typeof value !== "string" || !value.startsWith("@") || !key.endsWith("color")) return value;
    const [name, faint] = value.slice(1).split("-");
    const color = style.getPropertyValue(`--${name}`).trim();
    return faint ? `${color}2b` : color;
  };

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const theme = dark.matches ? "dark" : "light";
    const all = drawings.map(({ name, traces, layout }) => {
      const own = { ...colored(layout, "", style), dragmode: touched ? false : "zoom" };
      return Plotly.react(name, colored(traces, "", style), own, config);
    });
    Promise.all(all).then(() => { document.documentElement.dataset.drawn = theme; });
  };

  dark.addEventListener("change", draw);
  draw();
})();
