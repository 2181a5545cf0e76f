"""The engine of this package: estimate, search or take the given mapping, evaluate, record."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from harness.engines.area import area_beside_levels
from harness.engines.built_in import area_is_given, remarks_on_given
from harness.engines.density_records import density_records
from harness.engines.energy_shares import energy_shares
from harness.engines.estimated import reservations_of, with_energy
from harness.engines.evaluation import Evaluation
from harness.engines.job import Job
from harness.engines.loop_nest import map_text
from harness.engines.progress import Progress
from harness.engines.provenance import objective_words, provenance_of
from harness.engines.record import level_records, network_records
from harness.engines.reservations import idle_densities, no_imperfect_factors, uncounted_computes
from harness.engines.result import Provenance, Result, SearchRecord
from harness.engines.sparse_remarks import sparse_remarks
from harness.errors import EmptyMapSpace, InvalidMapping, SpecError
from harness.model import evaluate
from harness.model.stats import Stats
from harness.search import Progress as SearchProgress
from harness.search import search
from harness.search.mappers import MAPPERS
from harness.spec.architecture import Architecture
from harness.spec.flattened import write_mapping
from harness.spec.mapping import Mapping
from harness.spec.settings import SearchSettings

OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


def run(job: Job, on_progress: OnProgress | None = None, should_stop: ShouldStop | None = None) -> Result:
    """Map and evaluate one job.

    A layer without any mapping is a result of status "no_mapping", a given mapping that the architecture
    refuses one of status "failed", both with the reason. Other errors of the input (unknown component,
    unsupported feature) are raised as HarnessError. ``should_stop`` is asked now and then; when it says
    yes, the best mapping so far is the result.
    """
    specification = job.specification
    problem = specification.problem
    architecture, answers = with_energy(specification, job.estimation)
    provenance = provenance_of(job, architecture)
    try:
        mapping, record, notes, known = _mapping(job, architecture, on_progress, should_stop)
        stats = _finite(known or _evaluated(job, architecture, mapping))
        notes += (
            uncounted_computes(stats)
            + sparse_remarks(architecture, stats)
            + idle_densities(architecture, problem)
            + reservations_of(answers)
            + job.remarks
        )
        charged = {level.name for level in stats.levels if level.energy_pj}
        notes += remarks_on_given(specification.architecture, charged)
    except EmptyMapSpace as error:
        return without_mapping(job, "no_mapping", str(error), provenance=provenance)
    except _NothingFound as nothing:
        return without_mapping(job, "no_mapping", nothing.reason, nothing.record, provenance)
    except InvalidMapping as error:
        return without_mapping(job, "failed", str(error), provenance=provenance)
    evaluation = Evaluation(architecture, problem, mapping, stats, answers, specification.tree, notes)
    shares = energy_shares(evaluation)
    return Result(
        status="ok",
        architecture=job.architecture,
        parameters=dict(job.parameters),
        model=job.model,
        layer=job.layer,
        repeat=job.repeat,
        fusion=job.fusion,
        densities=density_records(problem),
        compat=job.compat,
        cycles=stats.cycles,
        energy_pj=stats.energy_pj,
        edp_j_cycles=stats.edp_j_cycles,
        utilization=stats.utilization,
        area_um2=stats.area_um2 + area_beside_levels(architecture) if area_is_given(architecture) else None,
        macs=stats.macs,
        bound_by=stats.bound_by,
        levels=level_records(stats),
        networks=network_records(stats),
        mapping=tuple(write_mapping(mapping, architecture, problem)),
        loop_nest=map_text(problem, mapping, stats),
        search=record,
        provenance=provenance,
        energy_by_accuracy=shares.by_accuracy,
        energy_uncertainty=shares.uncertainty,
        energy_by_source=shares.by_source,
        evaluation=evaluation,
    )


def _evaluated(job: Job, architecture: Architecture, mapping: Mapping) -> Stats:
    try:
        return evaluate(architecture, job.specification.problem, mapping, compat=job.compat)
    except OverflowError as error:
        raise SpecError(f"a number of the input is beyond what can be counted with: {error}") from error


def _finite(stats: Stats) -> Stats:
    """SpecError for figures that are none: no screen, file or comparison could make sense of them."""
    for what, value in (("energy", stats.energy_pj), ("EDP", stats.edp_j_cycles), ("area", stats.area_um2)):
        if not math.isfinite(value):
            raise SpecError(
                f"the {what} is no finite number but {value:g}",
                hint="an energy, an area or a bandwidth of the input is beyond what a double holds",
            )
    return stats


def without_mapping(
    job: Job,
    status: Literal["no_mapping", "failed"],
    reason: str,
    record: SearchRecord | None = None,
    provenance: Provenance | None = None,
) -> Result:
    """The result of a job that yields no figures, with the reason in words."""
    return Result(
        status=status,
        reason=reason,
        architecture=job.architecture,
        parameters=dict(job.parameters),
        model=job.model,
        layer=job.layer,
        repeat=job.repeat,
        fusion=job.fusion,
        densities=density_records(job.specification.problem),
        compat=job.compat,
        macs=job.specification.problem.macs,
        search=record or _record_of_nothing(job),
        provenance=provenance or provenance_of(job, job.specification.architecture),
    )


class _NothingFound(Exception):
    """The search ended without a valid mapping."""

    def __init__(self, reason: str, record: SearchRecord) -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record


def _mapping(
    job: Job, architecture: Architecture, on_progress: OnProgress | None, should_stop: ShouldStop | None
) -> tuple[Mapping, SearchRecord, tuple[str, ...], Stats | None]:
    """The mapping, how it was found, remarks, and its evaluation where the search has made just that."""
    specification = job.specification
    if specification.mapping is not None:
        return specification.mapping, _given(job), (), None
    relay = None if on_progress is None else _Relay(on_progress, specification.settings)
    found = search(
        architecture,
        specification.problem,
        specification.constraints,
        specification.settings,
        on_progress=relay,
        should_stop=should_stop,
    )
    if relay is not None:
        # The search reports now and then; its end is always worth a report.
        relay(SearchProgress(found.evaluated, found.valid, found.seconds, 0, found.cost))
    record = SearchRecord(
        mapper=found.algorithm,
        objective=objective_words(job),
        status=found.status,
        lower_bound=found.lower_bound,
        gap=found.gap,
        evaluated=found.evaluated,
        valid=found.valid,
        seconds=found.seconds,
        seed=found.seed,
        certificate=found.certificate,
    )
    if found.mapping is None:
        raise _NothingFound(found.reason or "the search ended without a valid mapping", record)
    notes = found.notes
    if specification.settings.template == "ruby":
        notes += no_imperfect_factors(architecture, specification.problem, specification.constraints)
    # This package's mappers evaluate their finds by the reference model; an added one may count otherwise.
    same = job.compat == "timeloop-v4" and specification.settings.algorithm in MAPPERS
    return found.mapping, record, notes, found.stats if same else None


class _Relay:
    """Turns the search's own progress into the engines'. How far it is, nobody can know for a victory
    condition; a search size is a known end.
    """

    def __init__(self, on_progress: OnProgress, settings: SearchSettings) -> None:
        self._on_progress = on_progress
        self._search_size = settings.search_size

    def __call__(self, news: SearchProgress) -> None:
        best = news.best
        self._on_progress(
            Progress(
                evaluated=news.evaluated,
                valid=news.valid,
                seconds=news.seconds,
                fraction=min(1.0, news.valid / self._search_size) if self._search_size > 0 else None,
                best_cycles=None if best is None else best.cycles,
                best_energy_pj=None if best is None else best.energy_pj,
            )
        )


def _given(job: Job) -> SearchRecord:
    return SearchRecord("given", objective_words(job), "best_found", evaluated=1, valid=1)


def _record_of_nothing(job: Job) -> SearchRecord:
    given = job.specification.mapping is not None
    mapper = "given" if given else job.specification.settings.algorithm
    return SearchRecord(mapper, objective_words(job), "no_mapping", seed=job.specification.settings.seed)
