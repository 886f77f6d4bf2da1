/**
 * The script inside the page: one pointer through all charts of a seed, with the moment and the numbers that held then. The page says all it has to
 * say without it. Plain JavaScript as text, because it runs in the reader's browser and nothing builds it.
 */

export const script = `
"use strict";
(() => {
  const suite = JSON.parse(document.getElementById("suite").textContent);
  const charts = [...document.querySelectorAll("svg[data-group]")];
  const held = (points, atMs) => {
    let low = 0, high = points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= atMs) low = middle + 1; else high = middle;
    }
    return low === 0 ? "–" : points[low - 1][1];
  };
  const timelineOf = (group) => suite.shown[Number(group.replace("seed-", ""))]?.timeline ?? null;
  const moment = (atMs) => (atMs / 1000).toFixed(3) + " s";
  const reading = (text, group, atMs) => {
    const series = text.dataset.series;
    if (series === "time") return moment(atMs);
    const timeline = timelineOf(group);
    if (timeline === null) return "";
    if (series === "stock") return moment(atMs) + ": " + held(timeline.onHand, atMs) + " on hand, " + held(timeline.reserved, atMs) + " promised";
    const ats = timeline.ats[Number(series.slice(4))];
    // The lists of seeds are left out where they would make the page too heavy.
    if (ats === undefined) return moment(atMs);
    return "said " + held(ats.published, atMs) + ", heard " + held(ats.heard, atMs);
  };
  const point = (group, atMs) => {
    for (const svg of charts) {
      if (svg.dataset.group !== group) continue;
      const { from, to, left, right } = svg.dataset;
      let line = svg.querySelector(".pointer");
      if (line === null) {
        line = document.createElementNS(svg.namespaceURI, "line");
        line.setAttribute("class", "pointer");
        line.setAttribute("y1", "18");
        line.setAttribute("y2", String(svg.viewBox.baseVal.height - 40));
        svg.append(line);
      }
      const x = atMs === null ? -9 : Number(left) + ((atMs - from) / (to - from)) * (right - left);
      line.setAttribute("x1", String(x));
      line.setAttribute("x2", String(x));
      line.style.display = atMs === null ? "none" : "";
      for (const text of svg.querySelectorAll(".reading")) text.textContent = atMs === null ? "" : reading(text, group, atMs);
    }
  };
  for (const svg of charts) {
    const { group, from, to, left, right } = svg.dataset;
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      const atMs = Number(from) + ((x - left) / (right - left)) * (to - from);
      point(group, atMs < Number(from) || atMs > Number(to) ? null : Math.round(atMs));
    });
    svg.addEventListener("pointerleave", () => point(group, null));
  }
})();
`
