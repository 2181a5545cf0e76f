"""The command line of ``hwdse_run.py``. Plain argparse, for ``-h`` has to answer at once."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.cli.arguments import (
    DEFAULT_ARCHITECTURE,
    DEFAULT_MODEL,
    DEFAULT_PROFILE,
    OneLineParser,
    add_fusion_options,
    natural_number,
    objective,
    positive_number,
    some_text,
)
from harness.cli.estimation_arguments import (
    EstimationArguments,
    add_estimation_options,
    estimation_arguments,
)

DEFAULT_OUT = "outputs_hwdse"
KEEPS = ("all", "best", "none")
FORMATS = ("table", "markdown", "csv", "json", "parquet")
ENGINES = ("embedded", "timeloop", "both")
CRITERIA = ("edp_sum", "edp", "energy", "cycles", "utilization", "area", "edap")
ROWS = ("configurations", "layers", "levels", "dataspaces", "architectures")

_EXAMPLES = """\
examples:
  hwdse_run.py all -t                          BERT-large on the shipped configurations of Gemmini
  hwdse_run.py KQV FF1 -c my_configs.json
  hwdse_run.py all -mx --dry-run               how many points a cross-over has, and how long it takes
  hwdse_run.py all --arch gemmini eyeriss simba tpu pim_analog
  hwdse_run.py KTQ softmax Accumulator         both fused at the accumulator
  hwdse_run.py all --engine both               each mapping checked by the real Timeloop
  hwdse_run.py -so -t                          the results in outputs_hwdse/ once more
  hwdse_run.py -so --html report.html          the same as a page to look at
  hwdse_run.py -so --format csv --rows layers  the same for programs
"""


@dataclass(frozen=True)
class SweepArguments:
    """What was asked for. None means: not given."""

    words: tuple[str, ...] = ()
    configurations: str | None = None
    rules: tuple[str, ...] = ()
    mixup: bool = False
    architectures: tuple[str, ...] = ()
    models: tuple[str, ...] = (DEFAULT_MODEL,)
    sequence: int | None = None
    ignore_heads: bool = False
    no_e_fusion: bool = False
    l_fusion: bool = False
    pay_writeback_in_matmul: bool = False
    profile: str = DEFAULT_PROFILE
    objective: tuple[str, ...] | None = None
    victory_condition: int | None = None
    imperfect_factors: bool = False
    threads: int | None = None
    estimation: EstimationArguments = field(default_factory=EstimationArguments)
    first_index: int = 0
    jobs: int | None = None
    cluster: str | None = None
    job_timeout: int | None = None
    fresh: bool = False
    retry_failed: bool = False
    dry_run: bool = False
    keep: str = "all"
    out: str = DEFAULT_OUT
    summary_only: bool = False
    table: bool = False
    top: int | None = None
    sort: str | None = None
    format: str = "table"
    rows: str = "configurations"
    html: str | None = None
    plots: str | None = None
    live: bool = False
    debug: bool = False
    command: str = ""
    engine: str = "embedded"
    time_limit: float | None = None


def parse_sweep_arguments(argv: Sequence[str], program: str) -> SweepArguments:
    """Leaves the program (SystemExit 2, one line on stderr) for an unusable command line."""
    parser = _parser(program)
    parser.refuse_unknown_options(argv)
    given = parser.parse_intermixed_args(list(argv))
    if given.summary_only and given.words:
        parser.error("-so reads what there is; it takes no layers")
    if given.summary_only:
        _refuse_without_run(parser, given)
    elif not given.words:
        parser.error("say what to map: all, or the names of layers")
    if given.top is not None and not given.table:
        parser.error("--top is of the table, ask for it with -t")
    if given.dry_run and (given.html or given.plots):
        parser.error("--dry-run maps nothing, so there is nothing for --html and --plots")
    return SweepArguments(
        words=tuple(given.words),
        configurations=given.configs,
        rules=tuple(given.rule or ()),
        mixup=given.mixup,
        architectures=tuple(given.arch or ()),
        models=tuple(given.model or (DEFAULT_MODEL,)),
        sequence=given.seq,
        ignore_heads=given.ignore_heads,
        no_e_fusion=given.no_e_fusion,
        l_fusion=given.l_fusion,
        pay_writeback_in_matmul=given.pay_wb_in_mm,
        profile=given.mapper,
        objective=given.objective,
        victory_condition=given.vict_cond,
        imperfect_factors=given.imperfect_fact,
        threads=given.threads,
        estimation=estimation_arguments(given),
        first_index=given.init_idx,
        jobs=given.jobs,
        cluster=given.cluster,
        job_timeout=given.job_timeout,
        fresh=given.fresh,
        retry_failed=given.retry_failed,
        dry_run=given.dry_run,
        keep=given.keep,
        out=given.out,
        summary_only=given.summary_only,
        table=given.table,
        top=given.top,
        sort=given.sort,
        format=given.format,
        rows=given.rows,
        html=given.html,
        plots=given.plots,
        live=given.live,
        debug=given.debug,
        command=shlex.join([program, *argv]),
        engine=given.engine,
        time_limit=given.time_limit,
    )


_OF_RESULTS = (
    "words", "out", "summary_only", "table", "top", "sort", "format", "rows", "html", "plots", "debug",
)  # fmt: skip


def _refuse_without_run(parser: OneLineParser, given: argparse.Namespace) -> None:
    """What would silently do nothing beside ``-so``."""
    for action in parser.actions:
        if action.dest in _OF_RESULTS or action.dest == "help":
            continue
        if getattr(given, action.dest) != action.default:
            parser.error(f"-so runs nothing, {action.option_strings[-1]} would have no effect")


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program,
        usage=(
            f"{program} all|LAYER... [FUSION_LEVEL] [options]\n"
            f"       {program} -so [-t] [--html FILE] [--format F] [-o DIR]"
        ),
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
    _add_run(parser)
    _add_results(parser)
    return parser


def _add_what(parser: OneLineParser) -> None:
    group = parser.add_argument_group("what is mapped onto what")
    group.add_argument(
        "-c", "--configs", type=some_text, metavar="FILE",
        help="configurations: JSON (a list, a grid) or CSV (default: the shipped hw_configs.json; "
        "with several architectures each at its defaults)",
    )  # fmt: skip
    group.add_argument(
        "-mx", "--mixup", action="store_true",
        help="cross-over: all combinations of the values that the configurations have",
    )  # fmt: skip
    group.add_argument(
        "--rule", action="append", metavar="EXPR",
        help="map only configurations in which this holds; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "-a", "--arch", nargs="+", action="extend", metavar="ARCH",
        help=f"take the configurations of these architectures (default {DEFAULT_ARCHITECTURE})",
    )  # fmt: skip
    group.add_argument(
        "-m", "--model", nargs="+", action="extend", metavar="MODEL",
        help=f"models, one after the other (default {DEFAULT_MODEL})",
    )  # fmt: skip
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
        "--objective", "--metric", type=objective, metavar="M[,M]",
        help="edp, delay, energy: what is to be least in each layer, and what configurations are ranked by",
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
        "--time-limit", type=positive_number, metavar="S",
        help="end the search of a layer after S seconds, with the best so far (default: the profile's)",
    )  # fmt: skip
    group.add_argument(
        "--engine", choices=ENGINES, default=ENGINES[0],
        help="timeloop: the real timeloop-mapper maps; both: each mapping found here is evaluated by the "
        "real timeloop-model too, and compared (default %(default)s)",
    )  # fmt: skip
    add_estimation_options(parser.add_argument_group("energy and area"))


def _add_run(parser: OneLineParser) -> None:
    group = parser.add_argument_group("the run")
    group.add_argument(
        "-o", "--out", type=some_text, default=DEFAULT_OUT, metavar="DIR", help="folder (default %(default)s)"
    )
    group.add_argument(
        "-i", "--init-idx", "--init_idx", type=natural_number, default=0, metavar="N",
        help="number of the folder of the first configuration (default 0)",
    )  # fmt: skip
    group.add_argument(
        "-j", "--jobs", type=positive_number, metavar="N", help="jobs at a time (default: one a core)"
    )
    group.add_argument(
        "--cluster", metavar="ADDRESS",
        help="run the jobs on Dask: 'local', or tcp://host:port of a scheduler",
    )  # fmt: skip
    group.add_argument(
        "--job-timeout", type=positive_number, metavar="S", help="end a job after S seconds, as failed"
    )
    group.add_argument(
        "--dry-run", action="store_true", help="check everything, say how much there is to do, do nothing"
    )
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--resume", action="store_true", help="take from the folder what it has (this is the default)"
    )
    which.add_argument("--fresh", action="store_true", help="forget what the folder has, begin anew")
    group.add_argument("--retry-failed", action="store_true", help="map again what the folder has as failed")
    group.add_argument(
        "--keep", choices=KEEPS, default="all",
        help="files beside the store: of all layers, of the best configurations, none (default %(default)s)",
    )  # fmt: skip


def _add_results(parser: OneLineParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument(
        "-so", "--summary-only", "--summary_only", action="store_true",
        help="run nothing, summarise what the folder holds",
    )  # fmt: skip
    group.add_argument("-t", "--table", action="store_true", help="print a table of the configurations too")
    group.add_argument("--top", type=positive_number, metavar="N", help="only the N best in that table")
    group.add_argument(
        "--sort", choices=CRITERIA, metavar="CRITERION",
        help=f"what the table is sorted by and the best is shown of: {', '.join(CRITERIA)} "
        "(default: that of --objective)",
    )  # fmt: skip
    group.add_argument(
        "--format", choices=FORMATS, default="table",
        help="print rows for programs instead of the summary (parquet: a file in the folder)",
    )  # fmt: skip
    group.add_argument(
        "--rows", choices=ROWS, default="configurations",
        help="what a row of --format is (default %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--html", type=some_text, metavar="FILE", help="write a page with plots, to be opened in a browser"
    )
    group.add_argument("--plots", type=some_text, metavar="DIR", help="write the plots as SVG and PNG")
    group.add_argument("-l", "--live", action="store_true", help="print a line for each finished layer")
    group.add_argument(
        "--debug", action="store_true", help="on an internal error keep the traceback in a file"
    )
