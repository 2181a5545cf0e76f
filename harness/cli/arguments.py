"""The command line of ``run.py``: options, their defaults, and their checks that need no file.

Plain argparse, for ``run.py -h`` has to answer at once. The flags of the prior harness keep their meaning.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NoReturn, get_args

from harness.cli.estimation_arguments import (
    EstimationArguments,
    add_estimation_options,
    estimation_arguments,
)
from harness.errors import SpecError, did_you_mean

if TYPE_CHECKING:
    from harness.spec.template_parameters import ParameterValue

DEFAULT_ARCHITECTURE = "gemmini"
DEFAULT_MODEL = "bert-large"
DEFAULT_PROFILE = "default"

EngineChoice = Literal["embedded", "timeloop", "both"]
"""``timeloop`` is the real Timeloop, where it is installed; ``both`` compares it with this package."""

LARGEST_NUMBER = 2**31 - 1
"""Of sizes and counts. Larger ones name no workload, they would only keep the machine busy."""

_EXAMPLES = """\
examples:
  run.py KQV                                   BERT-large's Q, K, V projection on Gemmini
  run.py KTQ+softmax Accumulator               both operators, fused at the accumulator
  run.py FF1 -a eyeriss -m gpt2-xl --seq 1024
  run.py --gemm 1024,512,2048 --arch-param pe_rows=32
  run.py FF1 --objective delay,energy --max-energy 60mJ
  run.py --spec arch.yaml problem.yaml mapper.yaml
  run.py --spec arch.yaml problem.yaml --mapping map.yaml
  run.py --spec top.yaml.jinja2 --jinja architecture=eyeriss_like
  run.py --list                                what there is to choose from
"""


@dataclass(frozen=True)
class Arguments:
    """What was asked for. None means: not given, so take the default of whatever is chosen."""

    layer: str | None = None
    fusion_level: str | None = None
    architecture: str = DEFAULT_ARCHITECTURE
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    model: str = DEFAULT_MODEL
    sequence: int | None = None
    gemm: str | None = None
    densities: tuple[str, ...] = ()
    sweeps: int | None = None
    live: bool = False
    no_e_fusion: bool = False
    l_fusion: bool = False
    pay_writeback_in_matmul: bool = False
    convolutions: bool = False
    victory_condition: int | None = None
    imperfect_factors: bool = False
    profile: str | None = None
    threads: int | None = None
    seed: int | None = None
    metrics: tuple[str, ...] | None = None
    max_cycles: int | None = None
    max_energy_pj: float | None = None
    certify: bool = False
    pareto: bool = False
    engine: EngineChoice = "embedded"
    time_limit: float | None = None
    mapping: str | None = None
    estimation: EstimationArguments = field(default_factory=EstimationArguments)
    spec: tuple[str, ...] = ()
    jinja: Mapping[str, str] = field(default_factory=dict)
    out: str | None = None
    export_timeloop: str | None = None
    json: bool = False
    list: bool = False
    compat: Literal["timeloop-v4"] | None = "timeloop-v4"
    debug: bool = False
    command: str = ""

    @property
    def first_engine(self) -> Literal["embedded", "timeloop"]:
        """Whose result is written and shown as the result."""
        return "timeloop" if self.engine == "timeloop" else "embedded"


class OneLineParser(argparse.ArgumentParser):
    """Errors in one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
        self.exit(2, f"{self.prog}: error: {line} (all options: -h)\n")

    @property
    def actions(self) -> list[argparse.Action]:
        return self._actions

    def refuse_unknown_options(self, argv: Sequence[str]) -> None:
        """argparse would read ``-out`` as ``-o ut``; only figures may follow a short option at once."""
        known = [name for action in self._actions for name in action.option_strings]
        for word in argv:
            if word == "--":
                return
            name = word.partition("=")[0] if word.startswith("--") else word
            glued = re.fullmatch(r"(-[a-z])[0-9]+", word)
            if not re.match(r"-{1,2}[A-Za-z]", word) or name in known or (glued and glued[1] in known):
                continue
            hint = did_you_mean(f"--{name.lstrip('-')}", known) or ""
            self.error(f"unknown option '{name}'" + (f", {hint}" if hint.startswith("did you") else ""))


def parse_arguments(argv: Sequence[str], program: str = "run.py") -> Arguments:
    """Leaves the program (SystemExit 2, one line on stderr) for an unusable command line."""
    parser = _parser(program)
    if not argv:
        parser.error("say what to map, for example: run.py KQV")
    parser.refuse_unknown_options(argv)
    # intermixed: `run.py KTQ -l Accumulator` is how the prior harness was called
    given = parser.parse_intermixed_args(list(argv))
    if given.list:
        _check_list(parser, given)
    else:
        _check_sources(parser, given)
        _check_fitting_options(parser, given)
    return Arguments(
        layer=given.layer,
        fusion_level=given.fusion_level,
        architecture=DEFAULT_ARCHITECTURE if given.arch is None else given.arch,
        parameters=dict(given.arch_param or ()),
        model=DEFAULT_MODEL if given.model is None else given.model,
        sequence=given.seq,
        gemm=given.gemm,
        densities=tuple(given.density or ()),
        sweeps=given.sweeps,
        live=given.live,
        no_e_fusion=given.no_e_fusion,
        l_fusion=given.l_fusion,
        pay_writeback_in_matmul=given.pay_wb_in_mm,
        convolutions=given.convs,
        victory_condition=given.vict_cond,
        imperfect_factors=given.imperfect_fact,
        profile=given.mapper,
        threads=given.threads,
        seed=given.seed,
        metrics=given.objective,
        max_cycles=given.max_cycles,
        max_energy_pj=given.max_energy,
        certify=given.certify,
        pareto=given.pareto,
        engine=given.engine,
        time_limit=given.time_limit,
        mapping=given.mapping,
        estimation=estimation_arguments(given),
        spec=tuple(given.spec or ()),
        jinja=dict(given.jinja or ()),
        out=given.out,
        export_timeloop=given.export_timeloop,
        json=given.json,
        list=given.list,
        compat=None if given.compat == "none" else given.compat,
        debug=given.debug,
        # Arguments need not be UTF-8, but the command becomes part of files that are.
        command=shlex.join([program, *argv]).encode("utf-8", "backslashreplace").decode("utf-8"),
    )


def _check_list(parser: OneLineParser, given: argparse.Namespace) -> None:
    if given.fusion_level is not None:
        parser.error("--list takes the name of one architecture")
    if given.json:
        parser.error("--list prints tables, it has no JSON form")


def _check_sources(parser: OneLineParser, given: argparse.Namespace) -> None:
    sources = [name for name in ("layer", "gemm", "spec") if getattr(given, name) is not None]
    if not sources:
        parser.error("say what to map: a layer, --gemm D,E,L or --spec FILE...")
    if len(sources) > 1:
        parser.error("give only one of: a layer, --gemm, --spec")


def _check_fitting_options(parser: OneLineParser, given: argparse.Namespace) -> None:
    """Refuses options that would have no effect: nobody should believe that they had one."""
    of_models = {"-m": given.model, "--seq": given.seq, "--sweeps": given.sweeps}
    of_fusion = {"-nef": given.no_e_fusion, "-lf": given.l_fusion, "-pwim": given.pay_wb_in_mm}
    if given.gemm is not None:
        _refuse(parser, {**of_models, **of_fusion}, "does not go with --gemm")
    if given.spec is not None:
        _refuse(
            parser,
            {"-a": given.arch, "--arch-param": given.arch_param, **of_models, **of_fusion, "-c": given.convs},
            "does not go with --spec, the files say what is mapped onto what",
        )
        _refuse(parser, {"--density": given.density}, "does not go with --spec, its problem has 'densities'")
    elif given.jinja:
        parser.error("--jinja sets variables of --spec files")
    if given.layer is not None and given.fusion_level is None:
        _refuse(parser, of_fusion, "needs a fusion level")
    if given.mapping is not None:
        of_search = {
            "--objective": given.objective,
            "--time-limit": given.time_limit,
            "--max-cycles": given.max_cycles,
            "--max-energy": given.max_energy,
            "--certify": given.certify,
            "--pareto": given.pareto,
        }
        _refuse(parser, of_search, "does not go with --mapping, nothing is searched")
    if given.export_timeloop is not None:
        _refuse(
            parser,
            {
                "-o": given.out,
                "--json": given.json,
                "-l": given.live,
                "--engine": given.engine != "embedded",
                "--certify": given.certify,
                "--pareto": given.pareto,
                "--time-limit": given.time_limit,
                "--compat none": given.compat == "none",
            },
            "does not go with --export-timeloop, nothing is run",
        )
    if given.engine != "embedded":
        not_theirs = {
            "--max-cycles": given.max_cycles,
            "--max-energy": given.max_energy,
            "--certify": given.certify,
            "--pareto": given.pareto,
            "--seed": given.seed,
            "--compat none": given.compat == "none",
        }
        _refuse(parser, not_theirs, f"does not go with --engine {given.engine}, the real Timeloop has none")


def _refuse(parser: OneLineParser, options: Mapping[str, object], why: str) -> None:
    for name, value in options.items():
        if value not in (None, False):
            parser.error(f"{name} {why}")


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program,
        usage=(
            f"{program} LAYER [FUSION_LEVEL] [options]\n"
            f"       {program} --gemm D,E,L [options]\n"
            f"       {program} --spec FILE... [options]\n"
            f"       {program} --list [ARCH]"
        ),
        description="Map one layer onto an accelerator, with Timeloop's exact numbers.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "layer", nargs="?", help="layer to map, two joined by + for a fused pair (see --list)"
    )
    parser.add_argument("fusion_level", nargs="?", help="level of the architecture to fuse at")
    _add_choice_of_what(parser)
    _add_fusion(parser)
    _add_search(parser)
    add_estimation_options(parser.add_argument_group("energy and area"))
    _add_output(parser)
    return parser


def _add_choice_of_what(parser: OneLineParser) -> None:
    group = parser.add_argument_group("what is mapped onto what")
    group.add_argument(
        "-a", "--arch", type=some_text, help=f"architecture, or a file (default {DEFAULT_ARCHITECTURE})"
    )
    add_arch_param(group)
    group.add_argument("-m", "--model", type=some_text, help=f"model, or a file (default {DEFAULT_MODEL})")
    group.add_argument(
        "--seq", type=positive_number, metavar="N", help="sequence length instead of the model's"
    )
    group.add_argument("--gemm", metavar="D,E,L", help="a matrix product of your own sizes")
    group.add_argument(
        "--density", action="append", type=some_text, metavar="NAME=SHARE",
        help="how full a tensor is, as in Inputs=0.4 or Weights=hypergeometric:0.3; may be repeated",
    )  # fmt: skip
    group.add_argument("--sweeps", type=int, choices=(2, 3), help="passes of softmax over each column")
    group.add_argument("-c", "--convs", action="store_true", help="allow the names of convolutions")
    group.add_argument(
        "--spec", nargs="+", action="extend", type=some_text, metavar="FILE",
        help="Timeloop v4 files instead of a layer and architecture",
    )  # fmt: skip
    add_jinja(group)
    group.add_argument(
        "--mapping", type=some_text, metavar="FILE", help="evaluate this mapping, do not search"
    )
    group.add_argument(
        "--list", action="store_true", help="show what there is; with a name, that architecture's parameters"
    )


def _add_fusion(parser: OneLineParser) -> None:
    add_fusion_options(parser.add_argument_group("fusion"))


def _add_search(parser: OneLineParser) -> None:
    group = parser.add_argument_group("search")
    group.add_argument(
        "--mapper", type=some_text, metavar="PROFILE",
        help=f"mapper profile, or a file (default {DEFAULT_PROFILE}: the best mapping with its proof)",
    )  # fmt: skip
    group.add_argument(
        "--objective", "--metric", type=objective, metavar="M[,M]",
        help="edp, delay, energy: what is to be least; further ones decide between equals",
    )  # fmt: skip
    group.add_argument(
        "--max-cycles", type=_max_cycles, metavar="N", help="only mappings with at most N cycles"
    )
    group.add_argument(
        "--max-energy", type=_max_energy, metavar="PJ",
        help="only mappings with at most that energy; also with a unit, as in 50mJ",
    )  # fmt: skip
    group.add_argument(
        "--certify", action="store_true",
        help="print the account of the proof, and repeat a small one without pruning",
    )  # fmt: skip
    group.add_argument(
        "--pareto", action="store_true", help="print all mappings that no other beats in energy and delay"
    )
    group.add_argument(
        "-vc", "--vict_cond", type=natural_number, metavar="N",
        help="stop a thread after N valid mappings that are no better; 0: never",
    )  # fmt: skip
    group.add_argument(
        "-if", "--imperfect_fact", action="store_true", help="imperfect factors too (template ruby)"
    )
    group.add_argument("--threads", type=positive_number, metavar="N", help="search threads")
    add_engine_options(group)
    group.add_argument("--seed", type=natural_number, metavar="N", help="seed of the random numbers")
    group.add_argument(
        "--compat", choices=("timeloop-v4", "none"), default="timeloop-v4",
        help="reproduce the artefacts of the reference, or print corrected figures (default %(default)s)",
    )  # fmt: skip


def _add_output(parser: OneLineParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o", "--out", type=some_text, metavar="DIR",
        help="folder to write (default: a name from the options)",
    )  # fmt: skip
    group.add_argument(
        "--export-timeloop", type=some_text, metavar="DIR",
        help="write the job to DIR as plain files for Timeloop's front end, and run nothing",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="print the result record as JSON, nothing else")
    group.add_argument("-l", "--live", action="store_true", help="report every better mapping as it is found")
    group.add_argument(
        "--debug", action="store_true", help="on an internal error keep the traceback in a file"
    )


def add_engine_options(group: argparse._ArgumentGroup) -> None:
    """The options that both commands have."""
    group.add_argument(
        "--engine", choices=get_args(EngineChoice), default="embedded",
        help="who maps and evaluates: this package, the real Timeloop where it is installed, or both, and"
        " their figures are compared (default %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--time-limit", type=seconds, metavar="SECONDS",
        help="end the search then, with the best so far (default: the profile's)",
    )  # fmt: skip


def add_arch_param(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--arch-param", action="append", type=_assignment, metavar="NAME=VALUE",
        help="set a parameter of the architecture; may be repeated",
    )  # fmt: skip


def add_jinja(group: argparse._ArgumentGroup, files: str = "the --spec files") -> None:
    group.add_argument(
        "--jinja", action="append", type=_assignment, metavar="NAME=VALUE",
        help=f"set a variable that Jinja templates among {files} read; may be repeated",
    )  # fmt: skip


def add_fusion_options(group: argparse._ArgumentGroup) -> None:
    """The options that both commands give to a fusion."""
    group.add_argument("-nef", "--no_e_fusion", action="store_true", help="do not pin E to 1 above the level")
    group.add_argument("-lf", "--l_fusion", action="store_true", help="also pin L to 1 above the level")
    group.add_argument(
        "-pwim", "--pay_wb_in_mm", action="store_true", help="charge the write-back to the matmul"
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name.strip(), value.strip()


def some_text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty text is no name")
    return text


def positive_number(text: str) -> int:
    value = _integer(text)
    if value > LARGEST_NUMBER:
        raise argparse.ArgumentTypeError(f"'{text}' is more than {LARGEST_NUMBER}")
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above zero")
    return value


def natural_number(text: str) -> int:
    value = _integer(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is negative")
    return value


def seconds(text: str) -> float:
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text.strip()) is None or float(text) <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds above zero")
    return float(text)


def _integer(text: str) -> int:
    # int() would also take 1_000 and the digits of every script
    if re.fullmatch(r"[+-]?[0-9]{1,40}", text.strip()) is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(text)


def objective(text: str) -> tuple[str, ...]:
    from harness.search.objective import parse_goals  # noqa: PLC0415 - imports NumPy

    return _parsed(parse_goals, text)


def _max_cycles(text: str) -> int:
    from harness.search.objective import parse_cycles  # noqa: PLC0415

    return _parsed(parse_cycles, text)


def _max_energy(text: str) -> float:
    from harness.search.objective import parse_energy  # noqa: PLC0415

    return _parsed(parse_energy, text)


def _parsed[T](parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except SpecError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
