// The bar of filters: text, ticked values of each parameter, and how many configurations are left.
const filterPanel = (() => {
  const { el } = dom;
  const MOST_TICKS = 24;
  let parts = null, waiting = 0;

  function ticks(column) {
    const boxes = column.known.map((value) => el("input", { type: "checkbox", checked: true, onchange: picked }));
    function picked() {
      const chosen = new Set(column.known.filter((_, at) => boxes[at].checked));
      state.pick(column.id, chosen.size === column.known.length ? null : chosen);
    }
    const only = (at) => { boxes.forEach((box, number) => { box.checked = number === at; }); picked(); };
    return el("fieldset", null, el("legend", null, column.label), column.known.map((value, at) =>
      el("label", { class: "tick", ondblclick: (event) => { event.preventDefault(); only(at); } }, boxes[at], format.value(value))));
  }

  // Too many values to tick: a least and a most.
  function bounds(column) {
    const place = charts.position(column);
    const inputs = ["least", "most"].map((which) => el("input", { type: "number", step: "any", placeholder: format.value(place[which]), "aria-label": `${which} ${column.label}`, onchange: changed }));
    function changed() {
      const [from, to] = inputs.map((input) => (input.value === "" ? null : Number(input.value)));
      if (from === null && to === null) state.pick(column.id, null);
      else state.pick(column.id, { has: (value) => value !== null && (from === null || value >= from) && (to === null || value <= to) });
    }
    return el("fieldset", null, el("legend", null, column.label), el("span", { class: "bounds" }, inputs[0], "to", inputs[1]));
  }

  function render() {
    const { view } = state.current;
    dom.show("filters", view.size > 0);
    const input = el("input", {
      type: "search", id: "filter", spellcheck: "false", autocomplete: "off", placeholder: example(view), "aria-describedby": "filter-problem",
      oninput: () => { clearTimeout(waiting); waiting = setTimeout(() => state.setText(input.value), view.size > 2000 ? 250 : 0); },
    });
    const count = el("output", { id: "count", for: "filter" });
    const problem = el("p", { id: "filter-problem", class: "problem", role: "alert" });
    const fields = view.given.filter((column) => column.known.length > 1 && (column.numeric || column.known.length <= MOST_TICKS))
      .map((column) => (column.known.length <= MOST_TICKS ? ticks(column) : bounds(column)));
    dom.put("filters",
      el("div", { class: "bar" },
        el("label", { class: "field grow" }, el("span", null, "Filter"), input), count,
        el("button", { type: "button", class: "quiet", id: "clear", onclick: () => { state.clear(); render(); } }, "Clear")),
      problem,
      fields.length > 0 && el("details", { class: "more" }, el("summary", null, "Values of the parameters"), el("div", { class: "fields" }, fields)));
    parts = { count, problem };
    update();
  }

  function example(view) {
    const row = view.rowOf.get(state.current.selected) ?? 0;
    const words = view.size ? view.described(row).filter((word) => word.includes("=")).slice(0, 2) : [];
    return [...words, "cycles<2e10"].join(" ");
  }

  function update() {
    const { view, rows, problem } = state.current;
    const sampled = view.study.carried < view.study.ranked ? ` (of ${format.whole(view.study.ranked)})` : "";
    parts.count.textContent = `${format.whole(rows.length)} of ${format.whole(view.size)}${sampled}`;
    parts.problem.textContent = problem ?? "";
  }

  return { render, update };
})();
