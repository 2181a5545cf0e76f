// What sets the cycles of each layer: the computes, or the bandwidth of a level.
const bound = (() => {
  const { el } = dom;

  // "DRAM.read" is the level DRAM; a level's name may have points itself.
  const levelOf = (by) => (by === null || by === "compute" ? by : by.slice(0, by.lastIndexOf(".")));
  const named = (by) => (by === null ? "–" : by === "compute" ? "compute" : `${levelOf(by)} ${by.slice(by.lastIndexOf(".") + 1)}`);

  function cell(layer, share, bounding) {
    if (!share || share.cycles === null) return el("td", { class: "none" }, "");
    const part = share.cycles / layer.cycles;
    return el("td", { class: bounding ? "meter on" : "meter", title: `${format.whole(share.cycles)} cycles` },
      el("span", { class: "fill", style: { width: `${Math.min(100, 100 * part).toFixed(2)}%` } }), el("span", { class: "says" }, format.percent(part)));
  }

  function line(layer, names, checked) {
    const by = levelOf(layer.bound_by);
    const compute = layer.shares.find((share) => share.kind === "compute");
    return el("tr", null, el("th", { scope: "row" }, layer.name), el("td", { class: "number" }, format.whole(layer.cycles)), el("td", { class: "by" }, named(layer.bound_by)),
      cell(layer, compute, by === "compute"),
      names.map((name) => cell(layer, layer.shares.find((share) => share.kind === "level" && share.name === name), by === name)),
      checked && el("td", { class: layer.check && layer.check !== "equal" ? "unequal" : "" }, layer.check ?? "–"));
  }

  function render(details) {
    const layers = details.layers.filter((layer) => layer.shares);
    const names = data.merged(layers.map((layer) => layer.shares.filter((share) => share.kind === "level").map((share) => share.name)));
    const checked = layers.some((layer) => layer.check);
    return el("div", { class: "part" }, el("h3", null, "What bounds the latency"),
      el("div", { class: "scroll" }, el("table", { class: "data bound" },
        el("thead", null, el("tr", null, el("th", { scope: "col" }, "layer"), el("th", { scope: "col", class: "number" }, "cycles"), el("th", { scope: "col" }, "bound by"),
          ["compute", ...names].map((name) => el("th", { scope: "col" }, name)), checked && el("th", { scope: "col" }, "check"))),
        el("tbody", null, layers.map((layer) => line(layer, names, checked))))),
      el("p", { class: "hint" }, "The cycles of each level as the model has them: those of the computes, or more where the level's bandwidth needs more; as a share of the layer's cycles (one instance)."));
  }

  return { render, named };
})();
