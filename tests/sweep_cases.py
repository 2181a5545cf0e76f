"""Sweeps of made-up figures in a store of their own, for what shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from harness.engines.result import (
    LevelDataSpace,
    LevelRecord,
    NetworkDataSpace,
    NetworkRecord,
    Provenance,
    Result,
    SearchRecord,
)
from harness.sweep.accuracy import accuracy_of
from harness.sweep.job import JobResult, LevelLimits
from harness.sweep.metrics import metrics_of
from harness.sweep.outcome import NO_FIGURES, LayerOutcome, Occurrence, OutcomeStatus, has_figures
from harness.sweep.results import SweepResults
from harness.sweep.store.connection import FILE_NAME, open_to_read
from harness.sweep.store.reading import StoreReader
from harness.sweep.store.rows import PointRow, given_and_base
from harness.sweep.store.writing import StoreWriter
from harness.sweep.study import Settings, Study

SETTINGS = Settings("bert-large", None, "optimal (uber)", "1.0")
LAYERS = (
    Occurrence("KQV", 24, "24 blocks", False, 4096, "bert-large", 24),
    Occurrence("KTQ", 384, "16 heads x 24 blocks", False, 1024, "bert-large", 384),
)
STUDY = Study(SETTINGS, LAYERS, 24)

MAIN_MEMORY = LevelLimits("DRAM", 4.0, 4.0, 8)
BUFFER = LevelLimits("Buffer", 16.0, 16.0, 8)
UNLIMITED = LevelLimits("DRAM", None, None, 8)


def done(
    key: str,
    cycles: int = 1000,
    energy_pj: float = 3e6,
    *,
    utilization: float = 0.5,
    area_um2: float | None = 2e6,
    bound_by: str = "DRAM.read",
    main_memory: LevelLimits = MAIN_MEMORY,
    notes: tuple[str, ...] = (),
) -> JobResult:
    """A job with a mapping: a tenth of the energy in the MACs, three in the buffer, half in DRAM, the
    rest in a network.
    """

    def level(name: str, part: float, words: int, instances: int = 1) -> LevelRecord:
        spaces = {
            tensor: LevelDataSpace(words, words // 2, 0, 0, words, words // 4, instances, share * energy_pj)
            for tensor, share in (("Weights", part / 2), ("Inputs", part / 4), ("Outputs", part / 8))
        }
        leak = part / 8 * energy_pj
        return LevelRecord(name, cycles, part * energy_pj, leak, 1e6, instances, instances, spaces)

    mac = LevelRecord("MAC", cycles // 2, 0.1 * energy_pj, 0.0, 1e3, 16, 8, {})
    hops = NetworkDataSpace(1, 1, 5.0, 0.0, 0.0, 0.0, 0.1 * energy_pj)
    result = Result(
        status="ok",
        architecture="gemmini",
        layer="",
        search=SearchRecord("optimal", "edp", "optimal", lower_bound=1.0, gap=0.0, seconds=0.25),
        provenance=Provenance("1.0", "sha256:0", None, "2026-01-01T00:00:00+00:00", ""),
        cycles=cycles,
        energy_pj=energy_pj,
        edp_j_cycles=energy_pj * cycles / 1e12,
        utilization=utilization,
        area_um2=area_um2,
        macs=4096,
        bound_by=bound_by,
        levels=(mac, level("Buffer", 0.3, 64), level("DRAM", 0.5, 32)),
        networks=(NetworkRecord("DRAM <==> Buffer", 0.1 * energy_pj, {"Weights": hops}),),
        loop_nest="for D in [0:4)",
    )
    return JobResult(key, "ok", None, result, (BUFFER, main_memory), notes, 0.5)


def failed(key: str, reason: str, status: OutcomeStatus = "no_mapping") -> JobResult:
    return JobResult(key, status, reason)


def mapped(
    occurrence: Occurrence, result: Result, notes: tuple[str, ...], key: str | None = None
) -> LayerOutcome:
    """The figures of ``result``; one without figures that can be summed counts as failed."""
    if result.status != "ok":
        return occurrence.without_figures(result.status, result.reason or "no reason was given", key)
    if not has_figures(result):
        return occurrence.without_figures("failed", NO_FIGURES, key)
    return LayerOutcome(
        **asdict(occurrence),
        status="ok",
        cycles=result.cycles,
        energy_pj=result.energy_pj,
        edp_j_cycles=result.edp_j_cycles,
        utilization=result.utilization,
        area_um2=result.area_um2,
        seconds=result.search.seconds,
        notes=notes,
        bound_by=result.bound_by,
        key=key,
        proof=result.search.status,
        lower_bound=result.search.lower_bound,
        gap=result.search.gap,
        accuracy=accuracy_of(result),
    )


class SweepInStore:
    """Adds points with the results of their layers, and opens what is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = StoreWriter(folder)
        self._writer.begin_run("hwdse_run.py all", "1.0", None)

    def add(
        self,
        index: int,
        results: Sequence[JobResult],
        *,
        study: Study = STUDY,
        architecture: str = "gemmini",
        parameters: Mapping[str, int | float | str | bool | None] | None = None,
    ) -> None:
        """One result for each layer of the study; the key of each is made its own."""
        given, base = given_and_base(parameters or {}, parameters or {})
        keys = [f"{index}-{number}-{job.key}" for number, job in enumerate(results)]
        number = self._writer.study_number(study)
        self._writer.begin_point(PointRow(index, number, architecture, given, base, tuple(keys)))
        outcomes = []
        for key, job, occurrence in zip(keys, results, study.layers, strict=True):
            self._writer.put_result(replace(job, key=key))
            if job.result is not None:
                outcomes.append(mapped(occurrence, job.result, job.notes, key))
            else:
                outcomes.append(occurrence.without_figures(job.status, job.reason or "", key))
        metrics = metrics_of(outcomes)
        seconds = sum(outcome.seconds for outcome in outcomes)
        self._writer.end_point(index, "failed" if metrics is None else "ok", metrics, seconds)

    def results(self) -> SweepResults:
        self._writer.end_run()
        self._writer.close()
        return SweepResults([StoreReader(open_to_read(self._folder / FILE_NAME))])
