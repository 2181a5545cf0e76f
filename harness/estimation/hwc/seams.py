"""Keeps hwcomponents from writing into its packages and from starting programs that do not start.

Its models of memories and of NeuroSim's circuits write configuration files beside their sources and call the
executables there. Three functions do that, and are replaced: CACTI is asked through our driver, NeuroSim runs
as the program that was made for this machine, and files go to a folder that ends with the process. They hold
while :func:`redirected` is open in the same context; for other users of hwcomponents in this process all is
as it was. Where a package does not have those functions as expected, it is not called at all.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.estimation.cacti import Cacti, CactiRequest
from harness.estimation.programs import Program, Recipe, Unavailable
from harness.estimation.query import Declined

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

NEUROSIM = Recipe(
    name="NeuroSim",
    package="hwcomponents_neurosim",
    folders=("DNN_NeuroSim_V1.3/Inference_pytorch/NeuroSIM", "drop_in"),
    suffix=".cpp",
    headers=".h",
    flags=("-std=gnu++14", "-O1", "-w", "-ffp-contract=off"),
    data="",
    shipped="NeuroSim/main",
    greeting="<config file path>",
    seconds=10,
)
LONGEST_NEUROSIM_S = 300.0


@dataclass
class Programs:
    """What the models may run, and why something could not be run."""

    cacti: Cacti
    neurosim: Program
    refusals: list[Declined] = field(default_factory=list)
    wanted: list[CactiRequest] | None = None
    """If not None, nothing is run: what would be asked of CACTI is noted here."""


class _NotRun(Exception):
    """Ends a model that cannot go on; the reason is among the refusals."""


_CURRENT: ContextVar[Programs | None] = ContextVar("programs of hwcomponents", default=None)


@contextmanager
def redirected(programs: Programs) -> Iterator[None]:
    """Within, the models run ``programs`` only. :class:`Declined` where a package has changed too much."""
    install()
    _forget_crossbars()
    token = _CURRENT.set(programs)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def _forget_crossbars() -> None:
    """NeuroSim's interface keeps what it was told under a key that lacks the memory cell: the first cell of a
    process would answer for all others."""
    module = sys.modules.get("hwcomponents_neurosim.main")
    kept = getattr(module, "CACHE", None)
    if isinstance(kept, dict):
        kept.clear()


@functools.cache
def install() -> None:
    """Puts the three functions into their places, once. A package that is not there needs none."""
    for module, path, replacement, parameters in SEAMS:
        try:
            place: Any = importlib.import_module(module)
        except ImportError:
            continue
        *owners, name = path.split(".")
        for owner in owners:
            place = getattr(place, owner, None)
        original = getattr(place, name, None)
        if original is None or tuple(inspect.signature(original).parameters) != parameters:
            package = module.partition(".")[0].replace("_", "-")
            raise Declined(f"the installed {package} is not the one this program knows ({path} has changed)")
        setattr(place, name, _switched(original, replacement))


def _switched(original: Callable[..., Any], replacement: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def either(*arguments: Any, **named: Any) -> Any:
        programs = _CURRENT.get()
        if programs is None:
            return original(*arguments, **named)
        return replacement(programs, *arguments, **named)

    return either


def _call_cacti(  # noqa: PLR0917 - as in the package
    programs: Programs,
    memory: Any,
    cache_size: float,
    n_rw_ports: int,
    block_size: float,
    tech_node_um: float,
    n_banks: int,
    tag_size: int,
    associativity: int,
) -> tuple[float, ...]:
    """In SI units: energies of a read and a write, leakage, area, cycle and access time."""
    request = CactiRequest(
        round(tech_node_um * 1000),
        int(cache_size),
        int(block_size),
        int(n_rw_ports),
        int(n_banks),
        "cache" if memory.cache_type == "cache" else "ram",
        int(tag_size),
        int(associativity),
        "hwcomponents",
    )
    if programs.wanted is not None:
        programs.wanted.append(request)
        return (1.0,) * 6
    try:
        answer = programs.cacti.answer(request)
    except Declined as declined:
        programs.refusals.append(declined)
        raise _NotRun(declined.reason) from None
    return (
        answer.read_nj * 1e-9,
        answer.write_nj * 1e-9,
        answer.leak_mw_per_bank * 1e-3 * memory.n_banks,
        answer.area_mm2 * 1e-6,
        answer.cycle_ns * 1e-9,
        answer.access_ns * 1e-9,
    )


def _call_neurosim(  # noqa: PLR0917 - as in the package
    programs: Programs, crossbar: Any, cfg: str, input_path: str, output_path: str, logger: Any
) -> str:
    """What NeuroSim prints for the configuration ``cfg``. The paths lie in our folder."""
    if programs.wanted is not None:
        raise _NotRun("only asked what CACTI would be asked")
    try:
        executable = programs.neurosim.executable()
        Path(input_path).write_text(cfg, encoding="utf-8")
        done = subprocess.run(
            [executable, input_path],
            cwd=Path(input_path).parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_NEUROSIM_S,
            check=False,
        )
        if done.returncode != 0:
            raise Unavailable(f"NeuroSim does not answer here (exit status {done.returncode})")
        Path(output_path).write_text(done.stdout, encoding="utf-8")
    except (Unavailable, subprocess.TimeoutExpired, OSError) as error:
        reason = str(error) if isinstance(error, Unavailable) else f"NeuroSim: {type(error).__name__}"
        programs.refusals.append(Declined(reason))
        raise _NotRun(reason) from None
    return done.stdout


_scratch: dict[tuple[int, Program], TemporaryDirectory[str]] = {}


def _scratch_folder(programs: Programs) -> str:
    """A folder for this process and program, whose answers the package keeps there; a forked process gets its
    own."""
    import tempfile  # noqa: PLC0415 - slow to import, and most processes run no model

    mine = (os.getpid(), programs.neurosim)
    folder = _scratch.get(mine)
    if folder is None or not Path(folder.name).is_dir():
        folder = _scratch[mine] = tempfile.TemporaryDirectory(prefix="hwcomponents-")
    return folder.name


SEAMS: tuple[tuple[str, str, Callable[..., Any], tuple[str, ...]], ...] = (
    (
        "hwcomponents_cacti.hwcomponents_cacti",
        "_Memory._call_cacti",
        _call_cacti,
        (
            *("self", "cache_size", "n_rw_ports", "block_size"),
            *("tech_node_um", "n_banks", "tag_size", "associativity"),
        ),
    ),
    ("hwcomponents_neurosim.neurointerface", "_clean_tmp_dir", _scratch_folder, ()),
    (
        "hwcomponents_neurosim.neurointerface",
        "Crossbar._call_neurosim",
        _call_neurosim,
        ("self", "cfg", "input_path", "output_path", "logger"),
    ),
)
"""Module, function, what takes its place, and the parameters that it must have."""
