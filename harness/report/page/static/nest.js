// The mapping of a layer: a box for each level, its loops, and the next level inside them.
const nest = (() => {
  const { el } = dom;
  let colours = new Map();

  function levelNames(layers) {
    return data.merged(layers.map((layer) => layer.shares.map((share) => share.name)));
  }

  // One colour a level, the same in the energy chart and in the boxes.
  function assign(layers) {
    colours = new Map(levelNames(layers).map((name, at) => [name, at]));
  }

  function colour(name) {
    const tones = charts.palette();
    return colours.has(name) ? tones[colours.get(name) % tones.length] : charts.css("--line-strong");
  }

  function loopLine([dimension, factor, residual, axis]) {
    const times = residual === factor ? String(factor) : `${factor} (last ${residual})`;
    return el("div", { class: axis ? "loop spatial" : "loop" },
      el("span", { class: "key" }, axis ? "parallel " : "for "), el("b", null, dimension), el("span", { class: "key" }, " in "), times, axis && el("span", { class: "axis" }, `spatial ${axis}`));
  }

  function box(levels, at, arithmetic) {
    if (at === levels.length) return el("div", { class: "compute" }, arithmetic);
    const level = levels[at];
    return el("div", { class: "level", style: { "--tone": colour(level.name) } },
      el("div", { class: "head" }, el("span", { class: "title" }, level.name),
        level.keeps.map((kept) => el("span", { class: "keep", title: `${format.whole(kept.words)} words of ${kept.name} in a tile` }, kept.name, el("b", null, ` ${format.words(kept.words)}`)))),
      level.loops.map(loopLine), box(levels, at + 1, arithmetic));
  }

  function card(layer, open) {
    const facts = [`${format.whole(layer.cycles)} cycles`, format.energy(layer.energy_pj), `${format.percent(layer.utilization)} of the array`];
    const proof = { optimal: "proven best", bound: "best found, with a bound", best_found: "best found" }[layer.proof];
    return el("details", { class: "nest", open, "data-layer": layer.name },
      el("summary", null, el("b", null, layer.name), el("span", null, facts.join(" · "), proof && ` · ${proof}`)),
      box(layer.nest, 0, layer.shares[0].name),
      el("details", { class: "raw" }, el("summary", null, "as Timeloop prints it"), el("pre", null, layer.text)));
  }

  function render(details) {
    const layers = details.layers.filter((layer) => layer.shares);
    return el("div", { class: "part" }, el("h3", null, "Mappings"),
      el("div", { class: "nests" }, layers.map((layer, at) => card(layer, at === 0 || window.innerWidth >= 760))),
      el("p", { class: "hint" }, "The outermost level is the outermost box; beside a level's name the tensors that it keeps and the words of each in a tile. Spatial loops run at the same time, across X or Y."));
  }

  return { render, assign, colour, levelNames };
})();
