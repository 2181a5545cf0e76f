"""One job of a sweep: what a worker process is given, does, and gives back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from harness.engines.job import Job
from harness.engines.layer_job import LayerRequest
from harness.engines.result import Result
from harness.errors import HarnessError, Unavailable
from harness.spec.architecture import Architecture
from harness.sweep.outcome import NO_FIGURES, OutcomeStatus, has_figures

_OWN_FILES = "the template or the tables"
_OTHERS = "differ from those that the sweep began with"

TextsOf = Callable[[Result], Mapping[str, str]]
"""The files of a result as name and text; importable by name, for it runs in the worker."""


@dataclass(frozen=True)
class SweepJob:
    """``key`` is the hash of everything in ``request`` that a figure depends on.

    With ``texts_of`` the files come back as well.
    """

    key: str
    request: LayerRequest
    texts_of: TextsOf | None = None


@dataclass(frozen=True)
class LevelLimits:
    """What bounds a storage level: bandwidths in words per cycle and instance (None: no limit), bits of a
    word, and the bandwidth that reads and writes share. Results lack it, rooflines need it.
    """

    name: str
    read_bandwidth: float | None
    write_bandwidth: float | None
    word_bits: int
    shared_bandwidth: float | None = None


@dataclass(frozen=True)
class JobResult:
    """``result`` is None when the job ended before there was one; it never carries its evaluation.

    ``seconds`` is the whole job's time in its process, ``notes`` are reservations about the figures.
    """

    key: str
    status: OutcomeStatus
    reason: str | None = None
    result: Result | None = None
    limits: tuple[LevelLimits, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    texts: Mapping[str, str] = field(default_factory=dict)


def prepare_worker() -> None:
    """Imports and loads what jobs need while there is no job yet: it is not their time."""
    from harness.engines import embedded, layer_job  # noqa: F401, PLC0415
    from harness.engines.version import program_version  # noqa: PLC0415
    from harness.search.optimal.warm import load  # noqa: PLC0415
    from harness.search.ready import is_ready  # noqa: PLC0415

    if is_ready(False, program_version()):
        load()


def run_job(job: SweepJob) -> JobResult:
    """Never raises for what is wrong with the job itself: that is a result with its reason. Unavailable where
    a program is missing or another one by now, which says nothing of the job.
    """
    began = time.perf_counter()
    try:
        done = _run(job)
    except Unavailable:
        raise
    except HarnessError as error:
        done = without_result(job, "refused", str(error).removeprefix("command line: "))
    except TimeoutError:
        raise
    except Exception as error:
        done = without_result(job, "crashed", f"this is a bug: {type(error).__name__}: {error}")
    return replace(done, seconds=time.perf_counter() - began)


def without_result(job: SweepJob, status: OutcomeStatus, reason: str) -> JobResult:
    return JobResult(job.key, status, " ".join(reason.split()))


def _as_searched(result: Result) -> Result:
    """A sweep gives a mapping only to have the files of an earlier search again: the same files."""
    evaluation = result.evaluation
    if evaluation is None:
        files = {
            name.replace("timeloop-model.", "timeloop-mapper.", 1): text
            for name, text in result.files.items()
        }
        return replace(result, files=files)
    tree = {name: entry for name, entry in evaluation.tree.items() if name != "mapping"}
    return replace(result, evaluation=replace(evaluation, tree=tree))


def _refuse_other_files(job: SweepJob) -> None:
    """A worker may run on another machine, where files of the user's own may differ or be missing."""
    from harness.engines.identity import RequestIdentity, depends_on_own_files  # noqa: PLC0415
    from harness.spec.templates import load_architecture_template  # noqa: PLC0415

    request = job.request
    # What is only evaluated again for its files is known by another key.
    if request.mapping is not None or not job.key:
        return
    if depends_on_own_files(request) or request.needs_timeloop:
        parameters = load_architecture_template(request.architecture).resolve(request.parameters)
        if RequestIdentity(request).key(parameters) != job.key:
            if request.needs_timeloop:
                raise Unavailable(f"this program, its files or the real Timeloop {_OTHERS}")
            raise HarnessError(f"{_OWN_FILES} {_OTHERS}")


def _run(job: SweepJob) -> JobResult:
    from harness.engines import embedded  # noqa: PLC0415 - heavy rooms, needed only where jobs run
    from harness.engines.by_name import engine_named  # noqa: PLC0415
    from harness.engines.layer_job import layer_job  # noqa: PLC0415
    from harness.sweep.check import checked  # noqa: PLC0415

    request = job.request
    _refuse_other_files(job)
    made = layer_job(request)
    if made.refusal is not None:
        result = embedded.without_mapping(made.job, "no_mapping", made.refusal)
    else:
        result = engine_named(request.engine)(made.job, None, None)
    if request.check and request.mapping is None:
        result = checked(made.job, result)
    notes: tuple[str, ...] = ()
    limits: tuple[LevelLimits, ...] = ()
    if result.status == "ok":
        notes = _notes(request, made.job, result)
        limits = _limits(made.job.specification.architecture)
    status: OutcomeStatus = result.status
    reason = result.reason
    if status == "ok" and not has_figures(result):
        status, reason = "failed", NO_FIGURES
    texts = job.texts_of(_as_searched(result)) if job.texts_of is not None else {}
    bare = replace(result, evaluation=None, files={}, notes=())
    return JobResult(job.key, status, reason, bare, limits, notes, texts=texts)


def _notes(request: LayerRequest, job: Job, result: Result) -> tuple[str, ...]:
    """Those of the engine, and what a fusion leaves out of the figures."""
    from harness.fusion import broken_columns  # noqa: PLC0415 - needed only where jobs run
    from harness.spec.flattened import read_mapping  # noqa: PLC0415

    evaluation = result.evaluation
    notes = result.notes if evaluation is None else evaluation.notes
    if request.fusion is None or not result.mapping:
        return notes
    architecture = job.specification.architecture
    mapping = (
        read_mapping({"mapping": list(result.mapping)}, architecture, job.specification.problem)
        if evaluation is None
        else evaluation.mapping
    )
    broken = broken_columns(mapping, architecture, request.layer, request.fusion)
    return notes if broken is None else (*notes, f"the energy lacks traffic of the fused tensor: {broken}")


def _limits(architecture: Architecture) -> tuple[LevelLimits, ...]:
    return tuple(
        LevelLimits(
            level.name, level.read_bandwidth, level.write_bandwidth, level.word_bits, level.shared_bandwidth
        )
        for level in architecture.storage
    )
