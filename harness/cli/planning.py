"""From the command line to jobs: which layer, which architecture, which constraints and settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from harness.cli.arguments import DEFAULT_PROFILE, Arguments, EngineChoice
from harness.cli.jinja_values import jinja_values
from harness.engines.job import Job
from harness.engines.layer_job import LayerRequest, layer_job, with_mapping
from harness.engines.processed_input import processed_tree
from harness.errors import HarnessError, Location, SpecError
from harness.fusion import Fusion, FusionOptions, names_a_pair, parse_pair, plan_fusion
from harness.report.screen import ELEMENT_VISITS, MACS, Heading
from harness.search.mappers import FALLBACK, PROPOSING, PROVING
from harness.search.settings_words import settings_summary
from harness.spec.loading import load_with_source
from harness.spec.located import LocatedDict, where
from harness.spec.profiles import load_profile
from harness.spec.settings import Metric, SearchSettings
from harness.spec.specification import Specification
from harness.spec.templates import ArchitectureTemplate, load_architecture_template
from harness.workloads import Layer, Model, find_layer, gemm_layer, layer_with_densities, load_model

_COMMAND_LINE = Location("command line")
_DENSITY = Location("--density")

MOST_THREADS = 4096
"""Each search thread takes its share of the map space, whatever the number of cores; more only cost."""


@dataclass(frozen=True)
class Planned:
    """A job and what the screen says about it before it runs.

    ``refusal`` says why there can be no mapping, when that is known before any search.
    """

    job: Job
    heading: Heading
    refusal: str | None = None
    layer: Layer | None = None


@dataclass(frozen=True)
class Plan:
    """``fusion`` is None unless a fusion level was given; two jobs are the sides of its pair."""

    jobs: tuple[Planned, ...]
    fusion: Fusion | None = None


def plan(arguments: Arguments) -> Plan:
    """One job, or two for a pair of layers. Raises HarnessError for what does not fit together."""
    if arguments.spec:
        return Plan((_from_files(arguments),))
    template = load_architecture_template(arguments.architecture)
    if arguments.gemm is not None:
        return Plan((_from_layer(arguments, template, _filled(arguments, gemm_layer(arguments.gemm)), None),))
    assert arguments.layer is not None
    model = load_model(arguments.model, _overrides(arguments))
    fusion = _fusion(arguments, template, model)
    if names_a_pair(arguments.layer):
        pair = parse_pair(arguments.layer, model)
        _check_pair(arguments, template)
        sides = (pair.producer, pair.consumer)
        return Plan(tuple(_from_layer(arguments, template, side, fusion) for side in sides), fusion)
    layer = find_layer(arguments.layer, model)
    if arguments.sweeps is not None and not layer.name.lower().startswith("softmax"):
        raise SpecError(f"--sweeps is of softmax, it does not change {layer.name}", _COMMAND_LINE)
    if layer.operator == "conv" and not arguments.convolutions:
        raise SpecError(f"{layer.name} is a convolution", _COMMAND_LINE, "allow convolutions with -c")
    if arguments.sequence is not None and layer.model != model.name:
        raise SpecError(f"{layer.name} has sizes of its own, --seq does not change them", _COMMAND_LINE)
    return Plan((_from_layer(arguments, template, _filled(arguments, layer), fusion),), fusion)


def _filled(arguments: Arguments, layer: Layer) -> Layer:
    """The layer with the densities of the command line."""
    return layer_with_densities(layer, arguments.densities, _DENSITY) if arguments.densities else layer


def _overrides(arguments: Arguments) -> dict[str, int | str]:
    overrides: dict[str, int | str] = {}
    if arguments.sequence is not None:
        overrides["sequence_length"] = arguments.sequence
    if arguments.sweeps is not None:
        overrides["softmax_sweeps"] = arguments.sweeps
    return overrides


def _fusion(arguments: Arguments, template: ArchitectureTemplate, model: Model) -> Fusion | None:
    if arguments.densities and (arguments.fusion_level is not None or names_a_pair(arguments.layer or "")):
        hint = "give the model's file a 'density'"
        raise SpecError("the tensors of fused layers share their names", _DENSITY, hint)
    options = FusionOptions(arguments.no_e_fusion, arguments.l_fusion, arguments.pay_writeback_in_matmul)
    if arguments.fusion_level is None:
        if options != FusionOptions():
            raise SpecError("-nef, -lf and -pwim need a fusion level", _COMMAND_LINE)
        return None
    assert arguments.layer is not None
    return plan_fusion(arguments.layer, arguments.fusion_level, template.fusion_levels, model, options)


def _check_pair(arguments: Arguments, template: ArchitectureTemplate) -> None:
    if arguments.fusion_level is None:
        levels = ", ".join(template.fusion_levels) or "none here"
        raise SpecError("a pair needs the level to fuse at", _COMMAND_LINE, f"levels: {levels}")
    if arguments.mapping is not None:
        raise SpecError("--mapping is for one layer, a pair has two mappings", _COMMAND_LINE)


def _from_layer(
    arguments: Arguments, template: ArchitectureTemplate, layer: Layer, fusion: Fusion | None
) -> Planned:
    request = LayerRequest(
        architecture=arguments.architecture,
        layer=layer,
        settings=chosen_settings(arguments, load_profile(arguments.profile or DEFAULT_PROFILE)),
        parameters=arguments.parameters,
        fusion=fusion,
        mapping=_mapping_tree(arguments),
        compat=arguments.compat,
        command=arguments.command,
        estimation=arguments.estimation.options(),
    )
    made = layer_job(request)
    job = made.job
    _check_front(arguments, job.specification)
    values = job.parameters
    changed = {p.name: values[p.name] for p in template.parameters if values[p.name] != p.default}
    runs = template.for_operator(layer.operator).name
    heading = Heading(
        layer=layer.name,
        architecture=template.name,
        problem=layer.problem,
        model=layer.model,
        description=layer.description,
        repeat=layer.repeat,
        repeat_reason=layer.repeat_reason,
        fusion=job.fusion,
        changed=changed,
        architecture_summary=architecture_summary(job.specification),
        search=search_summary(job.specification, arguments.engine),
        variant=runs if runs != template.name else "",
        counts=ELEMENT_VISITS if layer.operator == "norm" else MACS,
    )
    return Planned(job, heading, made.refusal, layer)


def _check_front(arguments: Arguments, specification: Specification) -> None:
    """Before a search whose front nobody could prove."""
    if arguments.pareto and specification.architecture.sparse is not None:
        message = "--pareto: fronts are proven for hardware without sparse optimisations only"
        raise SpecError(message, _COMMAND_LINE)


def _from_files(arguments: Arguments) -> Planned:
    if arguments.parameters:
        raise SpecError(
            "--arch-param sets parameters of shipped templates, not of --spec files", _COMMAND_LINE
        )
    specification, source = load_with_source(list(arguments.spec), jinja_values(arguments.jinja))
    for option in arguments.estimation.given():
        if specification.architecture.ert is not None:
            raise SpecError(f"{option}: the files have an ERT, so nothing is estimated", _COMMAND_LINE)
    settings = specification.settings
    if arguments.profile is not None or not specification.tree.get("mapper"):
        template = settings.template
        settings = load_profile(arguments.profile or DEFAULT_PROFILE)
        if arguments.profile is None:
            settings = replace(settings, template=template)
    specification = replace(specification, settings=chosen_settings(arguments, settings))
    _check_front(arguments, specification)
    specification = with_mapping(specification, _mapping_tree(arguments))
    specification = replace(specification, tree=processed_tree(specification, constraints_changed=False))
    name = Path(arguments.spec[0]).name.split(".")[0]
    layer = specification.problem.name or "problem"
    job = Job(
        specification=specification,
        architecture=name,
        layer=layer,
        compat=arguments.compat,
        command=arguments.command,
        estimation=arguments.estimation.options(),
        source=source,
    )
    heading = Heading(
        layer=layer,
        architecture=name,
        problem=specification.problem,
        architecture_summary=architecture_summary(specification),
        search=search_summary(specification, arguments.engine),
    )
    return Planned(job, heading)


def chosen_settings(arguments: Arguments, settings: SearchSettings) -> SearchSettings:
    """The profile's settings with those of the command line over them."""
    changes: dict[str, Any] = {
        "victory_condition": arguments.victory_condition,
        "threads": arguments.threads,
        "seed": arguments.seed,
        "metrics": cast("tuple[Metric, ...] | None", arguments.metrics),
        "max_cycles": arguments.max_cycles,
        "max_energy_pj": arguments.max_energy_pj,
        "time_limit": arguments.time_limit,
        "template": "ruby" if arguments.imperfect_factors else None,
        "live_status": True if arguments.live else None,
    }
    chosen = replace(settings, **{name: value for name, value in changes.items() if value is not None})
    if chosen.threads > MOST_THREADS:
        raise SpecError(f"{chosen.threads} search threads are more than {MOST_THREADS}", _COMMAND_LINE)
    for wanted, option in ((arguments.certify, "--certify"), (arguments.pareto, "--pareto")):
        if wanted and chosen.algorithm in PROPOSING:
            message = f"{option}: the algorithm {chosen.algorithm} proves nothing"
            raise SpecError(message, _COMMAND_LINE, "use --mapper optimal")
    return chosen


def _mapping_tree(arguments: Arguments) -> LocatedDict | None:
    """The file of --mapping, read."""
    if arguments.mapping is None:
        return None
    from harness.spec.yaml_loader import load_yaml_file  # noqa: PLC0415

    tree = load_yaml_file(arguments.mapping, jinja_values(arguments.jinja))
    if not isinstance(tree.get("mapping"), list):
        place = where(tree, "mapping") or Location(arguments.mapping, 1)
        raise SpecError("the mapping must be a list of directives", place)
    return tree


def architecture_summary(specification: Specification) -> str:
    """The levels in one line, from the outermost to the arithmetic; dummy levels are left out."""
    architecture = specification.architecture
    levels = [
        f"{level.name}{_times(level.instances)}"
        for level in reversed(architecture.storage)
        if not level.name.startswith("inter_")
    ]
    return " > ".join([*levels, f"{architecture.arithmetic.name}{_times(architecture.arithmetic.instances)}"])


def _times(instances: int) -> str:
    return f" x{instances}" if instances > 1 else ""


def _unproven(specification: Specification) -> str:
    """The algorithm that runs where proofs do not cover the hardware."""
    from harness.mapspace import MapSpace  # noqa: PLC0415 - most runs prove
    from harness.search.optimal_mapper import unproven_algorithm  # noqa: PLC0415

    s = specification
    try:
        space = MapSpace(s.architecture, s.problem, s.constraints, s.settings.template)
    except HarnessError:
        return FALLBACK  # the search says what is wrong
    return unproven_algorithm(space)


def search_summary(specification: Specification, engine: EngineChoice = "embedded") -> str:
    """What will be done to find a mapping, in one line."""
    if specification.mapping is not None:
        return "none, the mapping is given"
    ours = specification.settings
    if specification.architecture.sparse is not None and ours.algorithm == PROVING:
        ours = replace(ours, algorithm=_unproven(specification))  # nothing can be proven there
    if engine == "embedded":
        return settings_summary(ours)
    from harness.engines.timeloop.settings import translated  # noqa: PLC0415 - most runs are embedded ones

    settings, _ = translated(specification.settings)
    theirs = f"timeloop-mapper, {settings_summary(settings)}, at most {settings.time_limit:g} s"
    return theirs if engine == "timeloop" else f"{settings_summary(ours)}; then {theirs}"
