"""The jobs of a sweep: made here, run in worker processes, each giving figures and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.cli.arguments import Arguments
from harness.cli.hwdse_arguments import SweepArguments
from harness.errors import HarnessError
from harness.sweep.configuration import Configuration
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.workload import LayerShare, Workload


@dataclass(frozen=True)
class SharedLayer:
    """A layer that gets the figures of a job: its name, model and repetitions for the record."""

    occurrence: Occurrence
    model: str
    repeat: int


@dataclass(frozen=True)
class SweepJob:
    """One problem on one configuration. The first of ``layers`` is mapped, the others are equal to it."""

    index: int
    arguments: Arguments
    layers: tuple[SharedLayer, ...]


@dataclass(frozen=True)
class FinishedLayer:
    """``files`` are names and texts; none when the job failed before there was a record."""

    index: int
    outcome: LayerOutcome
    files: dict[str, str]


def occurrence(share: LayerShare) -> Occurrence:
    return Occurrence(
        layer=share.layer.name,
        times=share.times,
        times_reason=share.reason,
        fused=share.fusion is not None,
        macs=share.layer.problem.macs,
    )


def sweep_jobs(
    arguments: SweepArguments, configurations: Sequence[Configuration], workload: Workload
) -> Iterator[SweepJob]:
    """Configuration by configuration, so that an interrupted sweep has whole ones."""
    for configuration in configurations:
        for shares in workload.problems:
            layers = tuple(
                SharedLayer(occurrence(share), share.layer.model, share.layer.repeat) for share in shares
            )
            index = arguments.first_index + configuration.position
            yield SweepJob(index, _arguments_of(arguments, configuration, shares[0]), layers)


def mapper_arguments(arguments: SweepArguments) -> Arguments:
    """What one would give ``run.py`` for the search of every job."""
    return Arguments(
        victory_condition=arguments.victory_condition,
        imperfect_factors=arguments.imperfect_factors,
        profile=arguments.profile,
        threads=arguments.threads,
        command=arguments.command,
    )


def _arguments_of(arguments: SweepArguments, configuration: Configuration, share: LayerShare) -> Arguments:
    """What one would give ``run.py`` for one job."""
    fused = share.fusion is not None
    return replace(
        mapper_arguments(arguments),
        layer=share.layer.name,
        fusion_level=share.fusion.level if share.fusion is not None else None,
        architecture=arguments.architecture,
        parameters=dict(configuration.given),
        model=arguments.model,
        sequence=arguments.sequence,
        no_e_fusion=fused and arguments.no_e_fusion,
        l_fusion=fused and arguments.l_fusion,
        pay_writeback_in_matmul=fused and arguments.pay_writeback_in_matmul,
        convolutions=True,
    )


def run_sweep_job(job: SweepJob) -> tuple[FinishedLayer, ...]:
    """Never raises: what goes wrong is a failed outcome with its reason."""
    try:
        return _run(job)
    except HarnessError as error:
        return failed_layers(job, str(error).removeprefix("command line: "))
    except Exception as error:
        return failed_layers(job, f"this is a bug: {type(error).__name__}: {error}")


def failed_layers(job: SweepJob, reason: str) -> tuple[FinishedLayer, ...]:
    one_line = " ".join(reason.split())
    return tuple(
        FinishedLayer(job.index, layer.occurrence.without_figures("failed", one_line), {})
        for layer in job.layers
    )


def _run(job: SweepJob) -> tuple[FinishedLayer, ...]:
    from harness.cli.planning import plan  # noqa: PLC0415 - heavy rooms, needed only where jobs run
    from harness.engines import embedded  # noqa: PLC0415
    from harness.fusion import broken_columns  # noqa: PLC0415
    from harness.report.outputs import output_files  # noqa: PLC0415

    made = plan(job.arguments)
    planned = made.jobs[0]
    if planned.refusal is not None:
        result = embedded.without_mapping(planned.job, "no_mapping", planned.refusal)
    else:
        result = embedded.run(planned.job)
    notes: tuple[str, ...] = ()
    evaluation = result.evaluation
    if evaluation is not None:
        notes = evaluation.notes
        if made.fusion is not None and planned.layer is not None:
            broken = broken_columns(evaluation.mapping, evaluation.architecture, planned.layer, made.fusion)
            if broken is not None:
                notes = (*notes, f"the energy lacks traffic of the fused tensor: {broken}")
    finished = []
    for layer in job.layers:
        own = replace(result, layer=layer.occurrence.layer, model=layer.model, repeat=layer.repeat)
        outcome = layer.occurrence.with_result(own, notes)
        finished.append(FinishedLayer(job.index, outcome, output_files(own)))
    return tuple(finished)
