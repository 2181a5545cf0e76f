"""From a layer and the name of an architecture to one job, ready for an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.engines.by_name import EngineName
from harness.engines.job import Job
from harness.engines.processed_input import processed_tree
from harness.errors import EmptyMapSpace
from harness.estimation import EstimationOptions
from harness.fusion import Fusion, fuse
from harness.spec import specification_from_v4_tree
from harness.spec.flattened import read_mapping, write_problem
from harness.spec.settings import SearchSettings
from harness.spec.specification import Specification
from harness.spec.template_parameters import ParameterValue
from harness.spec.templates import load_architecture_template
from harness.workloads import Layer


@dataclass(frozen=True)
class LayerRequest:
    """One layer on one instance of an architecture, before anything is rendered: small, and it pickles.

    ``parameters`` are those given, by name or as values; the others have the template's defaults.
    ``mapping`` is a tree ``{mapping: [directives]}``: evaluate it, do not search. ``engine`` maps and
    evaluates it; with ``check`` the real Timeloop evaluates the mapping that the embedded engine finds too.
    """

    architecture: str
    layer: Layer
    settings: SearchSettings
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    fusion: Fusion | None = None
    mapping: Mapping[str, Any] | None = None
    compat: Literal["timeloop-v4"] | None = "timeloop-v4"
    command: str = ""
    estimation: EstimationOptions = field(default_factory=EstimationOptions)
    engine: EngineName = "embedded"
    check: bool = False

    @property
    def needs_timeloop(self) -> bool:
        """Whether the real Timeloop has to be installed."""
        return self.engine == "timeloop" or self.check


@dataclass(frozen=True)
class LayerJob:
    """``refusal`` says why there can be no mapping, when that is known before any search."""

    job: Job
    refusal: str | None = None


def layer_job(request: LayerRequest) -> LayerJob:
    """Renders the architecture for the layer. Raises HarnessError for what does not fit together."""
    template = load_architecture_template(request.architecture)
    layer = request.layer
    values = template.resolve(request.parameters)
    tree = template.render(request.parameters, layer.problem, layer.operator)
    tree["problem"] = write_problem(layer.problem)
    specification = specification_from_v4_tree(tree)
    # The layer's own problem: reading it back would rename the coefficients.
    specification = replace(specification, problem=layer.problem)
    refusal = None
    if request.fusion is not None:
        try:
            constraints = fuse(specification.constraints, specification.architecture, layer, request.fusion)
            specification = replace(specification, constraints=constraints)
        except EmptyMapSpace as error:
            refusal = f"{error.message} ({error.hint})" if error.hint else error.message
    specification = with_mapping(replace(specification, settings=request.settings), request.mapping)
    flattened = processed_tree(specification, constraints_changed=request.fusion is not None)
    job = Job(
        specification=replace(specification, tree=flattened),
        architecture=template.name,
        layer=layer.name,
        model=layer.model,
        repeat=layer.repeat,
        parameters=values,
        fusion=request.fusion.level if request.fusion is not None else None,
        compat=request.compat,
        command=request.command,
        estimation=request.estimation,
        remarks=template.remarks(request.parameters, layer.operator),
        source=tree,
    )
    return LayerJob(job, refusal)


def with_mapping(specification: Specification, tree: Mapping[str, Any] | None) -> Specification:
    """The specification with the mapping of ``tree``; unchanged without one."""
    if tree is None:
        return specification
    mapping = read_mapping(tree, specification.architecture, specification.problem)
    return replace(specification, mapping=mapping)
