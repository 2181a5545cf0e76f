// Numbers and names as people read them.
const format = (() => {
  const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"], [1e-15, "f"]];

  const whole = (value) => Math.round(value).toLocaleString("en-US");

  function power(value, digits = 3) {
    if (value === 0) return "0";
    const [mantissa, exponent] = value.toExponential(digits).split("e");
    const raised = [...String(Math.abs(Number(exponent)))].map((digit) => SUPERSCRIPT[digit]).join("");
    return `${mantissa}×10${Number(exponent) < 0 ? "⁻" : ""}${raised}`;
  }

  // Four significant digits; powers of ten where that would be long.
  function digits(value, significant = 4) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (value === 0) return "0";
    const size = Math.floor(Math.log10(Math.abs(value)));
    if (size > 8 || size < -4) return power(value, significant - 1);
    const places = Math.max(0, significant - 1 - size);
    return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  }

  // Writes every value of a column with the same number of places, the least of them in four digits.
  function aligned(values) {
    const least = Math.min(...values.filter((value) => value > 0).map(Math.abs), 1e6);
    const places = Math.min(4, Math.max(0, 3 - Math.floor(Math.log10(least))));
    return (value) => value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  }

  // The prefix of the unit in which the largest of the values is a readable number.
  function prefix(values) {
    let most = 0;
    for (const value of values) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
    return PREFIXES.find(([size]) => most >= size) ?? [1, ""];
  }

  function withUnit(value, unit) {
    if (value === null || value === undefined) return "–";
    const [size, letter] = prefix([value]);
    return `${digits(value / size)} ${letter}${unit}`;
  }

  const energy = (picojoule) => (picojoule === null ? "–" : withUnit(picojoule * 1e-12, "J"));

  function words(count) {
    for (const [size, unit] of [[2 ** 30, "Gi"], [2 ** 20, "Mi"], [2 ** 10, "Ki"]]) {
      if (count >= size && count % size === 0) return `${count / size} ${unit}`;
      if (count >= 10 * size) return `${(count / size).toFixed(1)} ${unit}`;
    }
    return String(count);
  }

  const percent = (fraction, places = 1) => `${(100 * fraction).toFixed(places)} %`;

  function duration(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    if (seconds < 1) return `${digits(seconds * 1000, 3)} ms`;
    if (seconds < 60) return `${digits(seconds, 3)} s`;
    return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, "0")} s`;
  }

  const several = (count, what) => `${whole(count)} ${what}${count === 1 ? "" : "s"}`;

  // 0, 1, 2, 5 as "0–2, 5".
  function ranges(indices) {
    const parts = [];
    for (let at = 0; at < indices.length; ) {
      let end = at;
      while (end + 1 < indices.length && indices[end + 1] === indices[end] + 1) end++;
      parts.push(end > at + 1 ? `${indices[at]}–${indices[end]}` : indices.slice(at, end + 1).join(", "));
      at = end + 1;
    }
    return parts.join(", ");
  }

  const value = (given) => (given === null || given === undefined ? "–" : String(given));

  return { whole, power, digits, aligned, prefix, withUnit, energy, words, percent, duration, several, ranges, value };
})();
