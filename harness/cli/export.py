"""``run.py ... --export-timeloop DIR``: the job as files for Timeloop's front ends; nothing is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.errors import say
from harness.errors import EmptyMapSpace, HarnessError

if TYPE_CHECKING:
    from harness.cli.arguments import Arguments
    from harness.cli.planning import Planned


_ELSEWHERE = "export to another folder"


def export(arguments: Arguments, program: str) -> int:
    """Writes the files and says which; a pair gets a folder for each side. Exit code 0.

    Raises HarnessError for what has no v4 form, for fusing that leaves no mapping, and where a file that is
    none of an export, was changed since or is an input would be replaced; then nothing is written.
    """
    from harness.cli.inputs_stay import require_inputs_elsewhere  # noqa: PLC0415
    from harness.cli.planning import plan  # noqa: PLC0415
    from harness.engines.exported import ALL_NAMES, remarks_on_export, v4_files  # noqa: PLC0415
    from harness.report.files import write_folder  # noqa: PLC0415
    from harness.report.plain_name import plain_name  # noqa: PLC0415

    assert arguments.export_timeloop is not None
    folder = Path(arguments.export_timeloop)
    jobs = plan(arguments).jobs
    places = [folder if len(jobs) == 1 else folder / plain_name(planned.job.layer) for planned in jobs]
    require_inputs_elsewhere(arguments, places, ALL_NAMES, _ELSEWHERE)
    exports = {}
    for place, planned in zip(places, jobs, strict=True):
        exports[place] = v4_files(_possible(planned).job)
        _refuse_to_replace(place, ALL_NAMES)
    for place, files in exports.items():
        write_folder(place, files, ALL_NAMES)
        for name in files:
            print(place / name)
    for note in dict.fromkeys(note for planned in jobs for note in remarks_on_export(planned.job)):
        say(f"{program}: note: {note}")
    return 0


def _possible(planned: Planned) -> Planned:
    if planned.refusal is not None:
        raise EmptyMapSpace(f"{planned.job.layer} has no mapping: {planned.refusal}")
    return planned


def _refuse_to_replace(folder: Path, names: tuple[str, ...]) -> None:
    """An earlier export may be replaced; somebody's own ``problem.yaml`` may not, nor one that was edited,
    nor a link, wherever it leads.
    """
    from harness.engines.exported import is_exported  # noqa: PLC0415

    for name in names:
        place = folder / name
        if place.is_symlink() or (place.exists() and not is_exported(place)):
            wrong = "was not written by an export, or was changed since, and would be replaced or removed"
            raise HarnessError(f"'{place}' {wrong}", hint=_ELSEWHERE)
