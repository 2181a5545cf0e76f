"""Makes and runs ``docs/sweep.ipynb``: ``python docs/make_notebook.py``.

It needs ``pip install '.[notebook]'``.
The cells are written here; what stands below them in the notebook is what they gave when this was run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NOTEBOOK = Path(__file__).with_name("sweep.ipynb")

CELLS = (
    (
        "text",
        """
# A sweep over hardware

Every layer of a Transformer is mapped onto every configuration of an accelerator, and the configurations
are compared. What stands here as Python is `hwdse_run.py` on the command line; [sweep.md](sweep.md) has
the options, [api.md](api.md) all methods and columns.
""",
    ),
    (
        "text",
        """
## Run it

A value that is a list makes a grid. A rule couples values: here the accumulator memories, one for each row
of the array, hold 65,536 words together, and no array has more than 512 PEs. Every layer gets its proven best
mapping, so that configurations differ by what they can do and not by luck.

Results are kept in `folder`. Running the cell again computes nothing: what is there is taken from there.
""",
    ),
    (
        "code",
        """
from harness.sweep import load, run

results = run(
    "all",
    models="bert-base",
    sequence=512,
    architectures="gemmini",
    configurations={
        "pe_rows": [8, 16, 32],
        "pe_cols": [8, 16, 32],
        "dataflow": ["WS", "OS"],
        "accumulator_size": [2048, 4096, 8192],
    },
    rules=["pe_rows * accumulator_size == 65536", "pe_rows * pe_cols <= 512"],
    folder="outputs_notebook",
)
results
""",
    ),
    (
        "text",
        """
## All configurations, as a table

`to_pandas()` has one row for each configuration, with the sums over all layers, each as often as it occurs
in the model. Energy is in pJ, `edp` in J x cycles, area in square micrometres. `varying()` names the
parameters that are not the same everywhere.
""",
    ),
    (
        "code",
        """
table = results.to_pandas().set_index("index")
varying = [f"parameter:{name}" for name in results.varying()]
shown = table[[*varying, "energy_pj", "cycles", "utilization", "edp_sum", "area_um2"]]
shown.rename(columns=lambda name: name.removeprefix("parameter:")).sort_values("edp_sum")
""",
    ),
    (
        "text",
        """
## The best, and the front

`best` returns all that are exactly equal to the best. `pareto` returns those that no other beats in both of
its axes, by default energy and cycles; here also area and cycles.
""",
    ),
    (
        "code",
        """
for criterion in ("edp_sum", "energy", "cycles", "utilization", "area", "edap"):
    for point in results.best(criterion):
        print(f"{criterion:12} {point.index:3}  {dict(point.given)}")
""",
    ),
    (
        "code",
        """
for axes in (("cycles", "energy_pj"), ("cycles", "area_um2")):
    print(" and ".join(axes))
    for point in results.pareto(axes=axes):
        m = point.metrics
        energy, area = m.energy_pj / 1e12, m.area_um2 / 1e6
        print(f"  {point.index:3}  {m.cycles:11,} cycles  {energy:.4f} J  {area:.3f} mm^2")
""",
    ),
    (
        "code",
        """
results.plot.pareto()
""",
    ),
    (
        "text",
        """
## Where the energy of the best one goes

The rows `levels` have every level of every layer, for one instance of the layer: multiply by `times`. Rows of
kind `network` are the wires between levels.
""",
    ),
    (
        "code",
        """
best = results.best("edp_sum")[0]
layers = results.to_pandas("layers").query("index == @best.index")
levels = results.to_pandas("levels").query("index == @best.index")
merged = levels.merge(layers[["layer", "times"]], on="layer")
merged["energy_mj"] = merged.energy_pj * merged.times / 1e9
energy = merged.pivot_table(index="name", columns="layer", values="energy_mj", aggfunc="sum", sort=False)
energy = energy[list(layers.layer)]
energy[energy.sum(axis=1) > 0].assign(total=energy.sum(axis=1)).round(3)
""",
    ),
    (
        "code",
        """
# The levels of all layers together are the energy of the configuration.
assert abs(energy.sum().sum() * 1e9 / best.metrics.energy_pj - 1) < 1e-9
results.plot.energy(best.index)
""",
    ),
    (
        "text",
        """
## What bounds the latency

For each layer either the array itself (`compute`) or reading or writing one of the memories.
""",
    ),
    (
        "code",
        """
layers[["layer", "times", "cycles", "utilization", "bound_by", "proof"]].set_index("layer")
""",
    ),
    (
        "code",
        """
results.plot.roofline(best.index)
""",
    ),
    (
        "text",
        """
## One mapping

The whole record of a layer is there too: levels, networks, and the mapping itself as Timeloop writes it, the
outermost memory first.
""",
    ),
    (
        "code",
        """
record = results.result(best.index, "KTQ")
print(record.search.status, record.cycles, "cycles", f"{record.energy_pj:.6g} pJ")
print(record.loop_nest)
""",
    ),
    (
        "text",
        """
## Later

`load` opens a folder without running anything, also while a sweep is running in it, and also folders that
the earlier harness left.
""",
    ),
    (
        "code",
        """
again = load("outputs_notebook")
again, again.best("edp_sum")[0].metrics == best.metrics
""",
    ),
)


def notebook() -> nbformat.NotebookNode:
    """Not run yet. Cells have the same ids each time, that a new run changes only what it found."""
    cells = []
    for number, (kind, text) in enumerate(CELLS):
        make = new_code_cell if kind == "code" else new_markdown_cell
        cells.append(make(text.strip(), id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def main() -> None:
    made = notebook()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(made, kernel_name="python3", timeout=600, record_timing=False)
        client.execute(cwd=folder)
    made.metadata["language_info"] = {"name": "python"}
    nbformat.validate(made)
    NOTEBOOK.write_text(nbformat.writes(made) + "\n", encoding="utf-8")
    print(f"{NOTEBOOK.name}: {NOTEBOOK.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
