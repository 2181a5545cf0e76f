"""The energies and areas behind the best configurations of a sweep, worked out again from their templates.

A store keeps figures, not tables; but a template with its parameters gives the same tables again, and the
hash that each result carries says whether they are the same. Where they cannot be made again, or are
others now, the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.engines.energy_tables import EnergyTables
    from harness.estimation import EstimationOptions
    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults
    from harness.sweep.study import Study
    from harness.workloads import Layer

MOST_POINTS = 24
"""Of each study; each has to be rendered and estimated again."""


@dataclass
class EstimatesOfPage:
    """``html`` are the distinct tables of all studies in the order of their numbers."""

    html: list[str] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def of_study(
        self, results: SweepResults, study: Study, points: Mapping[int, Point], wanted: Iterable[int]
    ) -> dict[str, dict[str, Any]]:
        """Index of a configuration to what its energy rests on, and its tables: number, layers that they are
        for, and a remark.

        Norm operators run on a variant of the architecture, which has tables of its own.
        """
        chosen = list(dict.fromkeys(wanted))[:MOST_POINTS]
        return {str(index): self._of_point(results, study, points[index]) for index in chosen}

    def _of_point(self, results: SweepResults, study: Study, point: Point) -> dict[str, Any]:
        from harness.report.accuracy_words import accuracy_words, energies_by_source  # noqa: PLC0415
        from harness.sweep.metrics import accuracy_of_all  # noqa: PLC0415

        layers = results.layers(point.index)
        known = accuracy_of_all(layers)
        rests = (
            None if known is None else accuracy_words(known.by_class, known.stated_pj, known.plus_minus_pj)
        )
        if known is not None and known.by_source:
            rests = f"{rests}. By source: {energies_by_source(known.by_source)}"
        return {"rests": rests, "tables": self._tables(results, study, point, layers)}

    def _tables(
        self, results: SweepResults, study: Study, point: Point, outcomes: Sequence[LayerOutcome]
    ) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        for alike in _by_operator(outcomes).values():
            layers = [outcome.layer for outcome in alike]
            try:
                tables, digest = _made_again(study, point, alike[0])
            except (HarnessError, OSError) as error:
                told.append({"table": None, "layers": layers, "remark": f"cannot be made again: {error}"})
                continue
            result = results.result(point.index, alike[0].layer)
            known = None if result is None else result.provenance.ert_hash
            number = self._number(tables, digest)
            told.append({"table": number, "layers": layers, "remark": _remark(known, digest)})
        return told

    def _number(self, tables: EnergyTables, digest: str) -> int:
        """That of equal tables before, else the next one."""
        from harness.report.energy.html import tables_html  # noqa: PLC0415

        key = tables.architecture, digest
        if key not in self._numbers:
            self._numbers[key] = len(self.html)
            self.html.append(tables_html(tables))
        return self._numbers[key]

    @property
    def markup(self) -> str:
        """Hidden until the script shows those of the chosen configuration."""
        return "\n".join(
            f'<div class="part" id="tables-{number}" hidden><p class="over"></p>{text}</div>'
            for number, text in enumerate(self.html)
        )


def _by_operator(outcomes: Iterable[LayerOutcome]) -> dict[str, list[LayerOutcome]]:
    """Layers with a mapping; nobody asks where the energy of others comes from."""
    found: dict[str, list[LayerOutcome]] = {}
    for outcome in outcomes:
        if outcome.ok:
            found.setdefault("norm" if outcome.operator == "norm" else "others", []).append(outcome)
    return found


def _made_again(study: Study, point: Point, outcome: LayerOutcome) -> tuple[EnergyTables, str]:
    """The tables, and their hash as results carry it. HarnessError where they cannot be made."""
    from harness.engines.content_hash import content_hash  # noqa: PLC0415 - heavy rooms, for who makes a page
    from harness.engines.energy_tables import energy_tables  # noqa: PLC0415
    from harness.engines.layer_job import LayerRequest, layer_job  # noqa: PLC0415
    from harness.spec.settings import SearchSettings  # noqa: PLC0415

    request = LayerRequest(
        architecture=point.architecture,
        layer=_layer(study, outcome),
        settings=SearchSettings(),
        parameters=point.parameters,
        estimation=_options(study),
    )
    tables = energy_tables(layer_job(request).job)
    return tables, content_hash(tables.ert, tables.art)


def _layer(study: Study, outcome: LayerOutcome) -> Layer:
    """The layer, or another of its kind where the model was a file: tables hardly ever depend on sizes, and
    the hash tells when they do.
    """
    from harness.workloads import find_layer, load_model  # noqa: PLC0415

    try:
        return find_layer(outcome.layer, outcome.model or study.settings.model)
    except HarnessError:
        operator = outcome.operator or "matmul"
        alike = next((layer for layer in load_model().layers if layer.operator == operator), None)
        if alike is None:
            raise
        return alike


def _options(study: Study) -> EstimationOptions:
    """Those of the sweep, without tables that are not there any more; the hash tells whether they count."""
    from harness.estimation import EstimationOptions  # noqa: PLC0415

    options = study.estimation or EstimationOptions()
    there = tuple(folder for folder in options.table_folders if folder.exists())
    return replace(options, table_folders=there)


def _remark(known: str | None, digest: str) -> str:
    if known is None:
        return "worked out now; the sweep left no hash to check them by"
    if known == digest:
        return "the same tables as those of the sweep, by their hash"
    return (
        "worked out now, and not the tables of the sweep: their hash is another (tables of its own, another "
        "version, or files that changed)"
    )
