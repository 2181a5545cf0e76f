// Plotly with the page's colours, and colours for values.
const charts = (() => {
  const SMALL = 560;
  // The bar must not offer to send the chart anywhere.
  const BUTTONS = { displaylogo: false, showSendToCloud: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], plotlyServerURL: "" };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => css("--palette").split(/\s+/);
  const ramp = () => css("--ramp").split(/\s+/);
  const narrow = () => window.innerWidth < SMALL;

  // Plotly reads a little markup in its texts; names must not be read so.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function axis(extra) {
    return { gridcolor: css("--grid"), linecolor: css("--line"), zerolinecolor: css("--line"), tickcolor: css("--line"), automargin: true, ...extra };
  }

  function layout(extra) {
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
      font: { family: css("--sans"), size: narrow() ? 11 : 12.5, color: css("--ink") },
      margin: { l: 12, r: 14, t: 10, b: 10 }, hovermode: "closest",
      hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line-strong"), font: { family: css("--sans"), size: 12.5, color: css("--ink") }, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--faded-line"), activecolor: css("--accent") },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", title: { side: "left", font: { size: 12, color: css("--muted") } } },
      ...extra,
    };
  }

  const draw = (node, traces, shape) => Plotly.react(node, traces, shape, { ...BUTTONS, displayModeBar: narrow() ? false : "hover" });

  const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

  function blend(stops, share) {
    const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
    const at = Math.min(stops.length - 2, Math.floor(place));
    const [from, to] = [channels(stops[at]), channels(stops[at + 1])];
    return `rgb(${from.map((value, channel) => Math.round(value + (to[channel] - value) * (place - at))).join(",")})`;
  }

  // {colour(row), groups} for few values, {colour(row), scale} for many numbers; groups are [label, rows' test, colour].
  function colouring(column) {
    if (!column) return { colour: () => palette()[0], groups: [["configurations", () => true, palette()[0]]] };
    const known = column.known ?? data.distinct(column.values);
    if (known.length <= 10) {
      const colours = known.map((_, at) => (column.numeric ? blend(ramp(), known.length > 1 ? at / (known.length - 1) : 0) : palette()[at % palette().length]));
      const of = new Map(known.map((value, at) => [value, colours[at]]));
      return {
        colour: (row) => of.get(column.values[row]),
        groups: known.map((value, at) => [column.text(value), (row) => column.values[row] === value, colours[at]]),
      };
    }
    if (!column.numeric) {
      const of = new Map(known.map((value, at) => [value, palette()[at % palette().length]]));
      return { colour: (row) => of.get(column.values[row]), groups: [["configurations", () => true, palette()[0]]], each: true };
    }
    const place = position(column);
    return { colour: (row) => (column.values[row] === null ? css("--muted") : blend(ramp(), place(column.values[row]))), scale: place };
  }

  // Where a number lies between the least and the most of its column, 0 to 1; by logarithm where they lie far apart.
  function position(column) {
    let [least, most] = [Infinity, -Infinity];
    for (const value of column.values) if (value !== null) { least = Math.min(least, value); most = Math.max(most, value); }
    const log = least > 0 && most / least >= 20;
    const at = log ? Math.log : (value) => value;
    const span = at(most) - at(least);
    const place = (value) => (span === 0 ? 0.5 : (at(value) - at(least)) / span);
    return Object.assign(place, { least, most, log });
  }

  return { css, palette, ramp, narrow, plain, axis, layout, draw, blend, colouring, position };
})();
