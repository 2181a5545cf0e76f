// Every configuration as a line across its parameters and figures. A drag along an axis keeps what it covers.
const parallel = (() => {
  const { el, svg } = dom;
  const TOP = 54, BOTTOM = 24, HEIGHT = 340, LEAST_GAP = 96, LEFT = 52, RIGHT = 84;
  let canvas = null, overlay = null, box = null, axes = [], brushes = {}, gap = LEAST_GAP;

  const bottom = HEIGHT - BOTTOM;

  // The place of each value on its axis, 0 at the foot to 1 at the head.
  function axisOf(column) {
    if (!column.given || (column.numeric && column.known.length > 10)) {
      const place = charts.position(column);
      const ends = [place.least, place.most];
      return { column, place, ticks: [...new Set(ends)].map((value) => [place(value), column.brief(value)]) };
    }
    const known = column.known;
    const at = new Map(known.map((value, number) => [value, known.length > 1 ? number / (known.length - 1) : 0.5]));
    const step = Math.ceil(known.length / 14);
    return { column, place: (value) => at.get(value), ticks: known.filter((_, number) => number % step === 0).map((value) => [at.get(value), format.value(value)]) };
  }

  const height = (share) => bottom - share * (bottom - TOP);

  function render() {
    const { view } = state.current;
    dom.show("parallel", view.size > 0);
    brushes = {};
    canvas = el("canvas", { "aria-hidden": "true" });
    overlay = svg("svg", { role: "img", "aria-label": "Parallel coordinates of the configurations" });
    box = el("div", { class: "lines" }, el("div", { class: "inner" }, canvas, overlay));
    dom.body("parallel").replaceChildren(box,
      el("p", { class: "hint" }, "Drag along an axis to keep only what lies in the stretch; double-click the axis to let go. Figures are better towards the arrow."));
    axes = [...view.given.filter((column) => column.known.length > 1), ...view.figures].map(axisOf);
    new ResizeObserver(layout).observe(box);
    layout();
  }

  function layout() {
    const width = Math.max(box.clientWidth, LEFT + RIGHT + (axes.length - 1) * LEAST_GAP);
    const scale = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * scale, height: HEIGHT * scale });
    for (const node of [canvas, overlay]) { node.style.width = `${width}px`; node.style.height = `${HEIGHT}px`; }
    overlay.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    gap = (width - LEFT - RIGHT) / Math.max(1, axes.length - 1);
    axes.forEach((axis, number) => { axis.x = axes.length > 1 ? LEFT + (number * (width - LEFT - RIGHT)) / (axes.length - 1) : width / 2; });
    overlay.replaceChildren(...axes.map(drawAxis));
    update();
  }

  // Beside the axis; at its ends above and below it, where no line passes.
  function markPlace(x, share) {
    if (share === 0) return { class: "mark", x, y: bottom + 15, "text-anchor": "middle" };
    if (share === 1) return { class: "mark", x, y: TOP - 6, "text-anchor": "middle" };
    return { class: "mark", x: x + 6, y: height(share) + 4 };
  }

  function shortened(text, most) { return text.length > most ? `${text.slice(0, most - 1)}…` : text; }

  function drawAxis(axis) {
    const { column, ticks, x } = axis;
    const arrow = column.better ? (column.better === "less" ? " ↓" : " ↑") : "";
    const letters = Math.max(8, Math.floor(gap / 8.2) - arrow.length);
    const lines = [shortened(column.label, letters) + arrow, column.unit ?? ""];
    const brush = svg("rect", { class: "brush", x: x - 9, width: 18, y: TOP, height: 0 });
    const zone = svg("rect", { class: "zone", x: x - 18, width: 36, y: TOP - 4, height: bottom - TOP + 8 });
    axis.brush = brush;
    listen(axis, zone);
    showBrush(axis);
    return svg("g", null,
      svg("text", { class: "name", x, y: 16, "text-anchor": "middle" }, svg("title", null, column.title), lines[0]),
      svg("text", { class: "unit", x, y: 31, "text-anchor": "middle" }, lines[1]),
      svg("line", { class: "axis", x1: x, x2: x, y1: TOP, y2: bottom }),
      ticks.map(([share, text]) => svg("text", markPlace(x, share), shortened(text, 13))),
      brush, zone);
  }

  function listen(axis, zone) {
    let from = null;
    const share = (event) => Math.min(1.02, Math.max(-0.02, (bottom - (event.clientY - overlay.getBoundingClientRect().top)) / (bottom - TOP)));
    zone.addEventListener("pointerdown", (event) => { from = share(event); zone.setPointerCapture(event.pointerId); });
    zone.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = share(event);
      if (Math.abs(to - from) > 0.01) { brushes[axis.column.id] = [Math.min(from, to), Math.max(from, to)]; showBrush(axis); }
    });
    zone.addEventListener("pointerup", () => { if (from !== null && brushes[axis.column.id]) apply(axis); from = null; });
    zone.addEventListener("dblclick", () => { delete brushes[axis.column.id]; apply(axis); });
  }

  function showBrush(axis) {
    const range = brushes[axis.column.id];
    axis.brush.setAttribute("y", range ? height(range[1]) : TOP);
    axis.brush.setAttribute("height", range ? (range[1] - range[0]) * (bottom - TOP) : 0);
  }

  function apply(axis) {
    showBrush(axis);
    const range = brushes[axis.column.id];
    const [from, to] = range ?? [];
    state.range(axis.column.id, range ? (value) => value !== null && axis.place(value) >= from && axis.place(value) <= to : null);
  }

  // The filters were cleared elsewhere.
  function release() {
    for (const axis of axes) if (!(axis.column.id in state.current.ranges)) { delete brushes[axis.column.id]; showBrush(axis); }
  }

  function path(context, row) {
    let drawn = false;
    context.beginPath();
    for (const axis of axes) {
      const value = axis.column.values[row];
      const share = value === null && !axis.column.given ? undefined : axis.place(value);
      if (share === undefined || Number.isNaN(share)) { drawn = false; continue; }
      if (drawn) context.lineTo(axis.x, height(share));
      else context.moveTo(axis.x, height(share));
      drawn = true;
    }
    context.stroke();
  }

  function update() {
    const { view, rows, selected, colour } = state.current;
    if (!canvas || !view.size) return;
    release();
    const context = canvas.getContext("2d");
    const scale = window.devicePixelRatio || 1;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.lineWidth = 1;
    const left = new Set(rows);
    context.strokeStyle = charts.css("--faded");
    context.globalAlpha = view.size > 500 ? 0.15 : 0.5;
    if (rows.length < view.size) for (let row = 0; row < view.size; row++) if (!left.has(row)) path(context, row);
    const tone = charts.colouring(view.column(colour)).colour;
    context.globalAlpha = rows.length > 2000 ? 0.12 : rows.length > 200 ? 0.35 : 0.75;
    for (const row of rows) { context.strokeStyle = tone(row); path(context, row); }
    const chosen = view.rowOf.get(selected);
    if (chosen === undefined) return;
    context.globalAlpha = 1;
    context.lineWidth = 2.5;
    context.strokeStyle = charts.css("--ink");
    path(context, chosen);
  }

  return { render, update };
})();
