"""A folder that the real Timeloop wrote, as a job and its result: no installation is needed to read it.

What lies there: the flattened input as the front end left it, the tables of Accelergy, and what the program
printed (``stats.txt``, of 2024 or of today; ``map.txt``; mostly ``map+stats.xml`` and ``map.yaml`` too).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.engines.job import Job
from harness.engines.printed_digits import Precision
from harness.engines.provenance import objective_words, provenance_of
from harness.engines.result import Result, SearchRecord, TimeloopRun
from harness.engines.timeloop.found_mapping import as_searched, written_mapping
from harness.engines.timeloop.records import figures
from harness.errors import HarnessError, Location, SpecError
from harness.spec.loading import load_tree, read_specification, to_flattened
from harness.spec.located import LocatedDict
from harness.spec.mapping import LevelMapping
from harness.spec.specification import Specification
from harness.spec.v4.keys import is_empty
from harness.spec.yaml_loader import load_yaml_file
from harness.timeloop_outputs import Statistics, mapping_of, read_map_text, read_stats
from harness.timeloop_outputs.archive import MOST_CHARACTERS

INPUTS = ("parsed-processed-input.yaml", "tl-parsed-processed-input.yaml")
"""Of timeloopfe and of pytimeloop."""

SEARCHES = "timeloop-mapper"

PROGRAMS = (SEARCHES, "timeloop-model")

_END_OF_NEST = "<< Compute >>"


@dataclass(frozen=True)
class TimeloopFolder:
    """``job`` has the mapping that the figures are of, and the energies that lie in the folder, if any do.

    ``theirs`` has the figures of the files; ``printed`` is their stats file read in full, None without
    figures. ``remarks`` tell what the folder lacks.
    """

    folder: Path
    job: Job
    theirs: Result
    printed: Statistics | None = None
    nest: str = ""
    remarks: tuple[str, ...] = ()


def program_in(folder: Path) -> str | None:
    """Whose stats file lies in the folder, None where none does."""
    return next((name for name in PROGRAMS if (folder / f"{name}.stats.txt").is_file()), None)


def read_timeloop_folder(folder: Path) -> TimeloopFolder:
    """The folder's job and figures. A search that found nothing left an empty stats file: a result of status
    "no_mapping". HarnessError with file and line for what is missing or cannot be read.
    """
    program = program_in(folder)
    if program is None:
        names = " nor ".join(f"{name}.stats.txt" for name in PROGRAMS)
        raise SpecError(f"no stats file of Timeloop: neither {names}", _at(folder))
    specification, remarks = _specification(folder, program)
    job = _job(folder, specification)
    stats = _text(folder / f"{program}.stats.txt")
    if not stats.strip():
        return TimeloopFolder(folder, job, _without_figures(job, program), remarks=remarks)
    nest = _loop_nest(_text(folder / f"{program}.map.txt"))
    specification = _with_mapping(folder, program, specification, nest)
    if program == SEARCHES and specification.mapping is not None:
        mapping = as_searched(specification.mapping, specification)
        specification = replace(specification, mapping=mapping)
    job = replace(job, specification=specification)
    xml = _text(folder / f"{program}.map+stats.xml")
    places = (
        str(folder / f"{program}.stats.txt"),
        str(folder / f"{program}.map+stats.xml"),
        str(folder / f"{program}.map.txt"),
    )
    read = figures(stats, xml or None, nest or None, places)
    remarks += _other_mapping(job.specification, nest, places[2])
    theirs = replace(
        _without_figures(job, program),
        status="ok",
        reason=None,
        cycles=read.cycles,
        energy_pj=read.energy_pj,
        edp_j_cycles=read.edp_j_cycles,
        utilization=read.utilization,
        macs=specification.problem.macs,
        bound_by=read.bound_by,
        levels=read.levels,
        networks=read.networks,
        loop_nest=read.loop_nest,
        search=SearchRecord("given", objective_words(job), "best_found", evaluated=1, valid=1),
        timeloop=_run_of(program, "finished", read.precision),
    )
    return TimeloopFolder(folder, job, theirs, read_stats(stats, places[0]), nest, remarks)


def job_in_folder(folder: Path, program: str = SEARCHES) -> Job:
    """The job of a folder with outputs, its mapping and energies given, whoever wrote it."""
    specification, _ = _specification(folder, program)
    nest = _loop_nest(_text(folder / f"{program}.map.txt"))
    return _job(folder, _with_mapping(folder, program, specification, nest))


def _job(folder: Path, specification: Specification) -> Job:
    name = specification.problem.name or "problem"
    return Job(specification=specification, architecture=folder.resolve().name, layer=name)


def _at(place: Path) -> Location:
    return Location(str(place))


def _specification(folder: Path, program: str) -> tuple[Specification, tuple[str, ...]]:
    """The flattened input with the tables beside it, and what is missing of these."""
    given = next((folder / name for name in INPUTS if (folder / name).is_file()), None)
    if given is None:
        hint = "keep it beside the outputs: the front ends of Timeloop write it there"
        raise SpecError(f"no {INPUTS[0]}, so nobody knows what was evaluated", _at(folder), hint)
    tree = load_tree([given])
    # How it was searched may be in the words of any version.
    algorithm = _algorithm(tree.pop("mapper", None))
    for kind in ("ERT", "ART"):
        if is_empty(tree.get(kind)):
            _add_table(tree, folder, program, kind)
    remarks = []
    if is_empty(tree.get("ERT")):
        remarks.append("no ERT lies in the folder: the energies on our side are our own estimates")
    elif is_empty(tree.get("ART")):
        remarks.append("no ART lies in the folder: areas are known on their side only")
    specification = read_specification(to_flattened(tree), (str(given),))
    settings = replace(specification.settings, algorithm=algorithm)
    return replace(specification, settings=settings), tuple(remarks)


def _algorithm(mapper: object) -> str:
    """Timeloop's default where none is named."""
    named = mapper.get("algorithm") if isinstance(mapper, dict) else None
    return named if isinstance(named, str) else "hybrid"


def _add_table(tree: LocatedDict, folder: Path, program: str, kind: str) -> None:
    """``timeloop-mapper.ERT.yaml``, or ``ERT.yaml`` where Accelergy was called by hand."""
    for name in (f"{program}.{kind}.yaml", f"{kind}.yaml"):
        place = folder / name
        if place.is_file():
            table = load_yaml_file(place)
            if is_empty(table.get(kind)):
                raise SpecError(f"there is no '{kind}' in this file", _at(place))
            tree[kind] = table[kind]
            tree.key_locations[kind] = Location(str(place), 1)
            return


def _with_mapping(folder: Path, program: str, specification: Specification, nest: str) -> Specification:
    """With the mapping that the figures are of: of map.yaml, given in the input, or as map.txt shows it.

    The last visits of imperfect loops are in map.txt only, unless this package wrote the folder.
    """
    tree, shown = f"{program}.map.yaml", f"{program}.map.txt"
    outputs = {tree: _text(folder / tree), shown: nest}
    if not outputs[tree].strip() and specification.mapping is not None:
        return specification
    if not outputs[tree].strip() and not nest.strip():
        raise SpecError(f"neither {tree} nor {shown}: no mapping", _at(folder))
    return replace(specification, mapping=written_mapping(specification, outputs, program, folder))


def _other_mapping(specification: Specification, nest: str, place: str) -> tuple[str, ...]:
    """That the loop nest beside the figures is not the mapping which is evaluated here, where it is not."""
    mapping = specification.mapping
    if mapping is None or not nest.strip():
        return ()
    shown = mapping_of(read_map_text(nest, place), specification.architecture, specification.problem)
    if [_loops(level) for level in shown.levels] == [_loops(level) for level in mapping.levels]:
        return ()
    return (f"{Path(place).name} shows another mapping than the one that lies beside it",)


def _loops(level: LevelMapping) -> tuple[object, ...]:
    return level.temporal, level.spatial, level.keep


def _loop_nest(text: str) -> str:
    """Without what scripts around Timeloop append to the file (the prior harness: its fusion options)."""
    nest, end, _ = text.partition(_END_OF_NEST)
    return nest + end + "\n" if end else text


def _text(file: Path) -> str:
    """ "" for a file that is not there."""
    try:
        if not file.exists():
            return ""
        if file.stat().st_size > MOST_CHARACTERS:
            raise SpecError(f"more than {MOST_CHARACTERS // 2**20} MiB", _at(file))
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise HarnessError(f"{file} cannot be read: {error.strerror or error}") from error


def _without_figures(job: Job, program: str) -> Result:
    return Result(
        status="no_mapping",
        reason=f"{program}.stats.txt is empty: the search found no mapping",
        architecture=job.architecture,
        layer=job.layer,
        engine="timeloop",
        search=SearchRecord("given", objective_words(job), "no_mapping"),
        provenance=provenance_of(job, job.specification.architecture),
        timeloop=_run_of(program, "no mapping", "full"),
    )


def _run_of(program: str, ended: str, precision: Precision) -> TimeloopRun:
    """Which build it was, and how long it took, is in none of its files."""
    return TimeloopRun(program, "", "", ended, None, 0.0, precision)
