// MACs per cycle against MACs per byte at the outermost level, under what arithmetic and bandwidth allow.
const roofline = (() => {
  const { el } = dom;
  let node = null, layers = [];

  function busier(line) {
    const timed = line.traffic.filter((traffic) => traffic.bytes_per_cycle);
    return timed.sort((a, b) => b.bytes / b.bytes_per_cycle - a.bytes / a.bytes_per_cycle)[0] ?? null;
  }

  function pointOf(layer) {
    const line = layer.roofline;
    const traffic = busier(line);
    const bytes = traffic ? traffic.bytes : line.traffic.reduce((sum, one) => sum + one.bytes, 0);
    return { layer, line, traffic, x: line.macs / bytes, y: line.macs / line.cycles };
  }

  // One for each pair of arithmetic and bandwidth: {units, slope, over}, over naming what the slope is of.
  function roofs(points) {
    const found = new Map();
    for (const { line, traffic } of points) {
      const slope = traffic ? traffic.bytes_per_cycle : Infinity;
      const key = `${line.units} ${slope} ${line.level}`;
      if (!found.has(key)) found.set(key, { units: line.units, slope, level: line.level, over: new Set() });
      if (traffic) found.get(key).over.add(traffic.direction);
    }
    return [...found.values()];
  }

  // Layers at one and the same place share a mark.
  function placed(points) {
    const found = new Map();
    for (const point of points) {
      const key = `${point.x.toPrecision(4)} ${point.y.toPrecision(4)}`;
      if (!found.has(key)) found.set(key, { ...point, layers: [] });
      found.get(key).layers.push(point.layer);
    }
    return [...found.values()];
  }

  function label(x, y, text, anchors) {
    return { x: Math.log10(x), y: Math.log10(y), text: charts.plain(text).replace("\n", "<br>"), align: "right", showarrow: false, font: { size: 11.5, color: charts.css("--muted") }, ...anchors };
  }

  // What the flat and the sloping parts of the roofs are, each told once.
  function labels(tops, least, most) {
    const above = { xanchor: "right", yanchor: "bottom", xshift: -8 };
    const below = { xanchor: "left", yanchor: "top", xshift: 8 };
    const slopes = new Map();
    for (const { slope, over, units, level } of tops) {
      if (!Number.isFinite(slope) || least * slope >= units) continue;
      const key = `${level} ${slope}`;
      const known = slopes.get(key) ?? { slope, level, over: new Set(), units: 0 };
      over.forEach((name) => known.over.add(name));
      slopes.set(key, { ...known, units: Math.max(known.units, units) });
    }
    const flat = [...new Set(tops.map((roof) => roof.units))].map((units) =>
      label(0.97 * most, units, format.several(units, "MAC") + " a cycle", { xanchor: "right", yanchor: "bottom" }));
    const sloping = [...slopes.values()].map(({ slope, level, over, units }) => {
      const x = least * (Math.min(units / slope, most) / least) ** 0.55;
      const text = `${level} ${[...over].join(", ")}: ${format.digits(slope, 2)} B a cycle`;
      return label(x, x * slope, charts.narrow() ? text.replace(": ", ":\n") : text, Math.log(x / least) < 0.35 * Math.log(most / least) ? below : above);
    });
    return [...flat, ...sloping];
  }

  function render(details) {
    layers = details.layers.filter((layer) => layer.roofline);
    node = el("div", { class: "plot tall", id: "roofline" });
    const points = layers.map(pointOf);
    const unstated = [...new Set(points.filter((point) => !point.traffic).map((point) => point.line.level))];
    const still = points.filter((point) => !Number.isFinite(point.x)).map((point) => point.layer.name);
    const level = [...new Set(points.map((point) => point.line.level))].join(", ");
    return el("div", { class: "part" }, el("h3", null, "Roofline"), node,
      el("p", { class: "hint" }, points.some((point) => point.traffic) && `Bytes are those of the busier direction (read or write, or both where they share a bandwidth) of ${level || "the outermost level"}.`,
        unstated.length > 0 && ` ${unstated.join(", ")} states no bandwidth: there is no sloping roof, and the bytes are those of both directions.`,
        still.length > 0 && ` Without any traffic there: ${still.join(", ")}.`));
  }

  function update() {
    if (!node || !node.isConnected) return;
    const points = layers.map(pointOf).filter((point) => Number.isFinite(point.x));
    if (!points.length) { node.hidden = true; return; }
    const tops = roofs(points);
    const ridge = tops.filter((roof) => Number.isFinite(roof.slope)).map((roof) => roof.units / roof.slope);
    const xs = [...points.map((point) => point.x), ...ridge];
    const [least, most] = [Math.min(...xs) / 3, Math.max(...xs) * 3];
    const lines = tops.map((roof) => {
      const bend = Math.min(most, Math.max(least, roof.units / roof.slope));
      const x = [least, bend, most];
      return {
        type: "scatter", mode: "lines", x, y: x.map((value) => Math.min(roof.units, value * roof.slope)), hoverinfo: "skip", showlegend: false,
        line: { width: 2, color: charts.css("--faded-line") },
      };
    });
    const colours = charts.palette(), shapes = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon"];
    const marks = placed(points).map(({ layers: here, line, x, y, traffic }, at) => {
      const names = charts.plain(here.map((layer) => layer.name).join(", "));
      const by = charts.plain([...new Set(here.map((layer) => bound.named(layer.bound_by)))].join(", "));
      return {
        type: "scatter", mode: "markers", name: names, x: [x], y: [y],
        marker: { size: 11, color: colours[at % colours.length], symbol: shapes[at % shapes.length], line: { width: 1, color: charts.css("--card") } },
        hovertemplate: `<b>${names}</b><br>${format.digits(x)} MACs/byte${traffic ? ` (${charts.plain(line.level)} ${traffic.direction})` : ""}<br>` +
          `${format.digits(y)} MACs/cycle of ${format.whole(line.units)}<br>bound by ${by}<extra></extra>`,
      };
    });
    charts.draw(node, [...lines, ...marks], charts.layout({
      xaxis: charts.axis({ type: "log", range: [least, most].map(Math.log10), title: { text: "MACs per byte", standoff: 8 }, tickformat: ",~g", dtick: 1 }),
      yaxis: charts.axis({ type: "log", title: { text: "MACs per cycle", standoff: 8 }, tickformat: ",~g", dtick: 1 }), showlegend: true, annotations: labels(tops, least, most),
    }));
  }

  return { render, update };
})();
