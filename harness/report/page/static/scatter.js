// Two figures of every configuration against each other, with the front that no configuration beats.
const scatter = (() => {
  const { el } = dom;
  let axes = { x: "cycles", y: "energy_pj", logX: true, logY: true };
  let node = null;

  function options(view) {
    const numbers = view.given.filter((column) => column.numeric && column.known.length > 1);
    return [...view.figures, ...numbers].map((column) => [column.id, column.label]);
  }

  function render() {
    const { view } = state.current;
    if (!view.size) { dom.show("tradeoff", false); return; }
    dom.show("tradeoff", true);
    if (!view.column(axes.x)) axes.x = view.figures[0].id;
    if (!view.column(axes.y)) axes.y = view.figures[1].id;
    const log = (which, label) => el("label", { class: "tick" },
      el("input", { type: "checkbox", checked: axes[which], onchange: (event) => { axes[which] = event.target.checked; update(); } }), label);
    const colours = [["", "nothing"], ...view.columns.map((column) => [column.id, column.label])];
    node = el("div", { class: "plot tall", id: "scatter" });
    dom.put("tradeoff",
      el("div", { class: "controls" },
        dom.selector("across", options(view), axes.x, (id) => { axes.x = id; update(); }), log("logX", "log"),
        dom.selector("up", options(view), axes.y, (id) => { axes.y = id; update(); }), log("logY", "log"),
        dom.selector("colour", colours, state.current.colour, state.colourBy)),
      sampledNote(view), node,
      el("p", { class: "hint" }, "The line joins the configurations that no other one shown beats in both. A click on a point chooses it (the ring) for the sections below."));
    update();
    node.on("plotly_relayout", (changed) => { if (!("shapes" in changed)) mark(); });
    node.on("plotly_click", (event) => {
      const index = event.points[0]?.customdata;
      if (index !== undefined && index !== null) state.select(index);
    });
  }

  function sampledNote(view) {
    const { carried, ranked } = view.study;
    return carried < ranked && el("p", { class: "say", id: "sampled" },
      `Of ${format.whole(ranked)} configurations this page carries ${format.whole(carried)}: the best, the fronts of every two figures, and evenly chosen others.`);
  }

  function hover(view, row) {
    const head = `<b>${view.index[row]}</b>  ${charts.plain(view.architecture[row])}`;
    const given = view.described(row).filter((part) => part !== view.architecture[row]).map(charts.plain);
    const lines = [];
    for (let at = 0; at < given.length; at += 2) lines.push(given.slice(at, at + 2).join("  "));
    const figures = view.figures.map((column) => `${column.label}: ${column.text(column.values[row])}${column.unit && column.values[row] !== null ? ` ${column.unit}` : ""}`);
    return [head, ...lines, ...figures].join("<br>");
  }

  function points(view, rows, x, y, marker, name) {
    return {
      type: "scatter", mode: "markers", name: charts.plain(name), customdata: rows.map((row) => view.index[row]),
      x: rows.map((row) => x.shown(x.values[row])), y: rows.map((row) => y.shown(y.values[row])),
      text: rows.map((row) => hover(view, row)), hovertemplate: "%{text}<extra></extra>", marker,
    };
  }

  function markers(view, rows, x, y) {
    const column = view.column(state.current.colour);
    const { groups, scale, colour, each } = charts.colouring(column);
    const size = rows.length > 2000 ? 5 : rows.length > 300 ? 7 : 9;
    const shape = { size, opacity: rows.length > 2000 ? 0.65 : 0.9, line: { width: rows.length > 2000 ? 0 : 1, color: charts.css("--card") } };
    if (scale) {
      const stops = charts.ramp();
      const bar = { title: { text: charts.plain(column.title), side: "right" }, tickformat: column.tick, thickness: 10, outlinewidth: 0, len: 0.9 };
      const marks = scale.log ? { tickvals: [scale.least, scale.most].map(Math.log10), ticktext: [scale.least, scale.most].map(column.text) } : {};
      const shown = (value) => (value === null ? null : scale.log ? Math.log10(value) : column.shown(value));
      return [points(view, rows, x, y, { ...shape, color: rows.map((row) => shown(column.values[row])), colorscale: stops.map((stop, at) => [at / (stops.length - 1), stop]), showscale: true, colorbar: { ...bar, ...marks } }, "configurations")];
    }
    if (each) return [points(view, rows, x, y, { ...shape, color: rows.map(colour) }, column.label)];
    return groups.map(([label, within, tone]) => points(view, rows.filter(within), x, y, { ...shape, color: tone }, label));
  }

  function line(view, rows, x, y) {
    const kept = data.front(rows, x, y);
    return {
      type: "scatter", mode: "lines", name: "front", hoverinfo: "skip", x: kept.map((row) => x.shown(x.values[row])), y: kept.map((row) => y.shown(y.values[row])),
      line: { shape: "hv", width: 1.5, color: charts.css("--accent"), dash: "solid" },
    };
  }

  // The ring around the chosen one is a shape: it moves without the points being drawn again. Its place is
  // a share of the plot, for Plotly misplaces shapes of a size in pixels on logarithmic axes.
  function ring() {
    const { view, selected } = state.current;
    const row = view.rowOf.get(selected);
    if (row === undefined || !state.current.rows.includes(row)) return [];
    const [x, y] = [["xaxis", axes.x], ["yaxis", axes.y]].map(([name, id]) => share(node.layout[name], view.column(id), row));
    if (![x, y].every((place) => place >= 0 && place <= 1)) return [];
    const size = { xsizemode: "pixel", ysizemode: "pixel", xref: "paper", yref: "paper", xanchor: x, yanchor: y, x0: -9, x1: 9, y0: -9, y1: 9 };
    return [{ type: "circle", ...size, line: { width: 2, color: charts.css("--ink") } }];
  }

  function share(axis, column, row) {
    if (column.values[row] === null || !axis.range) return NaN;
    const value = column.shown(column.values[row]);
    return ((axis.type === "log" ? Math.log10(value) : value) - axis.range[0]) / (axis.range[1] - axis.range[0]);
  }

  function mark() {
    if (node && state.current.view.size) Plotly.relayout(node, { shapes: ring() });
  }

  function logarithmic(column, wanted) {
    return wanted && column.values.every((value) => value === null || value > 0) ? "log" : "linear";
  }

  // Marks at 1, 2 and 5 where a logarithmic axis spans some decades, at the powers of ten where many.
  function ticks(column, rows, log) {
    if (logarithmic(column, log) === "linear" || !rows.length) return { nticks: charts.narrow() ? 4 : 9 };
    const values = rows.map((row) => column.values[row]);
    const decades = Math.log10(values.reduce((a, b) => Math.max(a, b)) / values.reduce((a, b) => Math.min(a, b)));
    const few = charts.narrow() ? 0.6 : 0.9;
    return decades > 3 ? { dtick: 1 } : decades > few ? { dtick: "D2" } : { nticks: charts.narrow() ? 4 : 9 };
  }

  function update() {
    const { view, rows, colour } = state.current;
    if (!node || !view.size) return;
    const [x, y] = [view.column(axes.x), view.column(axes.y)];
    const known = rows.filter((row) => x.values[row] !== null && y.values[row] !== null);
    const column = view.column(colour);
    const grouped = column && (column.known?.length ?? Infinity) <= 10 ? column : null;
    const axis = (of, log) => charts.axis({ title: { text: charts.plain(of.title), standoff: 10 }, type: logarithmic(of, log), tickformat: of.tick, tickangle: 0, ...ticks(of, known, log) });
    charts.draw(node, [line(view, known, x, y), ...markers(view, known, x, y)], charts.layout({
      xaxis: axis(x, axes.logX), yaxis: axis(y, axes.logY),
      showlegend: true, legend: { ...charts.layout().legend, title: { text: grouped ? charts.plain(grouped.label) : "" } },
    }));
    mark();
  }

  return { render, update, mark };
})();
