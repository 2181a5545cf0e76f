// What was swept, the choice of the study, light and dark.
const heading = (() => {
  const { el } = dom;

  function themed() {
    return document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }

  function themeButton() {
    const button = el("button", { type: "button", id: "theme", class: "quiet", onclick: () => {
      document.documentElement.dataset.theme = themed() === "dark" ? "light" : "dark";
      label();
      state.tell("theme");
    } });
    function label() { button.textContent = themed() === "dark" ? "Light" : "Dark"; button.title = `switch to ${button.textContent.toLowerCase()} colours`; }
    label();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { label(); state.tell("theme"); });
    return button;
  }

  function studyName(study) {
    const parts = [study.model, study.layers.length > 3 ? format.several(study.layers.length, "layer") : study.layers.map((layer) => layer.name).join(" ")];
    if (study.fusion) parts.push(`fused at ${study.fusion}`);
    if (study.densities) parts.push(`densities ${study.densities}`);
    parts.push(format.several(study.count, "configuration"), ...(study.engine ? [study.engine] : []), study.mapper, `version ${study.version}`);
    return parts.join(", ");
  }

  function facts(study) {
    const layers = study.layers.map((layer) => el("span", { class: "chip", title: `${layer.reason}; ${format.whole(layer.macs)} MACs each` },
      layer.name, layer.times > 1 && el("b", null, ` ×${layer.times}`), layer.fused && " fused"));
    const common = Object.entries(study.common);
    const rows = [
      ["Layers", el("span", { class: "chips" }, layers)],
      ["Architectures", Object.entries(study.architectures).map(([name, count]) => `${name} (${format.several(count, "configuration")})`).join(", ")],
      ["Varied", study.varying.join(", ") || "nothing"],
      study.engine && ["Engine", study.engine],
      study.checked && ["Check", [study.checked, study.unequal.length > 0 && el("details", { open: study.unequal.length < 3 },
        el("summary", null, "What is not equal"), study.unequal.map((line) => el("div", null, line)))]],
      ["Search", study.mapper],
      study.fusion && ["Fusion", study.fusion],
      study.densities && ["Densities", study.densities],
      ["Version", study.version],
      data.sweep.swept.length && ["Swept by", data.sweep.swept.slice(-4).map((command) => el("div", null, el("code", null, command)))],
      data.sweep.command && !data.sweep.swept.includes(data.sweep.command) && ["This page by", el("code", null, data.sweep.command)],
      common.length && ["The same everywhere", el("details", null, el("summary", null, format.several(common.length, "parameter")),
        el("span", { class: "chips mono" }, common.map(([name, value]) => el("span", { class: "chip" }, `${name}=${format.value(value)}`))))],
    ];
    return el("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => [el("dt", null, name), el("dd", null, value)]));
  }

  function render() {
    const { study } = state.current.view;
    const mapped = study.ranked === study.count ? "all mapped" : study.ranked ? `${format.whole(study.ranked)} of them mapped whole` : "none mapped whole";
    const blocks = study.blocks > 1 ? ` · ${format.several(study.blocks, "block")}` : "";
    const studies = data.sweep.studies;
    document.getElementById("heading").replaceChildren(el("div", { class: "inner" },
      el("div", { class: "top" }, el("div", null, el("p", { class: "over" }, "Hardware sweep"), el("h1", null, study.model)), themeButton()),
      el("p", { class: "lead" }, `${format.several(study.layers.length, "layer")}${blocks} · ${format.several(study.count, "configuration")}, ${mapped}`),
      studies.length > 1 && el("div", { class: "studies" },
        dom.selector(`Study (of ${studies.length}; figures compare within one only)`, studies.map((one) => [String(one.number), studyName(one)]),
          String(study.number), (number) => state.chooseStudy(Number(number)))),
      facts(study)));
  }

  function footer() {
    document.getElementById("footer").replaceChildren(
      el("p", null, "Energy, cycles and EDP-sum add up the layers, each as often as it occurs; EDP-sum adds each layer's own energy × cycles, EDP of totals is total energy × total cycles. " +
        "Utilisation is the mean of the layers, area the largest of their architectures, energy-delay-area EDP of totals × area."),
      el("p", null, `This page holds all it shows and loads nothing. Charts by Plotly ${data.sweep.plotly}.`));
  }

  return { render, footer };
})();
