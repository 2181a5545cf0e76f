// The energy of the chosen configuration by layer, divided by level or by tensor.
const energyChart = (() => {
  const { el } = dom;
  const chosen = { scale: "total", by: "level" };
  let node = null, layers = [];

  // [name, pJ] of one instance of a layer.
  function pieces(layer) {
    if (chosen.by === "level") return layer.shares.map((share) => [share.name, share.energy_pj]);
    const sums = new Map();
    const add = (name, value) => sums.set(name, (sums.get(name) ?? 0) + value);
    for (const share of layer.shares) {
      let rest = share.energy_pj;
      for (const [name, value] of Object.entries(share.tensors)) { add(name, value); rest -= value; }
      if (share.kind === "compute") add("computes", rest);
      else if (Math.abs(rest) > 1e-9 * share.energy_pj) add("leakage and others", rest);
    }
    return [...sums];
  }

  function names() {
    if (chosen.by === "level") return nest.levelNames(layers);
    const found = data.merged(layers.map((layer) => pieces(layer).map(([name]) => name)));
    return ["computes", ...found.filter((name) => name !== "computes")];
  }

  function factor(layer) {
    if (chosen.scale === "total") return layer.times * 1e-12;
    return chosen.scale === "one" ? 1e-12 : 100 / layer.energy_pj;
  }

  function render(details) {
    layers = details.layers.filter((layer) => layer.shares);
    node = el("div", { class: "plot", id: "energy" });
    const part = el("div", { class: "part" }, el("h3", null, "Energy"),
      el("div", { class: "controls" },
        dom.choice("scale", [["total", "All occurrences"], ["one", "One instance"], ["share", "Share"]], chosen.scale, (to) => { chosen.scale = to; update(); }),
        dom.choice("divided by", [["level", "By level"], ["tensor", "By tensor"]], chosen.by, (to) => { chosen.by = to; update(); })),
      node);
    return part;
  }

  function update() {
    if (!node || !node.isConnected) return;
    const labels = layers.map((layer) => charts.plain(layer.name) + (chosen.scale === "total" && layer.times > 1 ? ` ×${layer.times}` : ""));
    const values = names().map((name) => [name, layers.map((layer) => (pieces(layer).find(([one]) => one === name)?.[1] ?? 0) * factor(layer))]);
    const kept = values.filter(([, row]) => row.some((value) => value !== 0));
    const share = chosen.scale === "share";
    const totals = layers.map((layer) => layer.energy_pj * factor(layer));
    const [size, letter] = share ? [1, ""] : format.prefix(totals);
    const unit = share ? "%" : `${letter}J`;
    const traces = kept.map(([name, row], at) => ({
      type: "bar", orientation: "h", name: charts.plain(name), y: labels, x: row.map((value) => value / size),
      marker: { color: chosen.by === "level" ? nest.colour(name) : charts.palette()[at % charts.palette().length], line: { width: 0.5, color: charts.css("--card") } },
      customdata: row.map((value, number) => [`${format.digits(value / size)} ${unit}`, format.percent(value / totals[number])]),
      hovertemplate: `<b>${charts.plain(name)}</b>  %{y}<br>%{customdata[0]}, %{customdata[1]} of the layer<extra></extra>`,
    }));
    const height = Math.max(340, 110 + 32 * layers.length);
    node.style.height = `${height}px`;
    charts.draw(node, traces, charts.layout({
      barmode: "stack", bargap: 0.28, showlegend: true,
      yaxis: charts.axis({ autorange: "reversed", ticks: "", showgrid: false }),
      xaxis: charts.axis({ title: { text: `energy (${unit})`, standoff: 8 }, tickformat: "~g", range: share ? [0, 100.01] : undefined, rangemode: "tozero" }),
      legend: { ...charts.layout().legend, traceorder: "normal" },
    }));
  }

  return { render, update };
})();
