"""The command line of ``hwdse_run.py``. Plain argparse, for ``-h`` has to answer at once."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from harness.cli.arguments import (
    DEFAULT_ARCHITECTURE,
    DEFAULT_MODEL,
    DEFAULT_PROFILE,
    OneLineParser,
    add_fusion_options,
    natural_number,
    positive_number,
)

DEFAULT_OUT = "outputs_hwdse"

_EXAMPLES = """\
examples:
  hwdse_run.py all -t                          BERT-large on the shipped configurations of Gemmini
  hwdse_run.py KQV FF1 -c my_configs.json
  hwdse_run.py all --arch pim_analog -j 2
  hwdse_run.py KTQ softmax Accumulator         both fused at the accumulator
  hwdse_run.py -so -t                          the results in outputs_hwdse/ once more
"""


@dataclass(frozen=True)
class SweepArguments:
    """What was asked for. None means: not given."""

    words: tuple[str, ...] = ()
    configurations: str | None = None
    architecture: str = DEFAULT_ARCHITECTURE
    model: str = DEFAULT_MODEL
    sequence: int | None = None
    table: bool = False
    summary_only: bool = False
    first_index: int = 0
    ignore_heads: bool = False
    imperfect_factors: bool = False
    live: bool = False
    no_e_fusion: bool = False
    l_fusion: bool = False
    pay_writeback_in_matmul: bool = False
    victory_condition: int | None = None
    profile: str = DEFAULT_PROFILE
    threads: int | None = None
    jobs: int | None = None
    out: str = DEFAULT_OUT
    debug: bool = False
    command: str = ""


def parse_sweep_arguments(argv: Sequence[str], program: str) -> SweepArguments:
    """Leaves the program (SystemExit 2, one line on stderr) for an unusable command line."""
    parser = _parser(program)
    parser.refuse_unknown_options(argv)
    given = parser.parse_intermixed_args(list(argv))
    if given.summary_only and given.words:
        parser.error("-so reads what there is; it takes no layers")
    if not given.summary_only and not given.words:
        parser.error("say what to map: all, or the names of layers")
    return SweepArguments(
        words=tuple(given.words),
        configurations=given.configs,
        architecture=given.arch,
        model=given.model,
        sequence=given.seq,
        table=given.table,
        summary_only=given.summary_only,
        first_index=given.init_idx,
        ignore_heads=given.ignore_heads,
        imperfect_factors=given.imperfect_fact,
        live=given.live,
        no_e_fusion=given.no_e_fusion,
        l_fusion=given.l_fusion,
        pay_writeback_in_matmul=given.pay_wb_in_mm,
        victory_condition=given.vict_cond,
        profile=given.mapper,
        threads=given.threads,
        jobs=given.jobs,
        out=given.out,
        debug=given.debug,
        command=shlex.join([program, *argv]),
    )


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program,
        usage=(f"{program} all|LAYER... [FUSION_LEVEL] [options]\n       {program} -so [-t] [-o DIR]"),
        description="Map layers onto many configurations of hardware and say which is best for what.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "words", nargs="*", metavar="LAYER", help="'all' or layers; a fusion level may come last"
    )
    _add_what(parser)
    _add_mapping(parser)
    _add_output(parser)
    return parser


def _add_what(parser: OneLineParser) -> None:
    group = parser.add_argument_group("what is mapped onto what")
    group.add_argument(
        "-c", "--configs", metavar="FILE",
        help="JSON list of configurations (default: the shipped hw_configs.json)",
    )  # fmt: skip
    group.add_argument(
        "-a", "--arch", default=DEFAULT_ARCHITECTURE,
        help="take the configurations of this architecture (default %(default)s)",
    )  # fmt: skip
    group.add_argument("-m", "--model", default=DEFAULT_MODEL, help="model (default %(default)s)")
    group.add_argument(
        "--seq", type=positive_number, metavar="N", help="sequence length instead of the model's"
    )
    group.add_argument(
        "-ih", "--ignore-heads", "--ignore_heads", action="store_true",
        help="count KTQ, softmax and VScores once instead of once a head",
    )  # fmt: skip


def _add_mapping(parser: OneLineParser) -> None:
    group = parser.add_argument_group("fusion and search")
    add_fusion_options(group)
    group.add_argument(
        "--mapper", default=DEFAULT_PROFILE, metavar="PROFILE",
        help="mapper profile (default %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "-vc", "--vict_cond", type=natural_number, metavar="N",
        help="stop after N valid mappings that are no better (default: the profile's)",
    )  # fmt: skip
    group.add_argument(
        "-if", "--imperfect_fact", action="store_true", help="imperfect factors too (template ruby)"
    )
    group.add_argument(
        "--threads",
        type=positive_number,
        metavar="N",
        help="search threads of each job (default: the profile's)",
    )
    group.add_argument(
        "-j", "--jobs", type=positive_number, metavar="N", help="jobs at a time (default: one a core)"
    )


def _add_output(parser: OneLineParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("-o", "--out", default=DEFAULT_OUT, metavar="DIR", help="folder (default %(default)s)")
    group.add_argument(
        "-i", "--init-idx", "--init_idx", type=natural_number, default=0, metavar="N",
        help="number of the folder of the first entry of the file (default 0)",
    )  # fmt: skip
    group.add_argument(
        "-so", "--summary-only", "--summary_only", action="store_true",
        help="run nothing, summarise what the folder holds",
    )  # fmt: skip
    group.add_argument("-t", "--table", action="store_true", help="print a table of the configurations too")
    group.add_argument("-l", "--live", action="store_true", help="print a line for each finished job")
    group.add_argument(
        "--debug", action="store_true", help="on an internal error keep the traceback in a file"
    )
