"use strict";
(() => {
  const drawings = JSON.parse(document.getElementById("drawings").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const touched = matchMedia("(pointer: coarse)").matches;
  const config = { displayModeBar: false, displaylogo: false, responsive: true, showTips: false };

  // A colour is a name after "@", and only where plotly expects a colour: nothing else is changed.
  const coloured = (value, key, style) => {
    if (Array.isArray(value)) return value.map((each) => coloured(each, "", style));
    if (value !== null && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, coloured(each, name, style)]));
    if (typeof value !== "string" || !value.startsWith("@") || !key.endsWith("color")) return value;
    const [name, faint] = value.slice(1).split("-");
    const colour = style.getPropertyValue(`--${name}`).trim();
    return faint ? `${colour}2b` : colour;
  };

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const theme = dark.matches ? "dark" : "light";
    const all = drawings.map(({ name, traces, layout }) => {
      const own = { ...coloured(layout, "", style), dragmode: touched ? false : "zoom" };
      return Plotly.react(name, coloured(traces, "", style), own, config);
    });
    Promise.all(all).then(() => { document.documentElement.dataset.drawn = theme; });
  };

  dark.addEventListener("change", draw);
  draw();
})();
