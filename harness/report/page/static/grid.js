// Architectures against layers, coloured by how far each is from the best of its column.
const grid = (() => {
  const { el } = dom;
  const FIGURES = {
    edp: ["EDP", (value) => format.power(value, 2)],
    cycles: ["Cycles", (value) => format.withUnit(value, "").trim()],
    energy: ["Energy", format.energy],
    seconds: ["Search time", format.duration],
  };
  let figure = "edp";

  const known = (cell) => (cell && cell[figure] !== null && cell[figure] !== undefined ? cell[figure] : null);

  function shade(value, least) {
    const share = Math.min(1, Math.log10(value / least) / 2);
    return { background: charts.blend(charts.css("--heat").split(/\s+/), Number.isFinite(share) ? share : 0) };
  }

  function cell(value, least, status) {
    if (value === null) return el("td", { class: "none" }, status ?? "–");
    const times = value / least;
    return el("td", { class: "heat", style: shade(value, least) }, el("span", null, FIGURES[figure][1](value)),
      el("small", null, value === least ? "best" : `${times >= 100 ? format.whole(times) : times.toFixed(times < 10 ? 2 : 1)}×`));
  }

  function draw(body, content) {
    const cellsOf = (row) => [...content.layers.map((name) => row.layers[name]), row.total];
    const rows = content.rows.map((row) => cellsOf(row).map(known));
    const least = rows[0].map((_, at) => Math.min(...rows.map((row) => row[at] ?? Infinity)));
    const statuses = content.rows.map((row) => cellsOf(row).map((one) => one?.status));
    body.replaceChildren(el("table", { class: "data grid" },
      el("thead", null, el("tr", null, el("th", { scope: "col" }, "architecture"), content.layers.map((name) => el("th", { scope: "col" }, name)), el("th", { scope: "col" }, "all, counted"))),
      el("tbody", null, content.rows.map((row, number) => el("tr", null,
        el("th", { scope: "row" }, row.architecture, el("small", null, ` ${row.index}`)), rows[number].map((value, at) => cell(value, least[at], statuses[number][at])))))));
  }

  function render() {
    const content = state.current.view.study.grid;
    dom.show("grid", content !== null);
    if (content === null) return;
    const body = el("div", { class: "scroll" });
    dom.put("grid",
      el("div", { class: "controls" }, dom.choice("figure", Object.entries(FIGURES).map(([id, [name]]) => [id, name]), figure, (id) => { figure = id; draw(body, content); })),
      body,
      content.caution && el("p", { class: "say" }, content.caution),
      el("p", { class: "hint" }, "Each architecture with its best configuration by EDP-sum (its index beside the name). One instance of each layer; the last column counts every layer as often as it occurs, but its search once. The shade is the distance to the column's best, by logarithm, darkest from 100 times."));
    draw(body, content);
  }

  return { render };
})();
