"use strict";
// The page's own behaviour: colours, figures drawn as they come into view, one trial picked
// everywhere, the table of trials. Whatever comes from a file goes into the page as text.

const picks = JSON.parse(document.getElementById("picks").textContent);
const root = document.documentElement, panel = document.getElementById("panel");
const canvases = [...document.querySelectorAll(".canvas")];
const DRAWING = {
  responsive: true, displaylogo: false, showSendToCloud: false,
  displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false,
  modeBarButtonsToRemove: ["sendChartToCloud", "lasso2d", "select2d", "downloadJson"],
};
let picked = null;

root.classList.add("js");

// Colours ----------------------------------------------------------------------------------------

/** What a colour of the style sheet comes to, in the theme that is on. */
function colour(name) {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = `var(--${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** The part of a plotly layout that goes with the theme. */
function themed() {
  const [text, ground, rule] = ["text", "ground", "rule"].map(colour);
  return {
    "font.color": text, "hoverlabel.bgcolor": ground, "hoverlabel.bordercolor": rule,
    "hoverlabel.font.color": text, "modebar.color": colour("muted"), "modebar.bgcolor": "rgba(0,0,0,0)",
  };
}

function recolour() {
  for (const canvas of [...canvases, ...panel.querySelectorAll(".curve")]) {
    if (!canvas.layout) continue;
    Plotly.relayout(canvas, themed());
    if (canvas.dataset.plot) highlight(canvas);
  }
}

function isDark() {
  return (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  recolour();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);

// Figures ----------------------------------------------------------------------------------------

/** Draw a figure, once. */
function draw(canvas) {
  if (canvas.layout) return;
  const {data, layout} = JSON.parse(document.getElementById(`plot-${canvas.dataset.plot}`).textContent);
  Plotly.newPlot(canvas, data, layout, DRAWING);
  Plotly.relayout(canvas, themed());
  fit(canvas);
  highlight(canvas);
  canvas.on("plotly_click", event => {
    const trial = trialAt(event.points[0]);
    if (trial) location.hash = trial;
  });
}

/** Bring the panels of a figure into the columns that there is room for. */
function fit(canvas) {
  arrangePanels(canvas);
  canvas.style.height = `${canvas.layout.height}px`;
}

function trialAt(point) {
  const given = point.customdata ?? point.data.customdata?.[point.pointNumber ?? point.pointIndex];
  return Array.isArray(given) ? given[0] : given;
}

const inView = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, {rootMargin: "400px"});
canvases.forEach(canvas => inView.observe(canvas));

/** The others too, one after another while the reader reads. */
function drawOn() {
  const next = canvases.find(canvas => !canvas.layout);
  if (!next) return;
  draw(next);
  setTimeout(drawOn, 30);
}
addEventListener("load", () => setTimeout(drawOn, 300));

let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;  // a phone's address bar came or went
  width = innerWidth;
  canvases.filter(canvas => canvas.layout).forEach(fit);
});

// Paper is light, and as wide as this once the style sheet has made figures smaller.
const PAPER = 900;
addEventListener("beforeprint", () => {
  canvases.forEach(draw);
  for (const canvas of canvases) {
    canvas.style.width = `${PAPER}px`;
    Plotly.relayout(canvas, {...themed(), width: PAPER, "font.color": "#1d2024"});
    fit(canvas);
  }
  document.querySelectorAll("details").forEach(each => each.toggleAttribute("open", true));
});
addEventListener("afterprint", () => {
  for (const canvas of canvases) {
    canvas.style.width = "";
    Plotly.relayout(canvas, {...themed(), width: null, autosize: true});
    fit(canvas);
  }
});

// One trial ---------------------------------------------------------------------------------------

/** Lay the picked trial's points and lines over a figure, in a colour of their own; dim other bars. */
function highlight(canvas) {
  const before = canvas.data.flatMap((trace, place) => trace.meta === "picked" ? [place] : []);
  if (before.length) Plotly.deleteTraces(canvas, before);
  const bars = canvas.data.flatMap((trace, place) => trace.type === "bar" && trace.customdata ? [place] : []);
  const chosen = bars.map(place => picked ? own(canvas._fullData[place]) : null);
  if (bars.length) Plotly.restyle(canvas, {selectedpoints: chosen}, bars);
  if (!picked) return;
  const over = canvas._fullData.map(trace => marked(trace)).filter(Boolean);
  if (over.length) Plotly.addTraces(canvas, over);
}

/** The places of the picked trial's points in a trace. */
function own(trace) {
  return [...trace.customdata.keys()].filter(place => trace.customdata[place]?.[0] === picked);
}

function marked(trace) {
  if (trace.type !== "scatter" || !trace.customdata || trace.visible !== true) return null;
  const places = own(trace);
  if (!places.length) return null;
  const lines = trace.mode.includes("lines") && places.length > 1;
  return {
    x: places.map(place => trace.x[place]), y: places.map(place => trace.y[place]),
    xaxis: trace.xaxis, yaxis: trace.yaxis, mode: lines ? "lines" : "markers",
    line: {color: colour("pick"), width: 3.5, shape: trace.line?.shape, dash: trace.line?.dash},
    marker: {color: colour("pick"), symbol: "circle-open", size: 15, line: {width: 3}},
    hoverinfo: "skip", showlegend: false, cliponaxis: false, meta: "picked",
  };
}

/** Show a trial everywhere; null: none. */
function pick(trial) {
  picked = trial;
  for (const row of document.querySelectorAll("tr[data-trial]")) {
    row.classList.toggle("picked", row.dataset.trial === trial);
  }
  canvases.filter(canvas => canvas.layout).forEach(highlight);
  panel.hidden = trial === null;
  panel.replaceChildren(...(trial === null ? [] : about(trial)));
  if (trial !== null) drawCurve(panel.querySelector(".curve"), picks[trial]);
}

function make(tag, text = "", options = {}) {
  return Object.assign(document.createElement(tag), {textContent: text, ...options});
}

function about(trial) {
  const {facts, settings} = picks[trial];
  const head = make("header");
  const close = make("button", "Close", {type: "button", onclick: unpick});
  head.append(make("h3", trial), close);
  const list = make("dl");
  const rows = [...facts, ...settings];
  for (const [name, value, differs] of rows) {
    const row = make("div", "", {className: differs ? "differs" : ""});
    row.append(make("dt", name), make("dd", value));
    list.append(row);
  }
  const said = make("p", "Bold: other than the baseline's.", {className: "note"});
  return [head, make("div", "", {className: "curve"}), list, said];
}

function drawCurve(where, {epochs, train, val}) {
  const line = (name, y, dash, shade) => ({
    x: epochs, y, name, mode: epochs.length > 1 ? "lines" : "markers", line: {dash, color: colour(shade), width: 2},
    marker: {color: colour(shade)},
  });
  if (!epochs.length) return where.remove();
  const axis = {gridcolor: "rgba(128,128,128,0.25)", zeroline: false, automargin: true};
  const layout = {
    height: 190, margin: {l: 8, r: 8, t: 8, b: 8}, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: {size: 11, family: "system-ui, sans-serif"}, xaxis: {...axis, tickformat: "d", nticks: 6}, yaxis: axis,
    legend: {orientation: "h", y: 1.02, yanchor: "bottom", x: 0}, hovermode: "x",
  };
  const both = [line("val", val, "solid", "pick"), line("train", train, "dot", "muted")];
  Plotly.newPlot(where, both.filter(one => one.y.length), layout, {...DRAWING, displayModeBar: false});
  Plotly.relayout(where, themed());
}

function unpick() {
  history.replaceState(null, "", location.pathname + location.search);
  pick(null);
}

function pickFromAddress() {
  let asked;
  try {
    asked = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;  // no text, as `#%`
  }
  if (Object.hasOwn(picks, asked)) pick(asked);
}
addEventListener("hashchange", pickFromAddress);
addEventListener("keydown", event => { if (event.key === "Escape" && picked) unpick(); });
document.addEventListener("click", event => {
  const row = event.target.closest?.("tr[data-trial]");
  if (row && !event.target.closest("a, button")) location.hash = row.dataset.trial;
});
pickFromAddress();

// The table of all trials ---------------------------------------------------------------------------

const all = document.getElementById("all");
if (all) {
  const body = all.tBodies[0], rows = [...body.rows], heads = [...all.tHead.rows[0].cells];
  const filter = document.getElementById("filter"), shown = document.getElementById("shown");

  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = [...row.cells].map(cell => cell.textContent).join(" ").toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
    }
    shown.textContent = `${rows.filter(row => !row.hidden).length} of ${rows.length}`;
  };
  filter.addEventListener("input", show);
  show();

  /** Numbers as numbers, the rest as words; what is empty comes last whichever the direction. */
  const sort = (column, sign) => {
    const value = row => row.cells[column].textContent;
    body.append(...rows.sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a === "" || b === "") return (a === "") - (b === "");
      const apart = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
      return sign * apart;
    }));
  };
  heads.forEach((head, column) => {
    const button = make("button", head.textContent, {type: "button"});
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      sort(column, up ? 1 : -1);
    });
  });
}
