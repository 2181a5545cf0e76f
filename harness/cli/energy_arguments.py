"""The command line of ``harness energy``: options, and their checks that need no file."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.cli.arguments import OneLineParser, add_arch_param, add_jinja, some_text
from harness.cli.estimation_arguments import (
    EstimationArguments,
    add_estimation_options,
    estimation_arguments,
)

if TYPE_CHECKING:
    from harness.spec.template_parameters import ParameterValue

_EXAMPLES = """\
examples:
  harness energy gemmini                              every component and action, and where it comes from
  harness energy gemmini --why Scratchpad.read        how one figure comes about
  harness energy eyeriss --arch-param pe_rows=24 --estimator hwcomponents
  harness energy gemmini --compare other.ERT.yaml     what differs from another table
  harness energy --spec arch.yaml --ert tables/       ERT.yaml and ART.yaml for Timeloop
"""


@dataclass(frozen=True)
class EnergyArguments:
    """What was asked for. ``layer`` None: the first layer of the model that the architecture runs."""

    architecture: str | None = None
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    norm: bool = False
    layer: str | None = None
    model: str | None = None
    spec: tuple[str, ...] = ()
    jinja: Mapping[str, str] = field(default_factory=dict)
    estimation: EstimationArguments = field(default_factory=EstimationArguments)
    why: str | None = None
    compare: tuple[str, ...] = ()
    everything: bool = False
    csv: str | None = None
    json: bool = False
    html: str | None = None
    ert: str | None = None
    debug: bool = False
    command: str = ""


def parse_energy_arguments(argv: Sequence[str], program: str) -> EnergyArguments:
    """Leaves the program (SystemExit 2, one line on stderr) for an unusable command line."""
    parser = _parser(program)
    if not argv:
        parser.error(f"say of what, for example: {program} gemmini")
    parser.refuse_unknown_options(argv)
    given = parser.parse_intermixed_args(list(argv))
    _check(parser, given)
    return EnergyArguments(
        architecture=given.architecture,
        parameters=dict(given.arch_param or ()),
        norm=given.norm,
        layer=given.layer,
        model=given.model,
        spec=tuple(given.spec or ()),
        jinja=dict(given.jinja or ()),
        estimation=estimation_arguments(given),
        why=given.why,
        compare=tuple(given.compare or ()),
        everything=given.all,
        csv=given.csv,
        json=given.json,
        html=given.html,
        ert=given.ert,
        debug=given.debug,
        command=shlex.join([*program.split(), *argv]).encode("utf-8", "backslashreplace").decode("utf-8"),
    )


def _check(parser: OneLineParser, given: argparse.Namespace) -> None:
    if given.architecture is None and given.spec is None:
        parser.error("say of what: an architecture, or --spec FILE...")
    if given.architecture is not None and given.spec is not None:
        parser.error("give only one of: an architecture, --spec")
    of_templates = {
        "--arch-param": given.arch_param, "--norm": given.norm, "--layer": given.layer, "-m": given.model,
    }  # fmt: skip
    if given.spec is not None:
        for name, value in of_templates.items():
            if value:
                parser.error(f"{name} does not go with --spec, the files say what there is")
    elif given.jinja:
        parser.error("--jinja sets variables of --spec files")
    if given.norm and given.layer is not None:
        parser.error("--norm chooses a layer, so it does not go with --layer")
    shown = [name for name, value in (("--why", given.why), ("--compare", given.compare)) if value]
    if len(shown) > 1:
        parser.error("give only one of: --why, --compare")
    if given.compare:
        for name, value in (("--csv", given.csv), ("--html", given.html)):
            if value is not None:
                parser.error(f"{name} has no comparison, --json has")
    if given.all and (given.json or given.why is not None):
        parser.error("--all is for the tables on the screen, --why and --json leave out nothing")
    if given.json and given.why is not None:
        parser.error("--why is text, and --json has every derivation anyway")


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program,
        usage=f"{program} ARCH [options]\n       {program} --spec FILE... [options]",
        description="Energies and areas of an architecture, component by component: who answered, after "
        "whom, from which attributes, scaled by what.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("architecture", nargs="?", metavar="ARCH", help="a name of run.py --list, or a file")
    _add_architecture(parser.add_argument_group("the architecture"))
    add_estimation_options(parser.add_argument_group("who estimates"))
    _add_shown(parser.add_argument_group("what is shown"))
    _add_output(parser.add_argument_group("output"))
    return parser


def _add_architecture(group: argparse._ArgumentGroup) -> None:
    add_arch_param(group)
    group.add_argument(
        "--norm", action="store_true", help="as it is for softmax and layernorm (its norm-op variant)"
    )
    group.add_argument(
        "--layer", type=some_text, metavar="NAME",
        help="as it is for this layer (default: the first of the model that it runs)",
    )  # fmt: skip
    group.add_argument("-m", "--model", type=some_text, help="model of the layer, or a file")
    group.add_argument(
        "--spec", nargs="+", action="extend", type=some_text, metavar="FILE",
        help="Timeloop v4 files instead; a problem need not be among them",
    )  # fmt: skip
    add_jinja(group)


def _add_shown(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--why", type=some_text, metavar="NAME",
        help="how the figures of a component come about, or one of them: DRAM, DRAM.read, MAC.area",
    )  # fmt: skip
    group.add_argument(
        "--compare", nargs="+", action="extend", type=some_text, metavar="FILE",
        help="what differs from the ERT and ART in these files, or in the folder of a run",
    )  # fmt: skip
    group.add_argument(
        "--all", action="store_true", help="every line, also equal ones and those of what is no hardware"
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--csv", type=some_text, metavar="FILE", help="write the table as CSV")
    group.add_argument("--json", action="store_true", help="print everything as JSON, nothing else")
    group.add_argument("--html", type=some_text, metavar="FILE", help="write the table as a page")
    group.add_argument(
        "--ert", type=some_text, metavar="DIR", help="write ERT.yaml and ART.yaml for Timeloop"
    )
    group.add_argument(
        "--debug", action="store_true", help="on an internal error keep the traceback in a file"
    )
