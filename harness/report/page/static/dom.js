// Elements are made here and nowhere from markup: texts of the data always become text nodes.
const dom = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "style") Object.entries(value).forEach(([key, to]) => node.style.setProperty(key, to));
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }

  const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
  const body = (id) => document.querySelector(`#${id} > .body`);
  // Children as in el: nothing is put for what is missing.
  const put = (id, ...children) => { body(id).replaceChildren(); fill(body(id), null, children); };
  const show = (id, shown) => { document.getElementById(id).hidden = !shown; };

  function selector(label, options, current, change) {
    const select = el("select", { onchange: () => change(select.value) },
      options.map(([value, text]) => el("option", { value, selected: value === current }, text)));
    return el("label", { class: "field" }, el("span", null, label), select);
  }

  // A row of buttons of which one is pressed.
  function choice(label, options, current, change) {
    const buttons = options.map(([value, text]) => el("button", {
      type: "button", "aria-pressed": String(value === current),
      onclick: () => {
        buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(options[number][0] === value)));
        change(value);
      },
    }, text));
    return el("div", { class: "choice", role: "group", "aria-label": label }, buttons);
  }

  return { el, svg, body, put, show, selector, choice };
})();
