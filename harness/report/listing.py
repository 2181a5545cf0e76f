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
    """One line each with what it is; the names of parameters, those of every template only once."""
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    console.print("[bold]Architectures[/]  (-a NAME; --list NAME shows parameters and fusion levels)")
    for template in templates:
        line = Text(f"{template.name:<18}", style="cyan")
        line.append(_first_sentence(template.description), style="default")
        console.print(line, no_wrap=True, overflow="ellipsis")
    console.print("\n[bold]Parameters[/]  (--arch-param NAME=VALUE)")
    common = _common_parameters(templates)
    owners: dict[str, list[str]] = {" ".join(common): ["all"]}
    for template in templates:
        own = " ".join(p.name for p in template.parameters if p.name not in common)
        owners.setdefault(own, []).append(template.name)
    _print_named(console, [("\n".join(names), parameters) for parameters, names in owners.items()])


def _common_parameters(templates: list[ArchitectureTemplate]) -> list[str]:
    if not templates:
        return []
    names = [{p.name for p in template.parameters} for template in templates]
    return [p.name for p in templates[0].parameters if all(p.name in each for each in names)]


def _first_sentence(description: str) -> str:
    return description.split(". ", maxsplit=1)[0].rstrip(".")


def _print_architecture(console: Console, template: ArchitectureTemplate) -> None:
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print(f"[bold]{template.name}[/]  {template.description}")
    console.print(f"runs: {', '.join(template.all_operators)}")
    for operator, reason in template.refuses:
        console.print(f"refuses {operator}: {reason}", markup=False)
    if template.fusion_levels:
        console.print(f"fusion levels: {', '.join(template.fusion_levels)}")
    console.print("\n[bold]Parameters[/]  (--arch-param NAME=VALUE): default, what is allowed, meaning")
    for p in template.parameters:
        unit = f" {p.unit}" if p.unit and p.default is not None else ""
        line = Text(p.name, style="cyan")
        line.append(f" = {_default(p.default)}{unit}", style="default")
        line.append(f"   {p.allowed}", style="dim")
        console.print(line)
        console.print(Padding(Text(p.meaning), (0, 0, 0, 4)))


def _default(value: object) -> str:
    if value is None:
        return "(derived)"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _print_models(console: Console) -> None:
    console.print("\n[bold]Models[/]  (-m NAME, --seq N)")
    table = _table("name", "hidden", "heads", "feed-forward", "sequence", "blocks", right=range(1, 6))
    layers: dict[str, list[str]] = {}
    for model in list_models():
        shape = model.shape
        if shape is None:
            continue
        sizes = (shape.hidden, shape.heads, shape.feed_forward, shape.sequence_length, shape.blocks)
        table.add_row(model.name, *(str(size) for size in sizes))
        layers.setdefault(" ".join(layer.name for layer in model.layers), []).append(model.name)
    console.print(table)
    for names, models in layers.items():
        console.print(f"layers of {', '.join(models)}: {names}")


def _print_layers(console: Console) -> None:
    console.print("\n[bold]Single layers[/]  (convolutions need -c)")
    table = _table("collection", "kind", "layers")
    for collection in list_collections():
        for kind in dict.fromkeys(layer.operator for layer in collection.layers):
            members = [layer for layer in collection.layers if layer.operator == kind]
            table.add_row(collection.name, kind, " ".join(_layer(layer) for layer in members))
    console.print(table)


def _layer(layer: Layer) -> str:
    return layer.name


def _print_profiles(console: Console) -> None:
    console.print("\n[bold]Mapper profiles[/]  (--mapper NAME)")
    rows = []
    for profile in list_profiles():
        s = profile.settings
        ends = f"victory condition {s.victory_condition}, timeout {s.timeout}, {s.threads} threads"
        if s.algorithm == "optimal":
            ends = f"time limit {s.time_limit:g} s"
        rows.append((profile.name, f"{s.algorithm} ({s.template}), {ends}\n{profile.description}"))
    _print_named(console, rows)


def _print_named(console: Console, rows: list[tuple[str, str]]) -> None:
    """Names on the left, what they stand for folded beside them."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 1))
    table.add_column(style="cyan", no_wrap=True, min_width=17)
    table.add_column(overflow="fold")
    for name, what in rows:
        table.add_row(Text(name), Text(what))
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
