"""One job by the real Timeloop: flatten, run its program, read what it wrote, record."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.engines.area import area_beside_levels
from harness.engines.built_in import area_is_given
from harness.engines.density_records import density_records, require_models_of_timeloop
from harness.engines.embedded import without_mapping
from harness.engines.estimated import reservations_of, with_energy
from harness.engines.job import Job
from harness.engines.progress import Progress
from harness.engines.provenance import objective_words, provenance_of
from harness.engines.result import Provenance, Result, SearchRecord, SearchStatus, TimeloopRun
from harness.engines.timeloop.found_mapping import found_mapping
from harness.engines.timeloop.front_end import flattened
from harness.engines.timeloop.inputs import program_inputs
from harness.engines.timeloop.installation import MAPPER, MODEL, Program, program_named
from harness.engines.timeloop.log import Log
from harness.engines.timeloop.outcome import Outcome, outcome_of
from harness.engines.timeloop.process import Ended, run_program
from harness.engines.timeloop.records import Figures
from harness.engines.timeloop.scratch import OUTPUTS, read_outputs, scratch_folder, write_inputs
from harness.engines.timeloop.settings import translated
from harness.spec.architecture import Architecture
from harness.spec.flattened import write_mapping

OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]

LOG = "timeloop.log"

SHOW_ALL = "TIMELOOP_HIDE_INCONSEQUENTIAL_STATS"
"""Set to 0, levels without any energy are reported too."""

SECONDS_OF_AN_EVALUATION = 600.0
"""One mapping takes the real model well below a second; a sliding window in many dimensions some more."""


def run(job: Job, on_progress: OnProgress | None = None, should_stop: ShouldStop | None = None) -> Result:
    """Map and evaluate one job with ``timeloop-mapper``; ``timeloop-model`` where the mapping is given.

    The result has the figures of the program's own files. Whatever goes wrong with the program is a result
    of status "failed" with the reason, or "no_mapping" where it says so itself; HarnessError is raised where
    it is not installed, or for input that it cannot be given.
    """
    require_models_of_timeloop(job.specification.problem)
    program = program_named(MODEL if job.specification.mapping is not None else MAPPER)
    settings, notes = translated(job.specification.settings)
    if job.specification.mapping is not None:
        settings, notes = replace(settings, time_limit=SECONDS_OF_AN_EVALUATION), ()
    architecture, answers = with_energy(job.specification, job.estimation)
    asked = replace(
        job, specification=replace(job.specification, settings=settings, architecture=architecture)
    )
    flat = flattened(asked, should_stop)
    inputs = program_inputs(asked, flat.tree, architecture, settings, program.name)
    made = _made(asked, program, inputs, on_progress, should_stop)
    outcome = outcome_of(program.name, made.ended, made.log, made.outputs, settings.time_limit)
    seconds = round(made.ended.seconds, 6)
    told = TimeloopRun(
        program=program.name,
        identity=program.identity,
        front_end=flat.front_end,
        ended=outcome.ended,
        exit_code=made.ended.code,
        seconds=seconds,
        precision=outcome.figures.precision if outcome.figures is not None else "full",
    )
    return replace(
        _result(asked, architecture, made, outcome, provenance_of(job, architecture)),
        engine="timeloop",
        timeloop=told,
        files={**inputs, **made.outputs, LOG: made.log.text()},
        notes=(*notes, *flat.notes, *_remarks(outcome.figures), *reservations_of(answers), *job.remarks),
    )


@dataclass(frozen=True)
class _Made:
    ended: Ended
    log: Log
    outputs: Mapping[str, str]


def _made(
    job: Job,
    program: Program,
    inputs: Mapping[str, str],
    on_progress: OnProgress | None,
    should_stop: ShouldStop | None,
) -> _Made:
    """Runs the program in a folder of its own."""
    settings = job.specification.settings
    log = Log(job.specification.problem.macs, settings.metrics[0])

    def report() -> None:
        if on_progress is not None:
            on_progress(log.progress(settings.search_size))

    with scratch_folder() as folder:
        write_inputs(folder, inputs)
        command = [str(program.path), *inputs, "-o", OUTPUTS]
        ended = run_program(
            command,
            folder,
            log,
            environment=environment(),
            limit_seconds=settings.time_limit,
            on_look=report,
            should_stop=should_stop,
        )
        report()
        return _Made(ended, log, read_outputs(folder, program.name))


def environment() -> dict[str, str]:
    """Ours, without the variables that change what Timeloop counts or prints, and with all levels printed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TIMELOOP_")}
    return {**kept, SHOW_ALL: "0", "LC_ALL": "C"}


def _result(
    job: Job, architecture: Architecture, made: _Made, outcome: Outcome, provenance: Provenance
) -> Result:
    """All but what is said of the run itself."""
    figures = outcome.figures
    if figures is None:
        assert outcome.status != "ok"
        record = _search_record(job, made, found=False)
        return without_mapping(job, outcome.status, outcome.reason or "", record, provenance)
    specification = job.specification
    mapping = specification.mapping or found_mapping(specification, architecture, made.outputs, MAPPER)
    return Result(
        status="ok",
        architecture=job.architecture,
        parameters=dict(job.parameters),
        model=job.model,
        layer=job.layer,
        repeat=job.repeat,
        fusion=job.fusion,
        cycles=figures.cycles,
        energy_pj=figures.energy_pj,
        edp_j_cycles=figures.edp_j_cycles,
        utilization=figures.utilization,
        area_um2=_area(architecture, figures),
        macs=specification.problem.macs,
        densities=density_records(specification.problem),
        bound_by=figures.bound_by,
        levels=figures.levels,
        networks=figures.networks,
        mapping=() if mapping is None else tuple(write_mapping(mapping, architecture, specification.problem)),
        loop_nest=figures.loop_nest,
        search=_search_record(job, made, found=True),
        provenance=provenance,
    )


def _search_record(job: Job, made: _Made, found: bool) -> SearchRecord:
    status: SearchStatus = "best_found" if found else "no_mapping"
    if job.specification.mapping is not None:
        return SearchRecord("given", objective_words(job), status, evaluated=1, valid=int(found))
    told = made.log.read()
    return SearchRecord(
        mapper=job.specification.settings.algorithm,
        objective=objective_words(job),
        status=status,
        evaluated=told.tried or 0,
        valid=told.valid or 0,
        seconds=made.ended.seconds,
        at_least=None if told.tried_is_all and not made.ended.killed else True,
    )


def _area(architecture: Architecture, figures: Figures) -> float | None:
    """Of all levels, and of what is beside them as the embedded engine counts it; None if one is not told."""
    areas = [level.area_um2 for level in figures.levels if level.area_um2 is not None]
    if not area_is_given(architecture) or len(areas) < len(figures.levels):
        return None
    return sum(areas) + area_beside_levels(architecture)


def _remarks(figures: Figures | None) -> tuple[str, ...]:
    if figures is None:
        return ()
    untold = ", ".join(level.name for level in figures.levels if level.area_um2 is None)
    remark = f"no area, for that of {untold} is not told: {SHOW_ALL} has not reached the program"
    return (*figures.remarks, *([remark] if untold else []))
