// The tables of energies and areas behind the chosen configuration: markup of the page that is shown or not.
const estimates = (() => {
  const { el } = dom;

  const tables = () => document.querySelectorAll("#estimates > [id^='tables-']");

  function render() {
    const { view, selected } = state.current;
    dom.show("estimates", view.rowOf.get(selected) !== undefined);
    tables().forEach((table) => { table.hidden = true; });
    const known = view.study.estimates[selected];
    if (!known) {
      dom.put("estimates", el("p", { class: "say" }, "The page carries the tables of the best by each criterion and of the front only. For others: ",
        el("code", null, "harness energy ARCH --arch-param NAME=VALUE")));
      return;
    }
    const says = (one) => `${one.layers.join(", ")}: ${one.remark}.`;
    dom.put("estimates", known.rests && el("p", { class: "say" }, `The energy of all layers rests on estimates: ${known.rests}.`),
      known.tables.filter((one) => one.table === null).map((one) => el("p", { class: "say" }, says(one))));
    for (const one of known.tables.filter((each) => each.table !== null)) {
      const table = document.getElementById(`tables-${one.table}`);
      table.hidden = false;
      table.querySelector(".over").textContent = says(one);
    }
  }

  const link = () => el("button", { type: "button", class: "link", onclick: () => document.getElementById("estimates").scrollIntoView({ behavior: "smooth" }) }, "Where its energy and area come from");

  return { render, link };
})();
