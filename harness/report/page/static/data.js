// The columns of a study: what a configuration was given, and its figures.
const data = (() => {
  const sweep = JSON.parse(document.getElementById("sweep").textContent);

  const isNumber = (value) => typeof value === "number";

  function distinct(values) {
    const found = [...new Set(values)];
    const numeric = found.every((value) => isNumber(value) || value === null);
    return found.sort((a, b) => {
      if (a === null || b === null) return a === null ? 1 : -1;
      return numeric ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    });
  }

  function givenColumn(id, label, values) {
    const known = distinct(values);
    const numeric = known.some(isNumber) && known.every((value) => isNumber(value) || value === null);
    return { id, label, title: label, values, known, numeric, given: true, tick: "~g", shown: (value) => value, text: format.value, brief: (value) => (numeric && String(value).length > 8 ? format.digits(value) : format.value(value)) };
  }

  function meritColumn(merit, values) {
    const scaled = values.map((value) => (value === null ? null : value * merit.scale));
    const plain = merit.unit === "J" || merit.unit.startsWith("mm");
    const [size, letter] = merit.unit === "J" ? format.prefix(scaled) : [1, ""];
    const unit = letter + merit.unit;
    const text = merit.id === "cycles" ? format.whole
      : merit.id === "utilization" ? (value) => value.toFixed(2)
      : plain ? format.aligned(scaled.map((value) => (value === null ? null : value / size))) : (value) => format.power(value);
    const brief = merit.id === "cycles" ? (value) => format.withUnit(value, "").trim() : null;
    return {
      id: merit.id, label: merit.name, unit, title: unit ? `${merit.name} (${unit})` : merit.name, values,
      numeric: true, given: false, better: merit.better, tick: plain || merit.id === "utilization" ? "~g" : "~s",
      shown: (value) => (value === null ? null : (value * merit.scale) / size),
      text: (value) => (value === null ? "–" : text((value * merit.scale) / size)),
      brief: (value) => (brief ?? text)((value * merit.scale) / size),
    };
  }

  function view(study) {
    const { index, architecture, parameters, merits } = study.columns;
    const given = [];
    if (Object.keys(study.architectures).length > 1) given.push(givenColumn("architecture", "architecture", architecture));
    for (const name of study.varying) given.push(givenColumn(`parameter:${name}`, name, parameters[name]));
    const figures = sweep.merits
      .filter((merit) => merits[merit.id].some((value) => value !== null))
      .map((merit) => meritColumn(merit, merits[merit.id]));
    const columns = [...given, ...figures];
    const byId = new Map(columns.map((column) => [column.id, column]));
    const rowOf = new Map(index.map((number, row) => [number, row]));
    const described = (row) => given
      .filter((column) => column.values[row] !== null)
      .map((column) => (column.id === "architecture" ? column.values[row] : `${column.label}=${format.value(column.values[row])}`));
    return { study, size: index.length, index, architecture, given, figures, columns, column: (id) => byId.get(id), rowOf, described };
  }

  // Rows that no other row beats in both columns; of equal ones all. Ordered by the first column, best first.
  function front(rows, first, second) {
    const sign = (column) => (column.better === "more" ? -1 : 1);
    const [a, b] = [sign(first), sign(second)];
    const ordered = rows
      .filter((row) => first.values[row] !== null && second.values[row] !== null)
      .sort((p, q) => a * (first.values[p] - first.values[q]) || b * (second.values[p] - second.values[q]));
    const kept = [];
    for (const row of ordered) {
      const last = kept[kept.length - 1];
      const better = last === undefined || b * second.values[row] < b * second.values[last];
      const equal = last !== undefined && second.values[row] === second.values[last] && first.values[row] === first.values[last];
      if (better || equal) kept.push(row);
    }
    return kept;
  }

  // Names of several lists in one order that keeps the order of each as far as they agree.
  function merged(lists) {
    const names = [];
    for (const list of lists) {
      let at = 0;
      for (const name of list) {
        const known = names.indexOf(name);
        if (known < 0) names.splice(at++, 0, name);
        else at = Math.max(at, known + 1);
      }
    }
    return names;
  }

  return { sweep, view, front, merged, distinct };
})();
