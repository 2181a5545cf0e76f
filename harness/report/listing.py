"""``run.py --list``: what there is to choose from, in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.spec.profiles import list_profiles
from harness.spec.templates import ArchitectureTemplate, list_architectures, load_architecture_template
from harness.workloads import Layer, list_collections, list_models

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_listing(console: Console, name: str | None = None) -> None:
    """Architectures with their parameters, models with their layers, single layers, mapper profiles.

    With the ``name`` of an architecture only that one, in detail.
    """
    if name is not None:
        _print_architecture(console, load_architecture_template(name))
        return
    _print_architectures(console, [t for t in list_architectures() if t.variant_of is None])
    _print_models(console)
    _print_layers(console)
    _print_profiles(console)


def _print_architectures(console: Console, templates: list[ArchitectureTemplate]) -> None:
    console.print("[bold]Architectures[/]  (-a NAME; --list NAME shows what each parameter means)")
    table = _table("name", "what it is", "parameters and defaults")
    for template in templates:
        runs = ", ".join(template.all_operators)
        levels = f"\nfusion levels: {', '.join(template.fusion_levels)}" if template.fusion_levels else ""
        defaults = " ".join(f"{p.name}={_default(p.default)}" for p in template.parameters)
        table.add_row(template.name, f"{template.description}\nruns: {runs}{levels}", defaults)
    console.print(table)


def _print_architecture(console: Console, template: ArchitectureTemplate) -> None:
    console.print(f"[bold]{template.name}[/]  {template.description}")
    console.print(f"runs: {', '.join(template.all_operators)}")
    for operator, reason in template.refuses:
        console.print(f"refuses {operator}: {reason}", markup=False)
    if template.fusion_levels:
        console.print(f"fusion levels: {', '.join(template.fusion_levels)}")
    table = _table("parameter", "default", "allowed", "meaning")
    for p in template.parameters:
        unit = f" {p.unit}" if p.unit and p.default is not None else ""
        table.add_row(p.name, f"{_default(p.default)}{unit}", p.allowed, p.meaning)
    console.print(table)


def _default(value: object) -> str:
    if value is None:
        return "(derived)"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _print_models(console: Console) -> None:
    console.print("[bold]Models[/]  (-m NAME, --seq N)")
    table = _table(
        "name", "hidden", "heads", "feed-forward", "sequence", "blocks", "layers", right=range(1, 6)
    )
    for model in list_models():
        shape = model.shape
        if shape is None:
            continue
        sizes = (shape.hidden, shape.heads, shape.feed_forward, shape.sequence_length, shape.blocks)
        layers = " ".join(layer.name for layer in model.layers)
        table.add_row(model.name, *(str(size) for size in sizes), layers)
    console.print(table)


def _print_layers(console: Console) -> None:
    console.print("[bold]Single layers[/]  (convolutions need -c)")
    table = _table("collection", "kind", "layers")
    for collection in list_collections():
        for kind in dict.fromkeys(layer.operator for layer in collection.layers):
            members = [layer for layer in collection.layers if layer.operator == kind]
            table.add_row(collection.name, kind, " ".join(_layer(layer) for layer in members))
    console.print(table)


def _layer(layer: Layer) -> str:
    return layer.name


def _print_profiles(console: Console) -> None:
    console.print("[bold]Mapper profiles[/]  (--mapper NAME)")
    table = _table("name", "algorithm", "template", "victory", "timeout", "threads", "for", right=range(3, 6))
    for profile in list_profiles():
        s = profile.settings
        table.add_row(
            profile.name,
            s.algorithm,
            s.template,
            str(s.victory_condition),
            str(s.timeout),
            str(s.threads),
            profile.description,
        )
    console.print(table)


def _table(*columns: str, right: range | tuple[int, ...] = ()) -> Table:
    from rich import box  # noqa: PLC0415 - rich is slow to import
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for position, column in enumerate(columns):
        table.add_column(
            column, justify="right" if position in right else "left", overflow="fold", no_wrap=position == 0
        )
    return table
