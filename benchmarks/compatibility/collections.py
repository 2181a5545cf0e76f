"""Which files of a checkout make one specification: the layouts in which designs are published.

Each layout is known by files that it has; the combinations are those of its authors' own scripts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.compatibility.trial import Trial

Layout = Callable[[Path, Path, bool], Iterator[Trial]]

OUTPUTS = ("outputs", "output", "ref_outputs", "ref-output", "out_dir", "outdir")


def find_trials(checkout: Path, every_layer: bool) -> list[Trial]:
    """All specifications below ``checkout``. ``every_layer``: not only the first of each model."""
    trials: list[Trial] = []
    for name, folders, _ in os.walk(checkout):
        folders[:] = sorted(f for f in folders if f not in OUTPUTS and not f.startswith("."))
        for layout in LAYOUTS:
            trials.extend(layout(Path(name), checkout, every_layer))
    return trials


def _designs_by_template(folder: Path, checkout: Path, every_layer: bool) -> Iterator[Trial]:
    """``top.yaml.jinja2`` with the variables ``architecture`` and ``problem``."""
    top = folder / "top.yaml.jinja2"
    if not top.is_file() or "~ architecture ~" not in top.read_text(encoding="utf-8"):
        return
    for arch in _sorted(folder.rglob("arch.yaml")):
        architecture = str(arch.parent.relative_to(folder))
        design = _name(arch.parent, checkout)
        values = {"architecture": architecture}
        yield Trial(design, "default problem", (top,), values)
        if (arch.parent / "mapping.yaml").is_file() or (arch.parent / "problem.yaml").is_file():
            continue
        for problem in _layers(folder.parent / "layer_shapes", every_layer):
            case = f"{problem.parent.name}/{problem.name}"
            yield Trial(design, case, (top,), {**values, "problem": str(problem)})


def _macros_by_template(folder: Path, checkout: Path, every_layer: bool) -> Iterator[Trial]:
    """``top.yaml.jinja2`` with the variables ``macro`` and ``iso``."""
    top = folder / "top.yaml.jinja2"
    if not top.is_file() or "~ macro ~" not in top.read_text(encoding="utf-8"):
        return
    for arch in _sorted(folder.glob("arch/1_macro/*/arch.yaml")):
        macro = arch.parent.name
        yield Trial(_name(arch.parent, checkout), "default problem", (top,), {"macro": macro, "iso": macro})


def _templates_of_inputs(folder: Path, checkout: Path, every_layer: bool) -> Iterator[Trial]:
    """``top.yaml.jinja`` that puts the files of ``inputs`` together."""
    top, inputs = folder / "top.yaml.jinja", folder / "inputs"
    if not top.is_file() or not inputs.is_dir():
        return
    design = _name(folder, checkout)
    yield Trial(design, top.name, (top,))
    rest = [inputs / f"{name}.yaml" for name in ("components", "mapper", "variables")]
    for arch in _sorted(inputs.glob("arch*.yaml")):
        for problem in _sorted(inputs.glob("problem*.yaml")):
            yield Trial(design, f"{arch.stem}, {problem.stem}", (arch, problem, *rest))


def _exercises(folder: Path, checkout: Path, every_layer: bool) -> Iterator[Trial]:
    """``arch``, ``prob`` and one of ``map`` or ``mapper``."""
    if not (folder / "arch").is_dir() or not (folder / "prob").is_dir():
        return
    design = _name(folder, checkout)
    components, problems = _yaml(folder / "arch/components"), _yaml(folder / "prob")
    mapper = _yaml(folder / "mapper")
    for arch in _yaml(folder / "arch"):
        values = {}
        if "mac_class" in arch.read_text(encoding="utf-8"):
            values = {"mac_class": "intmac", "input_weight_datawidth": "8", "psum_datawidth": "16"}
        files = (arch, *components, *problems, *mapper)
        choices = [*_yaml(folder / "map"), *_yaml(folder / "constraints")]
        for choice in choices:
            yield Trial(design, f"{arch.stem}, {choice.stem}", (*files, choice), values)
        if not choices:
            yield Trial(design, arch.stem, files, values)


def _front_end_examples(folder: Path, checkout: Path, every_layer: bool) -> Iterator[Trial]:
    """``arch_spec_examples`` of Timeloop's Python front ends."""
    if folder.name != "arch_spec_examples":
        return
    for arch in _sorted(folder.rglob("arch*.yaml")):
        own = arch.parent
        if "sparseloop" in own.parts:
            files = [arch, *(f for f in _yaml(own) if not f.stem.startswith("arch"))]
        else:
            problem = folder / f"problem_{own.name}.yaml"
            problem = problem if problem.exists() else folder / "problem.yaml"
            files = [arch, problem, folder / "mapper.yaml", folder / "variables.yaml"]
        yield Trial(_name(own, checkout), arch.stem, tuple(files))


def _harness_folders(folder: Path, checkout: Path, every_layer: bool) -> Iterator[Trial]:
    """``arch*/system_*.yaml`` with ``layers``, ``constraints*`` and ``mapper``: the prior harness."""
    if not (folder / "layers").is_dir():
        return
    for version in ("", "_v0.4"):
        for arch in _sorted((folder / f"arch{version}").glob("system_*.yaml")):
            of_norms = arch.stem.endswith("_NOs")
            fixed = ("constraints_NOs" if of_norms else "constraints",)
            # Its scripts give the constraints to its own architectures only.
            own = "gemmini" in arch.stem or "PIM" in arch.stem
            files = _named(folder / f"constraints{version}", *(fixed if own else ()))
            files += (*_yaml(arch.parent / "components"), *_named(folder / "mapper", "mapper", "variables"))
            for layer in _harness_layers(folder / "layers", of_norms, every_layer):
                case = str(layer.relative_to(folder / "layers"))
                yield Trial(_name(arch, checkout), case, (arch, layer, *files))


def _harness_layers(folder: Path, of_norms: bool, every_layer: bool) -> Iterator[Path]:
    for layer in [*_yaml(folder), *_layers(folder, every_layer)]:
        if layer.stem.startswith(("softmax", "layernorm")) == of_norms:
            yield layer


def _flat_folders(folder: Path, checkout: Path, every_layer: bool) -> Iterator[Trial]:
    """All files in one folder, layers under ``problems``."""
    if not (folder / "problems").is_dir():
        return
    rest = _named(folder, "constraints", "mapper", "variables")
    for arch in _sorted(folder.glob("arch*.yaml")):
        for layer in _yaml(folder / "problems"):
            yield Trial(_name(arch, checkout), layer.stem, (arch, layer, *rest))


LAYOUTS: tuple[Layout, ...] = (
    _designs_by_template,
    _macros_by_template,
    _templates_of_inputs,
    _exercises,
    _front_end_examples,
    _harness_folders,
    _flat_folders,
)


def _layers(folder: Path, every_layer: bool) -> Iterator[Path]:
    """Of each model the first layer, or all."""
    for model in _sorted(path for path in folder.rglob("*") if path.is_dir()):
        layers = _yaml(model)
        yield from layers if every_layer else layers[:1]


def _named(folder: Path, *names: str) -> tuple[Path, ...]:
    return tuple(path for path in (folder / f"{name}.yaml" for name in names) if path.exists())


def _yaml(folder: Path) -> list[Path]:
    return _sorted(folder.glob("*.yaml"))


def _sorted(paths: object) -> list[Path]:
    return sorted(paths, key=str)  # type: ignore[call-overload, no-any-return]


def _name(path: Path, checkout: Path) -> str:
    return str(path.relative_to(checkout))
