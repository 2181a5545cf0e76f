// The text filter: words such as pe_rows=16, dataflow=WS|OS, cycles<2e10, arch!=tpu, or any part of a name.
const filters = (() => {
  const WORD = /^([^=<>!\s]+)(<=|>=|!=|=|<|>)(.+)$/;
  const SHORT = { arch: "architecture", idx: "index", energy: "energy_pj", utilisation: "utilization", util: "utilization", area: "area_um2" };

  function column(view, name) {
    if (name === "index" || name === "idx") return { values: view.index, shown: (value) => value };
    if (SHORT[name] === "architecture" || name === "architecture") return { values: view.architecture, shown: (value) => value };
    return view.column(`parameter:${name}`) ?? view.column(SHORT[name] ?? name) ?? null;
  }

  const number = (text) => (text.trim() === "" ? NaN : Number(text));

  function same(value, wanted) {
    if (typeof value === "number" && !Number.isNaN(number(wanted))) return value === number(wanted);
    return String(value).toLowerCase() === wanted.toLowerCase();
  }

  function holds(value, operator, wanted) {
    if (value === null || value === undefined) return operator === "!=";
    const any = () => wanted.split("|").some((one) => same(value, one));
    switch (operator) {
      case "=": return any();
      case "!=": return !any();
      case "<": return value < number(wanted);
      case "<=": return value <= number(wanted);
      case ">": return value > number(wanted);
      default: return value >= number(wanted);
    }
  }

  // {tests, problem}: functions of a row, and what of the text could not be understood.
  function parse(text, view) {
    const tests = [];
    for (const word of text.split(/\s+/).filter(Boolean)) {
      const found = WORD.exec(word);
      if (!found) {
        const part = word.toLowerCase();
        tests.push((row) => `${view.architecture[row]} ${view.described(row).join(" ")}`.toLowerCase().includes(part));
        continue;
      }
      const [, name, operator, wanted] = found;
      const of = column(view, name);
      if (of === null) {
        const names = ["index", "arch", ...view.columns.map((one) => one.id.replace("parameter:", ""))];
        return { tests: [], problem: `no column “${name}”; there are ${names.join(", ")}` };
      }
      if (/[<>]/.test(operator) && Number.isNaN(number(wanted))) return { tests: [], problem: `“${wanted}” is not a number` };
      tests.push((row) => holds(of.shown(of.values[row]), operator, wanted));
    }
    return { tests, problem: null };
  }

  // Rows that pass the text, the ticked values and the brushed ranges.
  function passing(view, { text, picked, ranges }) {
    const { tests, problem } = parse(text, view);
    for (const [id, values] of Object.entries(picked)) {
      const of = view.column(id);
      tests.push((row) => values.has(of.values[row]));
    }
    for (const [id, test] of Object.entries(ranges)) {
      const of = view.column(id);
      tests.push((row) => test(of.values[row]));
    }
    const rows = [];
    for (let row = 0; row < view.size; row++) if (tests.every((test) => test(row))) rows.push(row);
    return { rows, problem };
  }

  return { parse, passing };
})();
