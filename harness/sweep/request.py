"""What one asks a sweep for, and its check: from names and options to a plan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

from harness.engines.density_records import density_records
from harness.engines.identity import digest_of_own_files
from harness.engines.layer_job import LayerRequest
from harness.engines.version import program_version
from harness.errors import Location, SpecError, unknown_name
from harness.estimation import EstimationOptions
from harness.fusion import FusionOptions
from harness.search.objective import GOALS
from harness.search.settings_words import settings_in_full
from harness.spec.profiles import DEFAULT_PROFILE, load_profile
from harness.spec.settings import Metric, SearchSettings
from harness.spec.shipped import shipped_file
from harness.spec.templates import ArchitectureTemplate, load_architecture_template
from harness.sweep.outcome import Densities, Occurrence
from harness.sweep.plan import PlannedWorkload, SweepPlan, planned_layers
from harness.sweep.points import ConfigurationSpace, configuration_space, read_configurations
from harness.sweep.study import Settings, Study, SweepEngine
from harness.sweep.workload import ALL, LayerShare, Workload, choose_layers
from harness.workloads import DEFAULT_MODEL, Model, load_model

_COMMAND_LINE = Location("command line")
DEFAULT_ARCHITECTURE = "gemmini"
LARGEST_INDEX = 10**15
"""Far below what the store can number, far above what anybody can map."""


@dataclass(frozen=True)
class SweepRequest:
    """Which layers on which hardware, and how to search. None means: not given.

    ``layers`` are names, or "all"; the last one may be a fusion level. ``configurations`` is a file, or
    entries as they stand in one; without it a single architecture takes the shipped file, several take
    their default configuration each. ``objective`` are goals in lexicographic order. ``time_limit`` ends the
    search of a layer after so many seconds, instead of the profile's.
    """

    layers: tuple[str, ...] = ("all",)
    architectures: tuple[str, ...] = ()
    configurations: Path | Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    rules: tuple[str, ...] = ()
    mixup: bool = False
    models: tuple[str, ...] = (DEFAULT_MODEL,)
    sequence: int | None = None
    ignore_heads: bool = False
    fusion_options: FusionOptions = field(default_factory=FusionOptions)
    profile: str = DEFAULT_PROFILE
    objective: tuple[str, ...] | None = None
    victory_condition: int | None = None
    imperfect_factors: bool = False
    threads: int | None = None
    estimation: EstimationOptions = field(default_factory=EstimationOptions)
    first_index: int = 0
    command: str = ""
    engine: SweepEngine = "embedded"
    time_limit: float | None = None


def plan_sweep(request: SweepRequest) -> SweepPlan:
    """Checks every name, key and value. Raises HarnessError, with all mistakes of a file at once."""
    _check(request)
    if request.engine != "embedded":
        from harness.engines.timeloop import require_installation  # noqa: PLC0415

        require_installation()
    names = request.architectures or _architectures_meant(request)
    templates = {}
    for name in names:
        if name.lower() == ALL:
            hint = "put the layers before --arch"
            raise SpecError(f"'{name}' after --arch is no architecture", _COMMAND_LINE, hint)
        template = load_architecture_template(name)
        if template.name in templates:
            raise SpecError(f"the architecture {template.name} is named twice", _COMMAND_LINE)
        templates[template.name] = template
    models = [_model(name, request) for name in request.models]
    if len({model.name for model in models}) < len(models):
        raise SpecError("a model is named twice", _COMMAND_LINE)
    settings = _settings(request)
    space = _space(request, names)
    chosen: dict[tuple[int, str], tuple[Workload, list[LayerRequest]]] = {}
    for number, model in enumerate(models):
        for name, template in zip(names, templates.values(), strict=True):
            workload = _workload(request, model, template)
            chosen[number, template.name] = (workload, _requests(request, name, workload, settings))
    own_files = [
        digest_of_own_files(
            [r for (of, _), (_, requests) in chosen.items() if of == number for r in requests],
            request.estimation.table_folders,
        )
        for number in range(len(models))
    ]
    workloads = {
        which: PlannedWorkload(
            workload, _study(request, workload, settings, own_files[which[0]]), planned_layers(requests)
        )
        for which, (workload, requests) in chosen.items()
    }
    plan = SweepPlan(space, tuple(templates), len(models), workloads, request.first_index)
    if plan.count == 0:
        skipped = space.skipped_by_rules(plan.architectures)
        reason = f"the rules exclude all {skipped} points" if skipped else None
        raise SpecError("there is no configuration to map", hint=reason)
    return plan


def _check(request: SweepRequest) -> None:
    """What the command line cannot give, but a notebook can."""
    if not request.layers or not request.models:
        raise SpecError("say what to map: all, or the names of layers, of at least one model")
    names = (*request.layers, *request.architectures, *request.models, *request.rules)
    for name in (*names, *(request.objective or ())):
        if not isinstance(name, str):
            raise SpecError(f"layers, architectures, models, rules and goals are texts, not {name!r}")
    if not isinstance(request.first_index, int) or not 0 <= request.first_index <= LARGEST_INDEX:
        raise SpecError(f"the first index must be 0 to {LARGEST_INDEX:,}, not {request.first_index!r}")
    for goal in request.objective or ():
        if goal not in GOALS:
            raise unknown_name("goal", goal, GOALS)
    if request.engine not in get_args(SweepEngine):
        raise unknown_name("engine", str(request.engine), get_args(SweepEngine))
    limit = request.time_limit
    if limit is not None and not 0 < limit < math.inf:
        raise SpecError(f"the time limit must be above 0, not {limit}")
    request.estimation.check()


def _model(name: str, request: SweepRequest) -> Model:
    overrides: dict[str, int | str] = {}
    if request.sequence is not None:
        overrides["sequence_length"] = request.sequence
    return load_model(name, overrides)


def _settings(request: SweepRequest) -> SearchSettings:
    changes: dict[str, Any] = {
        "victory_condition": request.victory_condition,
        "threads": request.threads,
        "metrics": cast("tuple[Metric, ...] | None", request.objective),
        "template": "ruby" if request.imperfect_factors else None,
        "time_limit": request.time_limit,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(load_profile(request.profile), **given)


def _architectures_meant(request: SweepRequest) -> tuple[str, ...]:
    """Of configurations that are all of other architectures than the default one, nobody means that one."""
    if request.configurations is not None:
        found = _space(replace(request, rules=()), (DEFAULT_ARCHITECTURE,), also=()).architectures
        if found and DEFAULT_ARCHITECTURE not in found:
            return found
    return (DEFAULT_ARCHITECTURE,)


def _space(
    request: SweepRequest, names: Sequence[str], also: Sequence[str] | None = None
) -> ConfigurationSpace:
    """``also``: architectures that have a configuration of defaults where there is no other, ``names``
    unless given.
    """
    also = names if also is None else also
    given = request.configurations
    several = len(names) > 1
    if given is None and several and not request.mixup:
        given = [{"arch": name} for name in names]
    if given is None or isinstance(given, (str, Path)):
        file = shipped_file("hw_configs.json") if given is None else Path(given)
        return read_configurations(file, names[0], request.rules, request.mixup, also=also)
    return configuration_space(given, names[0], request.rules, request.mixup, also=also)


def _workload(request: SweepRequest, model: Model, template: ArchitectureTemplate) -> Workload:
    workload = choose_layers(
        request.layers, model, template.fusion_levels, request.fusion_options, request.ignore_heads
    )
    for share in workload.shares:
        if request.sequence is not None and share.layer.model != model.name:
            raise SpecError(
                f"{share.layer.name} has sizes of its own, --seq does not change them", _COMMAND_LINE
            )
    return workload


def _study(request: SweepRequest, workload: Workload, settings: SearchSettings, own_files: str) -> Study:
    options = request.fusion_options
    fusion = None
    if workload.fusion_level is not None:
        switches = (
            (options.no_e_fusion, "-nef"),
            (options.l_fusion, "-lf"),
            (options.pay_writeback_in_matmul, "-pwim"),
        )
        fusion = " ".join([workload.fusion_level, *(word for given, word in switches if given)])
    mapper = _search_in_words(request, settings)
    mapper += request.estimation.words()
    version = program_version()
    if own_files:
        version += f" with own files {own_files}"
    if request.engine != "embedded":
        from harness.engines.timeloop import installed_identity  # noqa: PLC0415

        version += f", {installed_identity()}"
    return Study(
        Settings(workload.model, fusion, mapper, version, request.engine),
        tuple(map(occurrence, workload.shares)),
        _blocks(workload.shares),
        estimation=request.estimation,
    )


def _search_in_words(request: SweepRequest, settings: SearchSettings) -> str:
    """Of the search that will run: the real mapper has other algorithms than this package."""
    if request.engine != "timeloop":
        return settings_in_full(settings)
    from harness.engines.timeloop.settings import translated  # noqa: PLC0415

    return f"timeloop-mapper, {settings_in_full(translated(settings)[0])}"


def occurrence(share: LayerShare) -> Occurrence:
    return Occurrence(
        layer=share.layer.name,
        times=share.times,
        times_reason=share.reason,
        fused=share.fusion is not None,
        macs=share.layer.problem.macs,
        model=share.layer.model,
        repeat=share.layer.repeat,
        operator=share.layer.operator,
        densities=_without_files(density_records(share.layer.problem)),
    )


def _without_files(densities: Densities) -> Densities:
    return {
        name: {key: value for key, value in density.items() if key != "file"}
        for name, density in densities.items()
    }


def _blocks(shares: Sequence[LayerShare]) -> int | None:
    """How many blocks the model has, if every layer occurs once for each of them."""
    counts = {share.layer.repeat_per("block") for share in shares}
    if len(counts) == 1 and all(any(r.per == "block" for r in share.layer.repeats) for share in shares):
        (count,) = counts
        return count
    return None


def _requests(
    request: SweepRequest, architecture: str, workload: Workload, settings: SearchSettings
) -> list[LayerRequest]:
    return [
        LayerRequest(
            architecture=architecture,
            layer=share.layer,
            settings=settings,
            fusion=share.fusion,
            command=request.command,
            estimation=request.estimation,
            engine="timeloop" if request.engine == "timeloop" else "embedded",
            check=request.engine == "both",
        )
        for share in workload.shares
    ]
