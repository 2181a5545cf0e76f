// What the reader has chosen; parts of the page listen for what concerns them.
const state = (() => {
  const listeners = { study: [], filter: [], select: [], theme: [], colour: [] };
  const current = { view: null, text: "", picked: {}, ranges: {}, rows: [], problem: null, selected: null, colour: "" };

  const on = (names, listener) => names.split(" ").forEach((name) => listeners[name].push(listener));
  const tell = (name) => listeners[name].forEach((listener) => listener());

  function refilter() {
    const { rows, problem } = filters.passing(current.view, current);
    current.problem = problem;
    current.rows = rows;
    tell("filter");
  }

  function chooseStudy(number) {
    const study = data.sweep.studies.find((one) => one.number === number);
    current.view = data.view(study);
    Object.assign(current, { text: "", picked: {}, ranges: {}, problem: null });
    current.rows = filters.passing(current.view, current).rows;
    const best = study.best.find((one) => one.merit === "edp_sum") ?? study.best[0];
    current.selected = best ? best.indices[0] : current.view.index[0] ?? null;
    const coloured = current.view.given.find((column) => !column.numeric && column.known.length <= 10);
    current.colour = coloured ? coloured.id : "";
    tell("study");
  }

  function select(index) {
    current.selected = index;
    tell("select");
  }

  function setText(text) { current.text = text; refilter(); }

  function pick(id, values) {
    if (values === null) delete current.picked[id];
    else current.picked[id] = values;
    refilter();
  }

  function range(id, test) {
    if (test === null) delete current.ranges[id];
    else current.ranges[id] = test;
    refilter();
  }

  function clear() {
    Object.assign(current, { text: "", picked: {}, ranges: {} });
    refilter();
  }

  function colourBy(id) { current.colour = id; tell("colour"); }

  return { current, on, tell, chooseStudy, select, setText, pick, range, clear, colourBy };
})();
