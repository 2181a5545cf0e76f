// The best by each criterion, with all that are equal to it.
const cards = (() => {
  const { el } = dom;

  function winner(view, index) {
    const row = view.rowOf.get(index);
    const parts = row === undefined ? [] : view.described(row);
    return el("button", { type: "button", class: "winner", "data-index": index, onclick: () => { state.select(index); document.getElementById("chosen").scrollIntoView({ behavior: "smooth" }); } },
      el("span", { class: "idx" }, String(index)), el("span", { class: "with" }, parts.map((part) => el("span", null, part))));
  }

  function card(view, best) {
    const column = view.column(best.merit);
    const more = best.ties - best.indices.length;
    const alike = best.ties > 1 && best.ties === view.study.ranked;
    if (alike) return el("article", { class: "card" }, el("h3", null, column.label),
      el("p", { class: "figure" }, column.text(best.value), column.unit && el("small", null, ` ${column.unit}`)),
      el("p", { class: "ties" }, `the same for all ${format.whole(best.ties)}`));
    return el("article", { class: "card" },
      el("h3", null, column.label),
      el("p", { class: "figure" }, column.text(best.value), column.unit && el("small", null, ` ${column.unit}`)),
      best.ties > 1 && el("p", { class: "ties" }, `${format.whole(best.ties)} are equal`),
      el("div", { class: best.indices.length > 3 ? "winners many" : "winners" }, best.indices.map((index) => winner(view, index))),
      more > 0 && el("p", { class: "ties" }, `and ${format.whole(more)} more`));
  }

  function render() {
    const { view } = state.current;
    const { best, grid } = view.study;
    const caution = grid && grid.caution ? [el("p", { class: "say" }, grid.caution)] : [];
    dom.body("best").replaceChildren(...caution, best.length
      ? el("div", { class: "cards" }, best.map((one) => card(view, one)))
      : el("p", { class: "say" }, "No configuration maps every layer: nothing can be ranked. The reasons stand below."));
    mark();
  }

  function mark() {
    dom.body("best").querySelectorAll(".winner").forEach((node) => node.classList.toggle("on", Number(node.dataset.index) === state.current.selected));
  }

  return { render, mark };
})();
