// Puts the panels of a figure (`panels.py`) into as many columns as its width has room for.
// Call it once the figure is drawn, and again when its width has changed; returns plotly's promise.
function arrangePanels(figure) {
  const meta = figure.layout.meta;
  if (!meta || !meta.panels) return Promise.resolve();
  const columns = Math.max(1, Math.min(meta.panels, Math.floor(figure.clientWidth / meta.narrowest)));
  const rows = Math.ceil(meta.panels / columns), step = meta.row + meta.gap;
  const change = {height: rows * step + meta.above};
  for (let place = 0; place < meta.panels; place++) {
    const end = place ? place + 1 : "", across = place % columns;
    const top = 1 - Math.floor(place / columns) / rows;
    const left = across / columns + (across ? meta.between / figure.clientWidth : 0);
    change[`xaxis${end}.domain`] = [left, (across + 1) / columns];
    change[`yaxis${end}.domain`] = [Math.max(0, top - meta.row / (rows * step)), top];
  }
  return Plotly.relayout(figure, change);
}
