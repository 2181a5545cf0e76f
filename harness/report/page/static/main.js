// Puts the parts together.
(() => {
  const parts = [heading, cards, filterPanel, scatter, parallel, table, chosen, estimates, grid, problems];

  state.on("study", () => parts.forEach((part) => part.render()));
  state.on("filter", () => { filterPanel.update(); scatter.update(); parallel.update(); table.refiltered(); });
  state.on("select", () => { scatter.mark(); parallel.update(); table.update(); cards.mark(); chosen.render(); estimates.render(); });
  state.on("colour", () => { scatter.update(); parallel.update(); });
  state.on("theme", () => { scatter.update(); parallel.update(); chosen.render(); grid.render(); });

  if (data.sweep.studies.length) state.chooseStudy((data.sweep.studies.find((study) => study.number === data.sweep.latest) ?? data.sweep.studies[0]).number);
  else document.querySelector("main").replaceChildren(dom.el("p", { class: "say" }, "There are no results."));
  heading.footer();
  document.documentElement.dataset.ready = "yes";
})();
