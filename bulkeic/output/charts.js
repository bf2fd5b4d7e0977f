"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
function draw() {
  const [ink, edge, card, quiet] = ["--ink", "--edge", "--card", "--quiet"].map(colour);
  for (const [id, figure] of Object.entries(figures)) {
    const layout = structuredClone(figure.layout);
    Object.assign(layout, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false });
    layout.font = { color: ink, family: getComputedStyle(document.body).fontFamily, size: 12 };
    layout.hoverlabel = { bgcolor: card, bordercolor: edge, font: { color: ink } };
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
      Object.assign(layout[name], { gridcolor: edge, linecolor: edge, zerolinecolor: edge, tickfont: { color: quiet } });
    }
    Plotly.react(id, figure.data, layout, { displayModeBar: false, displaylogo: false, plotlyServerURL: "", responsive: true });
  }
}
draw();
dark.addEventListener("change", draw);
