// The configurations as a table: sorted by a click on a heading, a click on a row chooses it.
const table = (() => {
  const { el } = dom;
  const PAGE = 25;
  let sort = { id: "edp_sum", down: false }, page = 0, parts = null;

  const indexColumn = (view) => ({ id: "index", label: "index", title: "index", values: view.index, numeric: true, text: String });

  function ordered(view, rows) {
    const column = sort.id === "index" ? indexColumn(view) : view.column(sort.id) ?? indexColumn(view);
    const sign = sort.down ? -1 : 1;
    const compare = (a, b) => (column.numeric ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
    return [...rows].sort((p, q) => {
      const [a, b] = [column.values[p], column.values[q]];
      if (a === null || b === null) return (a === null) - (b === null) || p - q;
      return sign * compare(a, b) || p - q;
    });
  }

  function head(column) {
    const on = sort.id === column.id;
    return el("th", { scope: "col", class: column.numeric ? "number" : null, "aria-sort": on ? (sort.down ? "descending" : "ascending") : "none" },
      el("button", { type: "button", onclick: () => { sort = { id: column.id, down: on ? !sort.down : column.better === "more" }; page = 0; update(); } },
        column.label, el("i", { "aria-hidden": "true" }, on ? (sort.down ? "▾" : "▴") : ""), column.unit && el("small", null, column.unit)));
  }

  function row(view, columns, at) {
    const index = view.index[at];
    const choose = () => state.select(index);
    return el("tr", { "data-index": index, class: index === state.current.selected ? "on" : null, onclick: choose },
      columns.map((column, number) => el(number ? "td" : "th", { class: column.numeric ? "number" : null, scope: number ? null : "row" },
        number ? column.text(column.values[at]) : el("button", { type: "button", class: "link", onclick: choose, title: "choose" }, String(index)))));
  }

  function render() {
    dom.show("table", state.current.view.size > 0);
    page = 0;
    const body = el("tbody"), top = el("thead"), pager = el("div", { class: "pager" });
    dom.body("table").replaceChildren(el("div", { class: "scroll" }, el("table", { class: "data" }, top, body)), pager);
    parts = { body, top, pager };
    update();
  }

  function update() {
    const { view, rows } = state.current;
    const columns = [indexColumn(view), ...view.columns];
    const sorted = ordered(view, rows);
    page = Math.min(page, Math.max(0, Math.ceil(sorted.length / PAGE) - 1));
    const shown = sorted.slice(page * PAGE, (page + 1) * PAGE);
    parts.top.replaceChildren(el("tr", null, columns.map(head)));
    parts.body.replaceChildren(...shown.map((at) => row(view, columns, at)));
    const turn = (by, label, able) => el("button", { type: "button", class: "quiet", disabled: !able, onclick: () => { page += by; update(); } }, label);
    const first = sorted.length ? page * PAGE + 1 : 0;
    parts.pager.replaceChildren(
      el("span", null, `${format.whole(first)}–${format.whole(page * PAGE + shown.length)} of ${format.whole(sorted.length)}`),
      ...(sorted.length > PAGE ? [turn(-1, "Previous", page > 0), turn(1, "Next", (page + 1) * PAGE < sorted.length)] : []));
  }

  function refiltered() { page = 0; update(); }

  return { render, update, refiltered };
})();
