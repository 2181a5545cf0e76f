"""What a sweep will do, point by point: checked whole before anything runs, made lazily while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from harness.engines.identity import RequestIdentity
from harness.engines.layer_job import LayerRequest, layer_job
from harness.errors import HarnessError
from harness.sweep.points import Configuration, ConfigurationSpace
from harness.sweep.study import Study
from harness.sweep.workload import Workload


@dataclass(frozen=True)
class PlannedLayer:
    """``request`` without the parameters of a point; ``refusal`` says why no configuration can map it."""

    request: LayerRequest
    refusal: str | None = None

    @cached_property
    def identity(self) -> RequestIdentity:
        return RequestIdentity(self.request)


@dataclass(frozen=True)
class PlannedWorkload:
    """The layers of one model on one architecture."""

    workload: Workload
    study: Study
    layers: tuple[PlannedLayer, ...]


@dataclass(frozen=True)
class JobKey:
    """What a job is known by; ``refusal`` says why there can be none."""

    text: str
    refusal: str | None = None


@dataclass(frozen=True)
class PlannedPoint:
    index: int
    configuration: Configuration
    planned: PlannedWorkload

    def key(self, position: int) -> JobKey:
        """A refused layer has a key of its own: whatever its reason, no other point may share it."""
        layer = self.planned.layers[position]
        refusal = self.configuration.refusal or layer.refusal
        if refusal is None:
            try:
                return JobKey(layer.identity.key(self.configuration.parameters))
            except HarnessError as error:
                refusal = _told(error)
        return JobKey(f"refused:{self.index}:{position}:{refusal}", refusal)

    def request(self, position: int) -> LayerRequest:
        request = self.planned.layers[position].request
        return replace(request, parameters=dict(self.configuration.given))


@dataclass(frozen=True)
class SweepPlan:
    """Every model on every configuration: the first model's points first, then the second's.

    ``workloads`` are by (number of the model, architecture). The index of a point is ``first_index`` plus
    its position in the file of configurations; each further model begins where the one before ended.
    ``only`` restricts the points to some indices.
    """

    space: ConfigurationSpace
    architectures: tuple[str, ...]
    models: int
    workloads: dict[tuple[int, str], PlannedWorkload]
    first_index: int = 0
    only: frozenset[int] | None = None

    @cached_property
    def configurations(self) -> int:
        """How many there are of the chosen architectures."""
        return self.space.count(self.architectures)

    @property
    def count(self) -> int:
        """How many points there are."""
        if self.only is not None:
            return len(self.only)
        return self.models * self.configurations

    def points(self) -> Iterator[PlannedPoint]:
        for number in range(self.models):
            begin = self.first_index + number * self.space.span
            for configuration in self.space.points(self.architectures):
                index = begin + configuration.position
                if self.only is None or index in self.only:
                    planned = self.workloads[number, configuration.architecture]
                    yield PlannedPoint(index, configuration, planned)

    @property
    def last_index(self) -> int:
        """No point has a greater index."""
        return self.first_index + self.models * self.space.span - 1

    @property
    def layers(self) -> int:
        """Layers of all points together, before any is found to be the same as another."""
        return sum(
            len(self.workloads[number, name].layers) * self.space.count([name])
            for number in range(self.models)
            for name in self.architectures
        )


def planned_layers(requests: Sequence[LayerRequest]) -> tuple[PlannedLayer, ...]:
    """A layer whose operator the architecture does not run is refused, and the others go on."""
    planned = []
    for request in requests:
        layer = PlannedLayer(request)
        try:
            layer.identity  # noqa: B018 - made now, to learn of a refusal
        except HarnessError as error:
            layer = PlannedLayer(request, _told(error))
        planned.append(layer)
    return tuple(planned)


def needed_kernels(plan: SweepPlan) -> list[bool]:
    """The kinds of problems, with and without sliding windows, of which mappings will be proven.

    Of hardware with sparse optimisations none are; its first configuration stands for all. (Should others
    differ, the first job with something to prove compiles what it needs.)
    """
    kinds: set[bool] = set()
    for (_, architecture), planned in plan.workloads.items():
        for layer in planned.layers:
            request = layer.request
            kind = request.layer.problem.has_sliding_windows
            proves = request.settings.algorithm == "optimal" and request.engine == "embedded"
            if proves and kind not in kinds and not _is_sparse(request, plan.space, architecture):
                kinds.add(kind)
    return sorted(kinds)


def _is_sparse(request: LayerRequest, space: ConfigurationSpace, architecture: str) -> bool:
    """Of what cannot be rendered nothing is known: no."""
    first = next(iter(space.points((architecture,))), None)
    if first is None:
        return False
    try:
        job = layer_job(replace(request, parameters=dict(first.given))).job
    except HarnessError:
        return False
    return job.specification.architecture.sparse is not None


def _told(error: HarnessError) -> str:
    return " ".join(str(error).removeprefix("command line: ").split())
