// What could not be ranked and why, and what to know about figures.
const problems = (() => {
  const { el } = dom;
  const PAGE = 50;

  // Layers of one configuration that failed alike share a row.
  function grouped(list) {
    const rows = new Map();
    for (const [index, layer, status, reason] of list) {
      const key = JSON.stringify([index, status, reason]);
      if (!rows.has(key)) rows.set(key, { index, layers: [], status, reason });
      rows.get(key).layers.push(layer);
    }
    return [...rows.values()];
  }

  function failures() {
    const { study } = state.current.view;
    dom.show("failures", study.failures.length > 0);
    const body = el("tbody"), pager = el("div", { class: "pager" });
    const rows = grouped(study.failures);
    let shown = 0;
    function more() {
      body.append(...rows.slice(shown, shown + PAGE).map(({ index, layers, status, reason }) => el("tr", null,
        el("th", { scope: "row", class: "number" }, String(index)), el("td", { class: "layers" }, layers.join(", ")), el("td", { class: "state" }, status), el("td", { class: "reason" }, reason))));
      shown = Math.min(shown + PAGE, rows.length);
      const cut = study.failures.length < study.failureCount ? `; the page carries ${format.whole(study.failures.length)} of ${format.whole(study.failureCount)} failed layers` : "";
      pager.replaceChildren(el("span", null, `${format.whole(shown)} of ${format.whole(rows.length)}${cut}`),
        ...(shown < rows.length ? [el("button", { type: "button", class: "quiet", onclick: more }, "More")] : []));
    }
    const configurations = study.count - study.ranked;
    dom.body("failures").replaceChildren(
      el("p", { class: "hint" }, `${format.several(configurations, "configuration")} without all mappings: listed, never ranked, never counted as zero.`),
      el("div", { class: "scroll" }, el("table", { class: "data" },
        el("thead", null, el("tr", null, el("th", { scope: "col", class: "number" }, "index"), ["layers", "state", "reason"].map((name) => el("th", { scope: "col" }, name)))), body)),
      pager);
    more();
  }

  function notes() {
    const { study } = state.current.view;
    dom.show("notes", study.notes.length > 0);
    dom.body("notes").replaceChildren(el("ul", { class: "notes" }, study.notes.map((note) =>
      el("li", null, note.text, el("small", null, ` ${note.layer} on ${format.ranges(note.indices)}`)))));
  }

  function render() { failures(); notes(); }

  return { render };
})();
