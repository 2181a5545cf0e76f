"""The command line of ``harness check``: options, and their checks that need no file."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.cli.arguments import OneLineParser, add_jinja, some_text

_EXAMPLES = """\
examples:
  harness check outputs_gemmini_KQV            a folder of run.py: both engines evaluate its mapping
  harness check timeloop_outputs/              a folder that the real Timeloop wrote; it need not be installed
  harness check ref_outputs/*                  several, with a line for each
  harness check arch.yaml problem.yaml --mapping map.yaml
  harness check arch.yaml problem.yaml         our search first, then its mapping in both engines
"""


@dataclass(frozen=True)
class CheckArguments:
    """What was asked for. ``folders`` are checked each by itself, ``spec`` are the files of one job."""

    folders: tuple[str, ...] = ()
    spec: tuple[str, ...] = ()
    mapping: str | None = None
    profile: str | None = None
    jinja: Mapping[str, str] = field(default_factory=dict)
    everything: bool = False
    json: bool = False
    csv: str | None = None
    debug: bool = False
    command: str = ""


def parse_check_arguments(argv: Sequence[str], program: str) -> CheckArguments:
    """Leaves the program (SystemExit 2, one line on stderr) for an unusable command line."""
    parser = _parser(program)
    if not argv:
        parser.error(f"say what to check, for example: {program} outputs_gemmini_KQV")
    parser.refuse_unknown_options(argv)
    given = parser.parse_intermixed_args(list(argv))
    if not given.paths:
        parser.error("say what to check: a folder of outputs, or the files of a specification")
    folders = tuple(path for path in given.paths if Path(path).is_dir())
    spec = tuple(path for path in given.paths if path not in folders)
    _check(parser, given, folders, spec)
    return CheckArguments(
        folders=folders,
        spec=spec,
        mapping=given.mapping,
        profile=given.mapper,
        jinja=dict(given.jinja or ()),
        everything=given.all,
        json=given.json,
        csv=given.csv,
        debug=given.debug,
        command=shlex.join([*program.split(), *argv]).encode("utf-8", "backslashreplace").decode("utf-8"),
    )


def _check(
    parser: OneLineParser, given: argparse.Namespace, folders: Sequence[str], spec: Sequence[str]
) -> None:
    if folders and spec:
        parser.error(f"'{spec[0]}' is no folder: give folders of outputs, or the files of one specification")
    of_files = {"--mapping": given.mapping, "--mapper": given.mapper, "--jinja": given.jinja}
    for name, value in of_files.items():
        if folders and value:
            parser.error(f"{name} goes with files of a specification; a folder has its own mapping")
    if given.mapping is not None and given.mapper is not None:
        parser.error("--mapper does not go with --mapping, nothing is searched")
    if given.all and given.json:
        parser.error("--all is for the screen, --json leaves out nothing")


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program,
        usage=f"{program} FOLDER... [options]\n       {program} FILE... [--mapping FILE] [options]",
        description="Whether the real Timeloop gives the same figures for the same mapping, field by field. "
        "Exit code 0: equal; 1: different, or the real one has no figures for a mapping that has some here; "
        "2: an error; 3: there is no mapping.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "paths", nargs="*", type=some_text, metavar="PATH", help="folders of outputs, or Timeloop v4 files"
    )
    group = parser.add_argument_group("files of a specification")
    group.add_argument("--mapping", type=some_text, metavar="FILE", help="the mapping to be checked")
    group.add_argument(
        "--mapper", type=some_text, metavar="PROFILE", help="without a mapping: who searches for one"
    )
    add_jinja(group, "the files")
    shown = parser.add_argument_group("output")
    shown.add_argument("--all", action="store_true", help="every field, also equal ones")
    shown.add_argument("--json", action="store_true", help="print everything as JSON, nothing else")
    shown.add_argument("--csv", type=some_text, metavar="FILE", help="write a line for each field as CSV")
    shown.add_argument(
        "--debug", action="store_true", help="on an internal error keep the traceback in a file"
    )
    return parser
