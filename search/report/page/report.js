"use strict";

// ---- sort the table: a click on a heading sorts, a second click reverses; empty cells stay last
const table = document.getElementById("trials");
const rows = [...table.tBodies[0].rows];
const NUMBER = 0, TEXT = 1, MISSING = 2;

function sortedBy(cell) {
  if (cell.dataset.value !== undefined) return [NUMBER, Number(cell.dataset.value)];
  return cell.textContent ? [TEXT, cell.textContent] : [MISSING, ""];
}

function sort(heading) {
  const column = heading.cellIndex;
  const down = heading.ariaSort === "ascending";
  for (const other of heading.parentNode.cells) other.ariaSort = null;
  heading.ariaSort = down ? "descending" : "ascending";
  const keys = new Map(rows.map((row) => [row, sortedBy(row.cells[column])]));
  rows.sort((left, right) => {
    const [kind, a] = keys.get(left), [other, b] = keys.get(right);
    if (kind === MISSING || other === MISSING) return kind - other;
    const order = kind - other || (kind === NUMBER ? a - b : a.localeCompare(b, "en", {numeric: true}));
    return down ? -order : order;
  });
  table.tBodies[0].append(...rows);
}

for (const heading of table.tHead.rows[0].cells) {
  heading.querySelector("button").addEventListener("click", () => sort(heading));
}

// ---- filter the table: show the rows that contain every word and have the selected state
const words = document.getElementById("words"), state = document.getElementById("state");
const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/);
  for (const row of rows) {
    const fits = !state.value || row.dataset.state === state.value;
    row.hidden = !(fits && wanted.every((word) => texts.get(row).includes(word)));
  }
  const shown = rows.filter((row) => !row.hidden).length;
  document.getElementById("count").textContent = `${shown} of ${rows.length} rows`;
}

words.addEventListener("input", filter);
state.addEventListener("change", filter);
filter();

// ---- links within the page: scroll by script, as the page may be shown in a frame without a URL
for (const link of document.querySelectorAll("nav a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById(link.hash.slice(1)).scrollIntoView();
  });
}

// ---- draw the charts one by one, so that the page stays responsive
const data = JSON.parse(document.getElementById("data").textContent);
const touched = matchMedia("(pointer: coarse)").matches;  // on touch screens a drag scrolls the page
const config = {
  responsive: true,
  displaylogo: false,
  displayModeBar: touched ? false : "hover",
  // Only buttons that work locally: plotly.js has one that uploads a chart to Plotly's servers.
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "autoScale2d", "resetScale2d"]],
  plotlyServerURL: "",
};

async function draw() {
  for (const chart of data.charts) {
    for (const trace of chart.traces) {
      if (trace.customdata) trace.text = trace.customdata.map((item) => data.labels[[item].flat()[0]] ?? "");
    }
    if (touched) chart.layout.dragmode = false;
    await Plotly.newPlot(`chart-${chart.key}`, chart.traces, chart.layout, config);
    await new Promise((next) => setTimeout(next));
  }
}

draw();
