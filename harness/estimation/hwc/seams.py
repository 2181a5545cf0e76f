"""Keeps hwcomponents from writing into its packages and from starting programs that do not start.

Its models of memories and of NeuroSim's circuits write configuration files beside their sources and call the
executables there. Three functions do that, and are replaced: CACTI is asked through our driver, NeuroSim runs
as the program that was made for this machine, and files go to a folder that is gone afterwards. They hold
while :func:`redirected` is open in the same context; for other users of hwcomponents in this process all is
as it was. Where a package does not have those functions as expected, it is not called at all.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.estimation.cacti import Cacti, CactiRequest
from harness.estimation.programs import (
    STOPPED,
    Program,
    RunFailed,
    Unavailable,
    run_failed,
    scratch_folder,
)
from harness.estimation.query import Declined

LONGEST_NEUROSIM_S = 300.0


@dataclass
class Programs:
    """What the models may run, and why something could not be run: for good, or (``failures``) this time.

    ``used_cacti``: CACTI was asked. ``folder``: for the files of the models, while they run.
    """

    cacti: Cacti
    neurosim: Program
    refusals: list[Declined] = field(default_factory=list)
    wanted: list[CactiRequest] | None = None
    """If not None, nothing is run: what would be asked of CACTI is noted here."""

    failures: list[RunFailed] = field(default_factory=list)
    used_cacti: bool = False
    folder: str = ""
    folders: ExitStack = field(default_factory=ExitStack)


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
        with programs.folders:
            yield
    finally:
        programs.folder = ""
        _CURRENT.reset(token)


def _forget_crossbars() -> None:
    """NeuroSim's interface keeps what it was told under a key that lacks the memory cell: the first cell of a
    process would answer for all others."""
    module = sys.modules.get("hwcomponents_neurosim.main")
    kept = getattr(module, "CACHE", None)
    if isinstance(kept, dict):
        kept.clear()


def install() -> None:
    """Puts the three functions into their places, all or none, once. Packages not installed need none."""
    refusal = installed()
    if refusal is not None:
        raise Declined(refusal)


@functools.cache
def installed() -> str | None:
    """None when it is done, else why it cannot be done in this process."""
    found: list[tuple[Any, str, Callable[..., Any]]] = []
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
            return f"the installed {package} is not the one this program knows ({path} has changed)"
        if not hasattr(original, _MARK):
            found.append((place, name, _switched(original, replacement)))
    for place, name, switched in found:
        setattr(place, name, switched)
    return None


_MARK = "_transformer_harness_switches"


def _switched(original: Callable[..., Any], replacement: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def either(*arguments: Any, **named: Any) -> Any:
        programs = _CURRENT.get()
        if programs is None:
            return original(*arguments, **named)
        return replacement(programs, *arguments, **named)

    setattr(either, _MARK, True)
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
    programs.used_cacti = True
    if programs.wanted is not None:
        programs.wanted.append(request)
        return (1.0,) * 6
    try:
        answer = programs.cacti.answer(request)
    except Declined as declined:
        programs.refusals.append(declined)
        raise _NotRun(declined.reason) from None
    except RunFailed as failed:
        programs.failures.append(failed)
        raise _NotRun(failed.message) from None
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
        if done.returncode in STOPPED:
            told = "NeuroSim was stopped from outside"
            raise RunFailed(told, None, "see that there is memory, and try again")
        if done.returncode != 0:
            raise Unavailable(f"NeuroSim does not answer here (exit status {done.returncode})")
        Path(output_path).write_text(done.stdout, encoding="utf-8")
    except Unavailable as unavailable:
        programs.refusals.append(Declined(str(unavailable)))
        raise _NotRun(str(unavailable)) from None
    except RunFailed as failed:
        programs.failures.append(failed)
        raise _NotRun(failed.message) from None
    except subprocess.TimeoutExpired:
        told = f"NeuroSim did not answer within {LONGEST_NEUROSIM_S:g} s"
        programs.failures.append(RunFailed(told, None, "try again when this machine is less busy"))
        raise _NotRun(told) from None
    except OSError as error:
        told = "NeuroSim could not be asked"
        programs.failures.append(run_failed(told, error, Path(input_path).parent.parent))
        raise _NotRun(told) from None
    return done.stdout


def _scratch_folder(programs: Programs) -> str:
    """A folder for the files of the models, gone when they have answered."""
    if not programs.folder:
        try:
            programs.folder = str(programs.folders.enter_context(scratch_folder("hwcomponents")))
        except OSError as error:
            told = "NeuroSim could not be asked"
            programs.failures.append(run_failed(told, error, "the folder for temporary files"))
            raise _NotRun(told) from None
    return programs.folder


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
