"""From the command line of ``harness energy`` to the tables that it is about."""

from __future__ import annotations

from pathlib import Path

from harness.cli.energy_arguments import EnergyArguments
from harness.cli.jinja_values import jinja_values
from harness.engines.energy_tables import EnergyTables, energy_tables
from harness.engines.job import Job
from harness.engines.layer_job import LayerRequest, layer_job
from harness.errors import HarnessError, Location, SpecError
from harness.spec.flattened import write_problem
from harness.spec.loading import expand_files, load_tree, read_specification, to_flattened
from harness.spec.settings import SearchSettings
from harness.spec.specification import Specification
from harness.spec.templates import ArchitectureTemplate, load_architecture_template
from harness.spec.v4.keys import is_empty
from harness.workloads import Layer, find_layer, load_model

_COMMAND_LINE = Location("command line")


def planned_tables(arguments: EnergyArguments) -> EnergyTables:
    """Raises HarnessError for what cannot be read or estimated."""
    return energy_tables(_from_files(arguments) if arguments.spec else _from_template(arguments))


def _from_template(arguments: EnergyArguments) -> Job:
    assert arguments.architecture is not None
    template = load_architecture_template(arguments.architecture)
    request = LayerRequest(
        architecture=arguments.architecture,
        layer=_layer(arguments, template),
        settings=SearchSettings(),
        parameters=arguments.parameters,
        estimation=arguments.estimation.options(),
    )
    return layer_job(request).job


def _layer(arguments: EnergyArguments, template: ArchitectureTemplate) -> Layer:
    """The layer that was named, or the first of the model with an operator that the architecture runs."""
    model = load_model(arguments.model) if arguments.model is not None else load_model()
    if arguments.layer is not None:
        return find_layer(arguments.layer, model)
    runs = ("norm",) if arguments.norm else template.all_operators
    for operator in ("matmul", "norm", "conv"):
        for layer in model.layers:
            if layer.operator == operator and operator in runs:
                return layer
    raise SpecError(
        f"no layer of {model.name} is a {' or '.join(runs)} operator", _COMMAND_LINE, "name one: --layer NAME"
    )


def _from_files(arguments: EnergyArguments) -> Job:
    specification = _specification(arguments)
    if specification.architecture.ert is not None:
        for option in arguments.estimation.given():
            raise SpecError(f"{option}: the files have an ERT, so nothing is estimated", _COMMAND_LINE)
    return Job(
        specification=specification,
        architecture=Path(arguments.spec[0]).name.split(".")[0],
        layer=specification.problem.name,
        estimation=arguments.estimation.options(),
    )


def _specification(arguments: EnergyArguments) -> Specification:
    """Energies do not depend on the problem; where the files have none, a matrix product stands in."""
    paths = expand_files(list(arguments.spec))
    tree = load_tree(paths, jinja_values(arguments.jinja))
    stands_in = is_empty(tree.get("problem"))
    if stands_in:
        tree["problem"] = write_problem(load_model().layers[0].problem)
    try:
        return read_specification(to_flattened(tree), tuple(map(str, paths)))
    except HarnessError as error:
        if not stands_in:
            raise
        hint = error.hint or "if it names dimensions or tensors of your problem, give that file too"
        raise type(error)(error.message, error.location, hint) from None
