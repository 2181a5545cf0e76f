// The sections about the chosen configuration.
const chosen = (() => {
  const { el } = dom;

  function figures(view, row) {
    return el("dl", { class: "figures" }, view.figures.filter((column) => column.values[row] !== null).map((column) =>
      el("div", null, el("dt", null, column.label), el("dd", null, column.text(column.values[row]), column.unit && el("small", null, ` ${column.unit}`)))));
  }

  function parameters(details) {
    const given = Object.entries(details.parameters);
    return el("details", { class: "more" }, el("summary", null, `All ${given.length} parameters`),
      el("div", { class: "chips mono" }, given.map(([name, value]) => el("span", { class: "chip" }, `${name}=${format.value(value)}`))));
  }

  function absent(view, index) {
    const told = Object.keys(view.study.details).length;
    return el("p", { class: "say", id: "absent" },
      `The page carries levels and mappings of ${format.several(told, "configuration")} only: the best, the front, and the next best. For this one, in Python: `,
      el("code", null, `results.plot.energy(${index})`), ", ", el("code", null, `results.result(${index}, LAYER)`), ".");
  }

  function render() {
    const { view, selected } = state.current;
    const row = view.rowOf.get(selected);
    dom.show("chosen", row !== undefined);
    if (row === undefined) return;
    const details = view.study.details[selected];
    const layers = details ? details.layers.filter((layer) => layer.shares) : [];
    nest.assign(layers);
    dom.body("chosen").replaceChildren(
      el("div", { class: "who" }, el("span", { class: "idx" }, String(selected)),
        el("span", { class: "chips mono" }, (view.described(row).length ? view.described(row) : [view.architecture[row]]).map((part) => el("span", { class: "chip" }, part)))),
      figures(view, row),
      el("p", { class: "more" }, estimates.link()),
      ...(details ? [parameters(details)] : [absent(view, selected)]),
      ...(layers.length ? [el("div", { class: "pair" }, energyChart.render(details), roofline.render(details)), bound.render(details), nest.render(details)] : []));
    draw();
  }

  function draw() { energyChart.update(); roofline.update(); }

  return { render, draw };
})();
